"""Access control for each request: from credentials to a user, or to a rejection (401, 403)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from rudr_py.errors import UnauthorizedError
from rudr_py.local.access import attributes, impersonation
from rudr_py.local.access.accounts import Issuer
from rudr_py.local.access.attributes import Attributes
from rudr_py.local.access.authorizer import AccessDecision, Authorizer
from rudr_py.local.access.impersonation import Impersonation
from rudr_py.local.access.settings import AccessSettings
from rudr_py.local.access.user import ANONYMOUS, UNAUTHENTICATED, User
from rudr_py.local.storage.store import Store

_PUBLIC_PATHS = ("/healthz", "/livez", "/readyz", "/version")
"""Paths that need no credentials, such as those of health checks."""

_CONSTRAINED_SINCE = 36
"""The minor release from which constrained impersonation is on by default."""
_UPGRADES_CREATE_SINCE = 35
"""The minor release from which exec, attach and port-forward by GET need the right to create, too."""
_ANONYMOUS_USER = User(name=ANONYMOUS, groups=(UNAUTHENTICATED,))


class AccessControl:
    """Access control of one cluster whose release is 1.`minor`."""

    def __init__(self, store: Store, access: AccessSettings, issuer: Issuer, *, minor: int) -> None:
        self.issuer = issuer
        self._minor = minor
        self.authorizer = Authorizer(store) if access.rbac else None
        self._tokens = {token: user.authenticated() for token, user in access.tokens.items()}
        self._anonymous = access.anonymous
        self._impersonation = Impersonation(self.decide, constrained=minor >= _CONSTRAINED_SINCE)

    def user_of(self, token: str, now: float) -> User | None:
        """Return the user of a bearer token, or None."""
        return self._tokens.get(token) or self.issuer.user(token, now)

    def decide(self, attributes: Attributes) -> AccessDecision:
        """Return whether a request is allowed."""
        return self.authorizer.decide(attributes) if self.authorizer else AccessDecision(allowed=True)

    def identify(
        self, method: str, path: str, query: Mapping[str, str], headers: Iterable[tuple[str, str]], now: float
    ) -> User:
        """Return the user of a request. Raises `ApiError` (401, 400, and 403 for impersonation)."""
        headers_by_name: dict[str, list[str]] = defaultdict(list)
        for name, value in headers:
            headers_by_name[name.lower()].append(value)
        user = self._authenticate(headers_by_name.get("authorization", [""])[0], path, now)
        impersonated = impersonation.requested(headers_by_name)
        if impersonated is None:
            return user
        self._impersonation.check(attributes.of_request(user, method, path, query), impersonated)
        return impersonation.acting(impersonated)

    def authorize(self, user: User, method: str, path: str, query: Mapping[str, str]) -> None:
        """Raise `ForbiddenError` (403) if the user may not send the request."""
        if path not in _PUBLIC_PATHS:
            request_attributes = attributes.of_request(user, method, path, query)
            decision = self.decide(request_attributes)
            if not decision.allowed:
                raise attributes.forbidden(request_attributes, decision.reason)
            if self._minor >= _UPGRADES_CREATE_SINCE and attributes.connects(request_attributes):
                created = msgspec.structs.replace(request_attributes, verb="create")
                if not self.decide(created).allowed:
                    raise attributes.connect_forbidden(request_attributes)

    def _authenticate(self, authorization: str, path: str, now: float) -> User:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() == "bearer":
            user = self.user_of(token.strip(), now)
            if user is not None:
                return user
        elif self._anonymous or path in _PUBLIC_PATHS:
            return _ANONYMOUS_USER
        if path in _PUBLIC_PATHS:
            return _ANONYMOUS_USER
        raise UnauthorizedError("Unauthorized", status=401, reason="Unauthorized")
