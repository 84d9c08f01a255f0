"""Applications that wait for a kind: told when it comes, and no request is made for it once nobody waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind
from rudr_py.controller.state import cluster_state, definition_index
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.watching.kind_poller import LONG_INTERVAL, SHORT_INTERVAL, KindPoller
from rudr_py.controller.watching.sources import STEP, Sources
from rudr_py.kube import live_object
from rudr_py.kube.client import Client
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.requests import Selection
from rudr_py.kube.watch import Event, Listed, ListingDone, ListingStarted
from rudr_py.model.identity import ObjectKey
from rudr_py.settings import Settings
from rudr_py.testing.clock import FakeClock
from tests.controller.watches import watches
from tests.e2e.documents import established

SHOP = ObjectKey("shop", "shop")
SERVICE = Kind("v1", "Service")
ROBOT = Kind("acme.example/v1", "Robot")
CRD: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "robots.acme.example"},
    "spec": {
        "group": "acme.example",
        "scope": "Namespaced",
        "names": {"kind": "Robot", "singular": "robot", "plural": "robots"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}


class Waiting:
    """Sources that run; time passes by the fake clock."""

    def __init__(self, transport: Any) -> None:
        self.clock = FakeClock()
        self.told: list[ObjectKey] = []
        self.state = ClusterState()
        settings = Settings(namespaces=("shop",), definitions_namespace="types")
        self.sources = watches(self.state, transport, self.clock, settings, lambda key, _initial: self.told.append(key))

    async def until(self, predicate: Callable[[], object], *, step: float = 0.0) -> None:
        async with asyncio.timeout(60):
            while not predicate():
                await self.clock.advance(step)


@pytest.fixture
async def waiting(cluster: Any, transport: Any) -> AsyncIterator[Waiting]:
    made = Waiting(transport)
    async with asyncio.TaskGroup() as tasks:
        made.sources.start(tasks, cluster_state.OWN_KINDS)
        await made.sources.wait(cluster_state.OWN_KINDS)
        yield made
        made.sources.stop()


async def asked(waiting: Waiting, spent: Any, seconds: float) -> int:
    """How many requests are made in so many seconds of the fake clock, watches that go on left out."""
    await waiting.until(lambda: waiting.clock.sleeping)
    spent.reset()
    for _ in range(int(seconds / SHORT_INTERVAL)):
        await waiting.clock.advance(SHORT_INTERVAL)
        # the answers come over real sockets
        await waiting.until(lambda: waiting.clock.sleeping)
    return len([one for one in spent.all() if one.split("?")[0] == "GET /apis"])


async def test_an_absent_kind_is_polled_while_an_application_uses_it(
    waiting: Waiting, cluster: Any, spent: Any
) -> None:
    waiting.sources.ensure((ROBOT,), SHOP)
    await waiting.sources.wait((ROBOT,))
    waiting.told.clear()
    assert waiting.sources.ensure((ROBOT,), SHOP)
    assert waiting.sources.missing((ROBOT,)) == (ROBOT,)
    assert 1 <= await asked(waiting, spent, 10 * SHORT_INTERVAL) <= 10
    assert waiting.told == []
    await cluster.apply(CRD)
    await waiting.clock.advance(SHORT_INTERVAL)
    await waiting.until(lambda: waiting.told == [SHOP])
    assert waiting.sources.missing((ROBOT,)) == ()


@pytest.mark.parametrize("left", ["the application is gone", "it needs other kinds now"])
async def test_an_absent_kind_without_users_is_polled_slowly(waiting: Waiting, spent: Any, left: str) -> None:
    waiting.sources.ensure((ROBOT,), SHOP)
    await waiting.sources.wait((ROBOT,))
    waiting.sources.ensure((ROBOT,), SHOP)
    if left == "the application is gone":
        waiting.state.applications.forget(SHOP)
    else:
        waiting.sources.ensure(cluster_state.OWN_KINDS, SHOP)
    assert await asked(waiting, spent, 2 * LONG_INTERVAL) <= 3


async def test_a_cluster_scoped_kind_is_not_polled(waiting: Waiting, spent: Any) -> None:
    node = Kind("v1", "Node")
    waiting.sources.ensure((node, ROBOT), SHOP)
    await waiting.sources.wait((node, ROBOT))
    waiting.sources.ensure((node,), SHOP)
    assert await asked(waiting, spent, 2 * LONG_INTERVAL) <= 3


async def test_definitions_are_watched_in_their_namespace_only(waiting: Waiting, spent: Any) -> None:
    spent.reset()
    waiting.sources.watch(definition_index.KINDS)
    await waiting.sources.wait(definition_index.KINDS)
    await waiting.until(lambda: len(spent.all()) >= 3)
    paths = {one.split()[1].split("?")[0] for one in spent.all()}
    group = "/apis/core.oam.dev/v1alpha1/namespaces/types"
    assert paths == {f"{group}/traits", f"{group}/workloadtypes", f"{group}/applicationscopes"}


async def test_an_application_is_triggered_when_a_removed_kind_is_installed_again(
    waiting: Waiting, cluster: Any
) -> None:
    definition = Kind(CRD["apiVersion"], CRD["kind"])
    await cluster.apply(CRD)
    await cluster.until(definition, CRD["metadata"]["name"], established)
    await waiting.until(
        lambda: waiting.sources.ensure((ROBOT,), SHOP) and waiting.sources.missing((ROBOT,)) == (), step=1.0
    )
    await cluster.delete(definition, CRD["metadata"]["name"])
    await waiting.until(lambda: waiting.sources.missing((ROBOT,)) == (ROBOT,), step=1.0)
    assert waiting.sources.ensure((ROBOT,), SHOP)
    waiting.told.clear()
    await cluster.apply(CRD)
    await waiting.until(lambda: waiting.told == [SHOP], step=1.0)
    assert waiting.sources.missing((ROBOT,)) == ()


async def _listing(selection: Selection) -> AsyncGenerator[Event]:
    """A list that takes several steps of the event loop, as the first lists of thousands of objects do."""
    yield ListingStarted()
    for number in range(3 * STEP):
        metadata = {"name": f"object-{number}", "namespace": "shop", "uid": f"{number}", "resourceVersion": "1"}
        body = msgspec.json.encode({"metadata": metadata})
        yield Listed(live_object.decode(body, selection.resource.api_version, selection.resource.kind))
    yield ListingDone("1")
    await asyncio.get_running_loop().create_future()


@pytest.mark.usefixtures("cluster")
async def test_an_application_that_is_reconciled_while_a_list_is_indexed_is_triggered_at_the_end_of_the_list(
    transport: Any,
) -> None:
    clock, triggered = FakeClock(), list[ObjectKey]()
    poller = KindPoller(Discovery(Client(transport), clock=clock), clock)
    sources = Sources(ClusterState(), poller, _listing, Settings(), lambda key, _initial: triggered.append(key), clock)
    async with asyncio.TaskGroup() as tasks:
        sources.start(tasks)
        async with asyncio.timeout(60):
            while not sources.ensure((SERVICE,), SHOP):
                triggered.clear()
                await asyncio.sleep(0)
        sources.stop()
    assert triggered == [SHOP]
