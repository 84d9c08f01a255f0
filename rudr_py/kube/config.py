"""How to reach the cluster: a kubeconfig or the pod's service account -> Connection.

kubernetes_asyncio reads kubeconfig files and runs exec plugins and OIDC; it is imported inside functions
only, because it takes 0.4 s and 38 MiB. A credential is never logged, and never part of an error or a repr.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Protocol


class Connection(Protocol):
    """A cluster to talk to, and who we are there."""

    server: str
    namespace: str
    proxy: str
    tls_server_name: str

    @property
    def tls(self) -> ssl.SSLContext | None:
        """The TLS context of now, or None for plain HTTP; it changes when certificates are rotated."""
        ...

    @property
    def refreshable(self) -> bool:
        """Whether `credentials(force=True)` may give something new."""
        ...

    async def credentials(self, *, force: bool = False) -> Mapping[str, str]:
        """The headers that say who we are, refreshed when they expired, or when `force` says so."""
        ...


async def connect(
    kubeconfig: str | None, context: str | None = None, *, environ: Mapping[str, str] | None = None
) -> Connection:
    """Read how to reach the cluster."""
    raise NotImplementedError
