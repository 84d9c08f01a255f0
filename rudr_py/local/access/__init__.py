"""Who may do what: authentication, impersonation and RBAC, when a cluster is started with `Access`.

user            a user as a value; `settings` is what a cluster is told: tokens, certificate, RBAC or not
attributes      a request as rights are asked for it: verb, group, resource, namespace, name, or a path
accounts        tokens of service accounts: issued, signed, accepted while their account lives
impersonation   who a request may act as, by its headers
rbac            the authorizer over the stored roles and bindings; `rules` says what one rule covers
escalation      nobody grants in a role what they may not do themselves
bootstrap       the roles and bindings that every cluster has
control         all of it before one request: from headers to the user that acts, or to 401 or 403

Nothing here knows HTTP beyond header names, and nothing outside knows RBAC. `rudr_py.local.certificates` makes the
certificate for TLS, and is imported by who wants one only.
"""
