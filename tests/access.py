"""Credentials of a server without TLS and authentication."""

from __future__ import annotations

from rudr_py.kube.config import Credentials


class StaticSource:
    """A server without TLS and credentials."""

    namespace = "default"

    def __init__(self, url: str) -> None:
        self.access = Credentials(url)

    async def load(self, *, fresh: bool) -> Credentials:
        return self.access

    def stale(self) -> bool:
        return False
