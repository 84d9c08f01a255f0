"""The sizes of nodes are read when they are needed, in pages, and kept for a while."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from rudr_py import errors
from rudr_py.controller.apply.preconditions.nodes import DENIED_LIFETIME, LIFETIME, LIFETIME_OF_NODE, NodeReader, Nodes
from rudr_py.kube.client import Client
from rudr_py.kube.requests import Request
from rudr_py.kube.transport import Reply
from rudr_py.testing.clock import FakeClock


def node(name: str, provider: str = "", **allocatable: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/os": "linux"}},
        "spec": {"providerID": provider} if provider else {},
        "status": {"allocatable": {"cpu": "4", **allocatable}},
    }


class NodeServer:
    """A transport that answers with pages of nodes, each page one response, or with an error."""

    host = ""

    def __init__(self, *pages: list[dict[str, Any]]) -> None:
        self.pages = list(pages)
        self.status = 200
        self.paths: list[str] = []
        self.on_request: Callable[[], None] = lambda: None

    async def send(self, request: Request) -> Reply:
        self.paths.append(request.path)
        await asyncio.sleep(0)
        self.on_request()
        if self.status != 200:
            return Reply(self.status, {}, b'{"kind": "Status", "message": "no"}')
        index = int(dict(request.query).get("continue", 0))
        following = str(index + 1) if index + 1 < len(self.pages) else ""
        items = self.pages[index] if self.pages else []
        return Reply(200, {}, json.dumps({"items": items, "metadata": {"continue": following}}).encode())

    def stream(self, request: Request) -> Any:
        raise NotImplementedError

    async def close(self) -> None: ...


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def reader(server: NodeServer, clock: FakeClock) -> NodeReader:
    return NodeReader(Client(server), clock)


async def read(server: NodeServer, clock: FakeClock) -> Nodes:
    nodes = await reader(server, clock).read()
    assert nodes is not None
    return nodes


async def test_all_pages_are_read(clock: FakeClock) -> None:
    server = NodeServer([node("a", memory="1Gi")], [node("b"), node("c")])
    nodes = await read(server, clock)
    assert len(nodes.sizes) == 3
    assert nodes.sizes[0].allocatable == {"cpu": 4, "memory": 2**30}
    assert nodes.sizes[0].labels == {"kubernetes.io/os": "linux"}
    assert server.paths == ["/api/v1/nodes"] * 2


async def test_the_sizes_are_used_again_for_a_while_and_read_anew_on_request(clock: FakeClock) -> None:
    server = NodeServer([node("a")])
    nodes = reader(server, clock)
    await nodes.read()
    await nodes.read()
    assert len(server.paths) == 1
    await nodes.read(fresh=True)
    assert len(server.paths) == 2
    await clock.advance(LIFETIME + LIFETIME_OF_NODE)
    await nodes.read()
    assert len(server.paths) == 3


async def test_a_fresh_read_lists_once_until_a_change_is_reported(clock: FakeClock) -> None:
    server = NodeServer([node("a")])
    nodes = reader(server, clock)
    nodes.is_watched = lambda: True
    await nodes.read()
    for _ in range(100):
        await nodes.read(fresh=True)
        await clock.advance(LIFETIME)  # the watch reports each change, so nothing expires
    assert len(server.paths) == 1
    nodes.changed()
    await asyncio.gather(*(nodes.read(fresh=bool(number % 2)) for number in range(100)))
    assert len(server.paths) == 2


async def test_a_change_during_a_list_is_not_lost(clock: FakeClock) -> None:
    server = NodeServer([node("a")], [node("b")])
    nodes = reader(server, clock)
    nodes.is_watched = lambda: True
    server.on_request = nodes.changed
    await nodes.read()
    server.on_request = lambda: None
    await nodes.read()
    await nodes.read()
    assert len(server.paths) == 2 * 2


@pytest.mark.parametrize("status", [403, 404])
async def test_nodes_that_may_not_be_read_are_unknown_and_rarely_requested(clock: FakeClock, status: int) -> None:
    server = NodeServer([node("a")])
    server.status = status
    nodes = reader(server, clock)
    assert await nodes.read() is None
    server.status = 200
    assert await nodes.read(fresh=True) is None
    assert len(server.paths) == 1
    await clock.advance(DENIED_LIFETIME)
    assert await nodes.read() is not None


async def test_a_failing_server_is_an_error(clock: FakeClock) -> None:
    server = NodeServer([node("a")])
    server.status = 503
    with pytest.raises(errors.KubeError):
        await reader(server, clock).read()


async def test_a_cluster_without_nodes_is_unknown(clock: FakeClock) -> None:
    assert await reader(NodeServer(), clock).read() is None


@pytest.mark.parametrize(
    ("providers", "is_fixed"),
    [
        (("", ""), True),
        (("k3s://one", "kind://docker/kind/kind-worker"), True),
        (("", "aws:///eu-central-1a/i-0123456789abcdef0"), False),
        (("gce://project/zone/node",), False),
    ],
)
async def test_a_cluster_without_nodes_of_a_cloud_provider_is_fixed(
    clock: FakeClock, providers: tuple[str, ...], is_fixed: bool
) -> None:
    nodes = await read(NodeServer([node(f"n{i}", provider) for i, provider in enumerate(providers)]), clock)
    assert nodes.is_fixed == is_fixed


@pytest.mark.parametrize(
    "item",
    [{}, {"metadata": {"labels": None}, "status": {"allocatable": None}}, {"status": {"allocatable": {"cpu": []}}}],
)
async def test_a_node_without_reported_size_has_none(clock: FakeClock, item: dict[str, Any]) -> None:
    nodes = await read(NodeServer([item]), clock)
    assert nodes.sizes[0].allocatable == {}
