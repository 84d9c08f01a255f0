"""The way to a server that asks for nothing: no TLS, no credentials."""

from __future__ import annotations

from rudr_py.kube import config


class StaticSource:
    """A server without TLS and credentials."""

    namespace = "default"

    def __init__(self, url: str) -> None:
        self.access = config.Access(url)

    async def load(self, *, fresh: bool) -> config.Access:
        return self.access

    def stale(self) -> bool:
        return False
