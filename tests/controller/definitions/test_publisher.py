"""Publishing the installed types over the local API: what is written, what is left alone, and that it then rests."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from rudr_py.catalog import Catalog
from rudr_py.controller.controller import Controller, ControllerOptions
from rudr_py.controller.definitions.publisher import (
    INTERVAL,
    NAMESPACE_INTERVAL,
    RETRY_INITIAL,
    RETRY_MAXIMUM,
    DefinitionReconciler,
)
from rudr_py.controller.queue.queue import PriorityQueue
from rudr_py.controller.state import definition_index
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.watching.kind_poller import KindPoller
from rudr_py.controller.watching.waits import Waits
from rudr_py.kube.cached_client import CachedClient
from rudr_py.kube.client import Client
from rudr_py.kube.discovery import Discovery
from rudr_py.local.faults.faults import Faults, Match
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import SCOPE_DEFINITION, TRAIT_DEFINITION, WORKLOAD_TYPE_DEFINITION
from rudr_py.render.definitions import publish
from rudr_py.settings import Settings
from rudr_py.testing.clock import FakeClock
from tests.controller.watches import opened, watches

Document = dict[str, Any]
OURS = {"app.kubernetes.io/managed-by": "rudr"}


def trait(name: str, **metadata: Any) -> Document:
    head = {"apiVersion": TRAIT_DEFINITION.api_version, "kind": TRAIT_DEFINITION.kind}
    return {**head, "metadata": {"name": name, **metadata}, "spec": {"appliesTo": ["*"]}}


class Bench:
    """A publisher with the watches that it needs; the definitions namespace is `shop`, or another one."""

    def __init__(self, transport: Any, catalog: Catalog, namespace: str = "shop") -> None:
        self.clock = FakeClock()
        self.state = ClusterState()
        settings = Settings(definitions_namespace=namespace)
        client = Client(transport)
        cached = CachedClient(client, Discovery(client, clock=self.clock), self.state.cache_of)
        self.sources = watches(self.state, transport, self.clock, settings, lambda _key, _initial: None)
        self.queue: PriorityQueue[ObjectKey] = PriorityQueue(
            self.clock, retry_initial=RETRY_INITIAL, retry_maximum=RETRY_MAXIMUM
        )
        self.waits = Waits(
            self.state,
            KindPoller(Discovery(client, clock=self.clock), self.clock),
            opened(transport, self.clock, settings),
            self.clock,
            lambda key, _kind: self.queue.add(key),
            fallback=NAMESPACE_INTERVAL,
        )
        documents = publish(catalog, namespace)
        self.publisher = DefinitionReconciler(documents, cached, self.state, self.sources, self.clock, self.waits)
        self.state.definitions.on_change = functools.partial(self.queue.add, ObjectKey(namespace, ""))
        self.controller = Controller(self.queue, self.publisher, ControllerOptions(name="definitions"))

    @asynccontextmanager
    async def over(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            self.sources.start(tasks, definition_index.KINDS)
            tasks.create_task(self.queue.run())
            tasks.create_task(self.controller.run())
            waits = tasks.create_task(self.waits.run())
            yield
            waits.cancel()
            self.queue.close()
            self.sources.stop()

    async def until(self, predicate: Callable[[], object]) -> None:
        async with asyncio.timeout(60):
            while not predicate():
                await self.clock.advance(0)

    def names(self) -> dict[str, set[str]]:
        caches = {kind: self.state.cache(kind, "shop") for kind in definition_index.KINDS}
        return {kind.kind: {live.name for live in cache.all()} if cache else set() for kind, cache in caches.items()}


def wanted(catalog: Catalog) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {kind.kind: set() for kind in definition_index.KINDS}
    for document in publish(catalog, "shop"):
        found[document["kind"]].add(document["metadata"]["name"])
    return found


async def test_every_installed_type_is_published_and_then_nothing_is_written(
    cluster: Any, transport: Any, catalog: Catalog, spent: Any
) -> None:
    bench = Bench(transport, catalog)
    async with bench.over():
        await bench.until(lambda: bench.names() == wanted(catalog))
    assert all(wanted(catalog).values())
    spent.reset()
    again = Bench(transport, catalog)
    async with again.over():
        await again.until(lambda: again.names() == wanted(catalog))
        # the marker is removed when all has been looked at
        await cluster.apply(trait("marker", labels=OURS))
        await again.until(lambda: "marker" in again.names()["Trait"])
    assert [one for one in spent() if "marker" not in one] == []


async def test_stale_definitions_are_removed_only_if_rudr_published_them(
    cluster: Any, transport: Any, catalog: Catalog
) -> None:
    record = {"rudr.oam.dev/applied": "1234"}
    await cluster.apply(
        trait("old", labels=OURS, annotations=record),
        trait("theirs", annotations=record),
        trait("labelled", labels=OURS),
    )
    bench = Bench(transport, catalog)
    async with bench.over():
        await cluster.gone(TRAIT_DEFINITION, "old")
        await bench.until(lambda: wanted(catalog)["Trait"] <= bench.names()["Trait"])
    assert await cluster.get(TRAIT_DEFINITION, "theirs")
    assert await cluster.get(TRAIT_DEFINITION, "labelled")


async def test_a_definition_of_another_manager_is_not_changed(cluster: Any, transport: Any, catalog: Catalog) -> None:
    await cluster.apply(trait("ingress"))
    bench = Bench(transport, catalog)
    async with bench.over():
        await bench.until(lambda: "auto-scaler" in bench.names()["Trait"] and bench.names()["ApplicationScope"])
    found = await cluster.get(TRAIT_DEFINITION, "ingress")
    assert found["spec"] == {"appliesTo": ["*"]}
    assert {entry["manager"] for entry in found["metadata"]["managedFields"]} == {"tester"}


async def test_a_changed_definition_is_reverted_at_most_once_a_minute(
    cluster: Any, transport: Any, catalog: Catalog
) -> None:
    bench = Bench(transport, catalog)
    async with bench.over():
        await bench.until(lambda: bench.names() == wanted(catalog))
        changed = {"spec": {"allowComponentOverlap": True}}
        await cluster.patch(SCOPE_DEFINITION, "network", changed)
        await bench.until(lambda: _overlaps(bench))
        assert (await cluster.get(SCOPE_DEFINITION, "network"))["spec"]["allowComponentOverlap"] is True
        await bench.clock.advance(INTERVAL + 1)
        await cluster.until(SCOPE_DEFINITION, "network", lambda d: d["spec"]["allowComponentOverlap"] is False)


def _overlaps(bench: Bench) -> bool:
    live = bench.state.get(SCOPE_DEFINITION, "shop", "network")
    return live is not None and live.part("spec")["allowComponentOverlap"] is True


def patches(spent: Any) -> int:
    return len([one for one in spent() if one.startswith("PATCH")])


def asked_more(spent: Any, than: int) -> bool:
    return patches(spent) > than


async def test_nothing_is_sent_while_the_namespace_is_missing(
    cluster: Any, transport: Any, catalog: Catalog, spent: Any
) -> None:
    bench = Bench(transport, catalog, namespace="later")
    async with bench.over():
        await bench.until(lambda: len(bench.publisher.problems) == 1)
        await bench.until(lambda: any("/namespaces?" in request for request in spent.all()))
        sent = patches(spent)
        for _ in range(60):
            await bench.clock.advance(INTERVAL)
        assert patches(spent) == sent
        await cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "later"}})
        await bench.until(lambda: bench.state.get(WORKLOAD_TYPE_DEFINITION, "later", "server"))
        await bench.until(lambda: not bench.publisher.problems)
        await bench.until(lambda: not len(bench.waits))


async def test_a_namespace_that_may_not_be_watched_is_tried_every_few_minutes(
    cluster: Any, transport: Any, catalog: Catalog, faults: Faults, spent: Any
) -> None:
    faults.refuse(403, Match(plural="namespaces"), times=99)
    bench = Bench(transport, catalog, namespace="later")
    async with bench.over():
        await bench.until(lambda: patches(spent))
        await bench.until(lambda: any("/namespaces?" in request for request in spent.all()))
        await bench.until(lambda: bench.clock.sleeping)
        sent = patches(spent)
        await bench.clock.advance(NAMESPACE_INTERVAL)
        await bench.until(functools.partial(asked_more, spent, sent))
        assert patches(spent) == sent + 1


async def test_a_missing_right_is_retried_with_backoff_until_it_is_granted(
    cluster: Any, transport: Any, catalog: Catalog, faults: Faults, spent: Any
) -> None:
    for kind, plural in (("Trait", "traits"), ("ApplicationScope", "applicationscopes")):
        faults.refuse(403, Match(plural=plural, verb="patch"), times=3)
        assert kind in wanted(catalog)
    bench = Bench(transport, catalog)
    async with bench.over():
        await bench.until(lambda: len(bench.publisher.problems) == 2)
        await bench.until(lambda: bench.names()["WorkloadType"] == wanted(catalog)["WorkloadType"])
        async with asyncio.timeout(60):
            while bench.names() != wanted(catalog):
                await bench.clock.advance(INTERVAL)
        await bench.until(lambda: not bench.publisher.problems)


async def test_without_the_crds_nothing_is_published(bare: Any, transport: Any, catalog: Catalog, spent: Any) -> None:
    bench = Bench(transport, catalog)
    async with bench.over():
        await bench.sources.wait(definition_index.KINDS)
        await bench.clock.advance(10)
    assert [one for one in spent() if not one.startswith("GET")] == []
