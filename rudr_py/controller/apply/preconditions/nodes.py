"""Reads the sizes of all nodes when an application needs them, and keeps them for a while.

Nodes are not watched: their status changes all the time, and only an application with new pods needs them.
"""

from __future__ import annotations

from collections.abc import Mapping
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

LIFETIME = 1.0
"""Seconds for which the sizes are used again, because many applications are often created together."""

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
    """Reads nodes with the rights of the controller."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._nodes: Nodes | None = None
        self._expires = 0.0

    async def read(self, *, fresh: bool = False) -> Nodes | None:
        """All nodes; None when they are unknown: they may not be read, or none is registered.

        With `fresh` they are read now. Raises KubeError, except for a missing right.
        """
        now = self._clock.monotonic()
        if now < self._expires and not (fresh and self._nodes is not None):
            return self._nodes
        try:
            nodes = await self._list()
        except (errors.ForbiddenError, errors.NotFoundError):
            self._nodes, self._expires = None, now + DENIED_LIFETIME
            return None
        is_fixed = all(node.spec.provider_id.partition(":")[0] in FIXED_PROVIDERS for node in nodes)
        self._nodes = Nodes(tuple(map(_size, nodes)), is_fixed) if nodes else None
        self._expires = now + LIFETIME + len(nodes) * LIFETIME_OF_NODE
        return self._nodes

    async def _list(self) -> list[_Node]:
        nodes: list[_Node] = []
        token = ""
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
