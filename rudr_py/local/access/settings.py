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
    """How requests are let in.

    `tls`: the certificate to serve with (None: plain HTTP). `tokens`: static bearer tokens and whose they are; the
    kubeconfig's own token belongs to a user of `system:masters` and comes by itself. `rbac`: whether the stored roles
    decide; if not, everybody who is known may do all. `anonymous`: requests without credentials come from
    `system:anonymous`, instead of being refused with 401.
    """

    tls: Certificate | None = None
    tokens: dict[str, User] = {}
    rbac: bool = True
    anonymous: bool = False

    def __repr__(self) -> str:
        """Count the tokens instead of showing them."""
        return f"Access(tls={self.tls is not None}, tokens={len(self.tokens)}, rbac={self.rbac})"
