"""What a cluster is told about access: a value to put into `LocalSettings.access`. Pure."""

from __future__ import annotations

import msgspec

from rudr_py.local.access.user import User


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """A serving certificate, all PEM. `chain` is what the server shows, `authority` what clients trust it by."""

    chain: bytes
    key: bytes
    authority: bytes

    def __repr__(self) -> str:
        """Name the kind only, never the key."""
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
        """Count the tokens instead of showing them."""
        return f"Access(tls={self.certificate is not None}, tokens={len(self.tokens)}, rbac={self.rbac})"
