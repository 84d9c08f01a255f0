"""A client that addresses objects by kind, and writes answers through to the caches, as controller-runtime's does.

Reads that must be current are sent; everything else is read from the caches directly.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from typing import Any, Protocol

from rudr_py.kube.cache import Cache
from rudr_py.kube.client import Client
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Target


class KindName(Protocol):
    """An API version and a kind, such as `apps/v1` and `Deployment`."""

    @property
    def api_version(self) -> str:
        """The group and the version."""
        ...

    @property
    def kind(self) -> str:
        """The kind."""
        ...


class CachedClient:
    """Resolves kinds, and updates the caches with the answers to its writes.

    The watch then does not report these writes again. A caller whose write may hide a change of another client, because
    it depends on nothing that the caller read, uses `client`. All methods raise what `Client` and `Discovery` raise.
    """

    def __init__(
        self,
        client: Client,
        discovery: Discovery,
        find_cache: Callable[[LiveObject], Cache | None],
        wrote: Callable[[LiveObject], object] = lambda _live: None,
    ) -> None:
        """`find_cache` returns the cache that holds an object; None when its kind is not watched.

        `wrote` is called with each answer: if the watch was faster, it has reported the write.
        """
        self.client = client
        self._discovery = discovery
        self._find_cache = find_cache
        self._wrote = wrote

    def as_user(self, user: str, *, direct: Set[tuple[str, str]]) -> CachedClient:
        """This client in the name of a service account, except for `direct` resources; see `Client`."""
        client = self.client.as_user(user, direct=direct)
        return CachedClient(client, self._discovery, self._find_cache, self._wrote)

    @property
    def user(self) -> str:
        """The service account in whose name requests are sent; empty for the account of the credentials."""
        return self.client.user

    async def target(self, kind: KindName, namespace: str, name: str, subresource: str = "") -> Target:
        """The address of an object."""
        resource = await self._discovery.resolve(kind.api_version, kind.kind)
        return Target(resource, namespace, name, subresource)

    async def get(self, target: Target, *, metadata_only: bool = False) -> dict[str, Any]:
        """The current object from the server, with managedFields."""
        return await self.client.get(target, metadata_only=metadata_only)

    async def apply(self, target: Target, body: bytes, manager: str, *, force: bool = True) -> LiveObject:
        """Server-side apply."""
        return self.remember(await self.client.apply(target, body, manager, force=force))

    async def json_patch(self, target: Target, body: bytes, manager: str) -> LiveObject:
        """JSON patch; begin it with a `test` of `/metadata/resourceVersion`."""
        return self.remember(await self.client.json_patch(target, body, manager))

    async def delete(
        self, target: Target, *, uid: str = "", resource_version: str = "", propagation: str = "Background"
    ) -> None:
        """Delete under preconditions. The cache is left to the watch."""
        await self.client.delete(target, uid=uid, resource_version=resource_version, propagation=propagation)

    def remember(self, live: LiveObject) -> LiveObject:
        """Update the cache with the answer to a write, and return it."""
        cache = self._find_cache(live)
        if cache is not None:
            cache.wrote(live)
        self._wrote(live)
        return live
