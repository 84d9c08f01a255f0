"""Authentication, impersonation and RBAC of the local API.

`AccessControl` (authentication) maps the headers of a request to a user, or rejects it with 401 or 403. Nothing here
depends on an HTTP library. `rudr_py.local.certificates` creates a certificate for TLS.
"""
