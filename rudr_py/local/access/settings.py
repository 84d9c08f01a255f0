"""Settings of authentication and authorization, see `LocalSettings.access`. Pure."""

from __future__ import annotations

import msgspec

from rudr_py.local.access.user import User


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """A serving certificate in PEM. `chain` is sent to clients, which verify it with `authority`."""

    chain: bytes
    key: bytes
    authority: bytes

    def __repr__(self) -> str:
        """Omit the key."""
        return "Certificate(…)"


class AccessSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How requests are authenticated and authorized.

    `certificate` is the serving certificate (None: plain HTTP). `tokens` maps static bearer tokens to users; the token
    of the kubeconfig is added automatically and belongs to a user of `system:masters`. With `rbac` the stored roles and
    bindings decide; without it every authenticated user may do everything. With `anonymous`, a request without
    credentials comes from `system:anonymous` instead of being rejected with 401.
    """

    certificate: Certificate | None = None
    tokens: dict[str, User] = {}
    rbac: bool = True
    anonymous: bool = False

    def __repr__(self) -> str:
        """Omit the tokens."""
        return f"Access(tls={self.certificate is not None}, tokens={len(self.tokens)}, rbac={self.rbac})"
