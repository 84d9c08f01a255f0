"""The name of a service account of Kubernetes."""

from __future__ import annotations

from typing import Final

import msgspec

USER_PREFIX: Final = "system:serviceaccount:"


class ServiceAccount(msgspec.Struct, frozen=True):
    """A service account by namespace and name."""

    namespace: str
    name: str

    @property
    def user(self) -> str:
        """The user name of its requests."""
        return f"{USER_PREFIX}{self.namespace}:{self.name}"

    @classmethod
    def of_user(cls, user: str) -> ServiceAccount:
        """The account with a user name of this form."""
        return cls(*user.removeprefix(USER_PREFIX).split(":", 1))

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"
