"""apiVersion and kind -> Resource, asked of the server and remembered. It watches nothing and guesses no plural."""

from __future__ import annotations

from rudr_py.kube.client import Client
from rudr_py.kube.clock import Clock
from rudr_py.kube.requests import Resource


class Discovery:
    """What the server serves."""

    def __init__(self, client: Client, *, clock: Clock) -> None:
        self._client = client
        self._clock = clock

    async def resolve(self, api_version: str, kind: str) -> Resource:
        """The resource of a kind. Raises `KindAbsentError` when the server does not serve it."""
        raise NotImplementedError

    def invalidate(self) -> None:
        """Forget when the server was asked last, so that the next miss asks at once (a CRD changed)."""
        raise NotImplementedError
