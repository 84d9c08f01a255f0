"""Reads the sizes of all nodes when an application needs them, and keeps them for a while.

Nodes are watched only while an application waits for a larger one: their status changes all the time, and only an
application with new pods needs them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.kube import requests
from rudr_py.kube.client import Client
from rudr_py.kube.clock import Clock
from rudr_py.kube.requests import Resource, Selection
from rudr_py.render import capacity
from rudr_py.render.capacity import NodeSize

NODES = Selection(Resource(group="", version="v1", kind="Node", plural="nodes", namespaced=False))

PAGE = 500
"""Nodes in one response."""

LIFETIME = 30.0
"""Seconds for which the sizes are used again. An application that is refused for them watches the nodes."""

LIFETIME_OF_NODE = 0.02
"""Additional seconds for each node: reading thousands of nodes is work for the server."""

DENIED_LIFETIME = 600.0
"""Seconds until nodes are read again after the server refused it."""

FIXED_PROVIDERS = frozenset({"", "k3s", "kind", "rke2"})
"""Schemes of `spec.providerID` of nodes that no autoscaler manages: autoscalers identify their nodes by an ID of the
cloud provider, and these distributions set one without a cloud."""


class Nodes(msgspec.Struct, frozen=True):
    """All nodes. `is_fixed` is whether no autoscaler can add a node."""

    sizes: tuple[NodeSize, ...]
    is_fixed: bool


class _Metadata(msgspec.Struct, frozen=True):
    labels: dict[str, str] | None = None


class _Spec(msgspec.Struct, frozen=True):
    provider_id: str = msgspec.field(default="", name="providerID")


class _Status(msgspec.Struct, frozen=True):
    allocatable: dict[str, Any] | None = None


class _Node(msgspec.Struct, frozen=True):
    metadata: _Metadata = _Metadata()
    spec: _Spec = _Spec()
    status: _Status = _Status()


class _Page(msgspec.Struct, frozen=True):
    items: list[_Node] | None = None
    metadata: Mapping[str, Any] = {}


_pages = msgspec.json.Decoder(_Page)


class NodeReader:
    """Reads nodes with the rights of the controller.

    `is_watched` is whether `changed` is called at each change of a node now. `lists` counts the lists of nodes.
    """

    def __init__(self, client: Client, clock: Clock) -> None:
        self.is_watched: Callable[[], bool] = lambda: False
        self.lists = 0
        self._client = client
        self._clock = clock
        self._reading = asyncio.Lock()
        self._nodes: Nodes | None = None
        self._expires = 0.0
        self._is_fresh = False
        self._changes = 0

    async def read(self, *, fresh: bool = False) -> Nodes | None:
        """All nodes; None when they are unknown: they may not be read, or none is registered.

        With `fresh` they are listed again, unless that was done before and no change was reported since: thousands of
        applications whose pods fit nowhere cause one list. Raises KubeError, except for a missing right.
        """
        async with self._reading:
            now = self._clock.monotonic()
            is_current = now < self._expires or (self._nodes is not None and self._is_fresh and self.is_watched())
            if is_current and (self._nodes is None or self._is_fresh or not fresh):
                return self._nodes
            self._is_fresh, changes = fresh or (not is_current and self.is_watched()), self._changes
            try:
                nodes = await self._list()
            except (errors.ForbiddenError, errors.NotFoundError):
                self._nodes, self._expires = None, now + DENIED_LIFETIME
                return None
            is_fixed = all(node.spec.provider_id.partition(":")[0] in FIXED_PROVIDERS for node in nodes)
            self._nodes = Nodes(tuple(map(_size, nodes)), is_fixed) if nodes else None
            self._expires = now + LIFETIME + len(nodes) * LIFETIME_OF_NODE
            if changes != self._changes:
                self._expire()
            return self._nodes

    def changed(self) -> None:
        """List the nodes at the next read: one of them has changed."""
        self._changes += 1
        if self._nodes is not None:
            self._expire()

    def _expire(self) -> None:
        self._expires, self._is_fresh = 0.0, False

    async def _list(self) -> list[_Node]:
        nodes: list[_Node] = []
        token = ""
        self.lists += 1
        while True:
            data = await self._client.send(requests.list_page(NODES, limit=PAGE, continue_token=token))
            try:
                page = _pages.decode(data)
            except msgspec.MsgspecError as error:
                raise errors.UndecodableError(f"nodes cannot be decoded: {error}") from error
            nodes += page.items or ()
            token = str(page.metadata.get("continue") or "")
            if not token:
                return nodes


def _size(node: _Node) -> NodeSize:
    return NodeSize(labels=node.metadata.labels or {}, allocatable=capacity.amounts(node.status.allocatable or {}))
