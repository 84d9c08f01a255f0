"""Users of the API, and the names of service accounts. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

AUTHENTICATED, UNAUTHENTICATED = "system:authenticated", "system:unauthenticated"
ANONYMOUS = "system:anonymous"
MASTERS = "system:masters"
ACCOUNTS = "system:serviceaccounts"
_ACCOUNT_PREFIX = "system:serviceaccount:"


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A user with the groups of its credentials. `authenticated` adds the group of all authenticated users."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: dict[str, tuple[str, ...]] = {}

    def authenticated(self) -> User:
        """Return this user with the group `system:authenticated`."""
        if AUTHENTICATED in self.groups:
            return self
        return msgspec.structs.replace(self, groups=(*self.groups, AUTHENTICATED))

    def info(self) -> dict[str, Any]:
        """Return the UserInfo of the authentication API."""
        user_info: dict[str, Any] = {"username": self.name, "uid": self.uid, "groups": list(self.groups)}
        if self.extra:
            user_info["extra"] = {key: list(values) for key, values in self.extra.items()}
        return {key: value for key, value in user_info.items() if value}


ADMIN = User(name="local-admin", groups=(MASTERS, AUTHENTICATED))
"""The user of the kubeconfig, and of every request while access control is disabled."""


def account(namespace: str, name: str, *, uid: str = "", extra: dict[str, tuple[str, ...]] | None = None) -> User:
    """Return the user of a service account."""
    groups = (ACCOUNTS, f"{ACCOUNTS}:{namespace}")
    return User(name=f"{_ACCOUNT_PREFIX}{namespace}:{name}", groups=groups, uid=uid, extra=extra or {})


def account_of(name: str) -> tuple[str, str] | None:
    """Return the namespace and name of the service account that a user name denotes, or None."""
    if not name.startswith(_ACCOUNT_PREFIX):
        return None
    namespace, _, account_name = name.removeprefix(_ACCOUNT_PREFIX).partition(":")
    return (namespace, account_name) if namespace and account_name and ":" not in account_name else None
