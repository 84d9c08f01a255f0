"""Watches over the local API: what is told to whom, and what happens when a kind is missing or forbidden."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind
from rudr_py.controller.state import cluster_state
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.watching import kind_watch
from rudr_py.controller.watching.kind_watch import MAX_INTERRUPTIONS
from rudr_py.controller.watching.sources import OPTIONAL_RETRY, Sources
from rudr_py.kube.requests import Resource
from rudr_py.local.faults.faults import Faults, Match
from rudr_py.model.crd_schemas import crds
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION, COMPONENT_INSTANCE, POD
from rudr_py.render.values import labels
from rudr_py.settings import Settings
from rudr_py.testing.clock import FakeClock
from tests.controller.watches import watches

SHOP = ObjectKey("shop", "shop")
SERVICE = Kind("v1", "Service")
NODE = Kind("v1", "Node")
OWN = cluster_state.OWN_KINDS
Told = list[tuple[ObjectKey, bool]]


class Watching:
    """Sources that run, what they told, and a way to wait for it while time passes."""

    def __init__(self, transport: Any, clock: FakeClock, *namespaces: str) -> None:
        self.clock = clock
        self.told: Told = []
        self.state = ClusterState()
        settings = Settings(namespaces=namespaces)
        self.sources = watches(
            self.state, transport, clock, settings, lambda key, initial: self.told.append((key, initial))
        )

    @asynccontextmanager
    async def over(self, *kinds: Kind) -> AsyncIterator[Sources]:
        async with asyncio.TaskGroup() as tasks:
            self.sources.start(tasks, kinds)
            yield self.sources
            self.sources.stop()

    async def until(self, predicate: Callable[[], object], *, step: float = 0.0) -> None:
        """Wait until the predicate holds; pass `step` seconds of the fake clock between two looks."""
        async with asyncio.timeout(60):
            while not predicate():
                await self.clock.advance(step)

    def named(self) -> list[ObjectKey]:
        return [key for key, _ in self.told]


async def test_applications_of_the_initial_list_are_triggered_as_initial(
    cluster: Any, transport: Any, clock: FakeClock, application: Any
) -> None:
    await cluster.apply(application())
    watching = Watching(transport, clock)
    async with watching.over(*OWN) as running:
        await running.wait(OWN)
        assert watching.told == [(SHOP, True)]
        await cluster.apply(application(name="second"))
        await watching.until(lambda: (ObjectKey("shop", "second"), False) in watching.told)
        assert running.problems(OWN) == {}


async def test_objects_of_a_namespace_of_another_process_trigger_nothing_but_are_cached(
    cluster: Any, transport: Any, clock: FakeClock, application: Any
) -> None:
    await cluster.apply(application())
    owned: set[str] = set()
    watching = Watching(transport, clock)
    watching.sources.concerns = owned.__contains__
    async with watching.over(*OWN, SERVICE) as running:
        await running.wait((*OWN, SERVICE))
        watching.told.clear()
        owner = {"name": "first", "labels": {"app.kubernetes.io/managed-by": "rudr", labels.APPLICATION: "shop"}}
        service = {"apiVersion": "v1", "kind": "Service", "metadata": owner, "spec": {"ports": [{"port": 80}]}}
        await cluster.apply(service)
        await watching.until(lambda: watching.state.get(SERVICE, "shop", "first"))
        assert watching.told == []
        owned.add("shop")
        await cluster.apply({**service, "metadata": {**owner, "name": "second"}})
        await watching.until(lambda: watching.state.get(SERVICE, "shop", "second"))
        assert watching.named() == [SHOP]


@pytest.mark.parametrize("namespaces", [(), ("shop",), ("other", "shop")])
async def test_only_the_namespaces_of_the_settings_are_watched(
    cluster: Any, transport: Any, clock: FakeClock, application: Any, namespaces: tuple[str, ...], spent: Any
) -> None:
    for name in ("other", "third"):
        await cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    for name in ("shop", "other", "third"):
        document = application()
        resource = await cluster.discovery.resolve(document["apiVersion"], document["kind"])
        await cluster.client.create(resource.object(name, ""), _encoded(document, name), "tester")
    spent.reset()
    watching = Watching(transport, clock, *namespaces)
    async with watching.over(*OWN) as running:
        await running.wait(OWN)
        assert {key.namespace for key in watching.named()} == set(namespaces or ("shop", "other", "third"))
        watches = [one for one in spent.all() if "watch=true" in one]
        assert len(watches) == len(OWN) * (len(namespaces) or 1)
        assert all(any(f"/namespaces/{name}/" in one for name in namespaces) for one in watches if namespaces)


def _encoded(document: dict[str, Any], namespace: str) -> bytes:
    metadata = {**document["metadata"], "namespace": namespace}
    return msgspec.json.encode({**document, "metadata": metadata})


async def test_missing_crds_are_named_and_watched_once_installed(
    bare: Any, transport: Any, clock: FakeClock, spent: Any
) -> None:
    watching = Watching(transport, clock)
    async with watching.over(*OWN, SERVICE) as running:
        await running.wait([SERVICE])
        await watching.until(lambda: len(running.missing(OWN)) == len(OWN))
        assert set(running.missing((*OWN, SERVICE))) == set(OWN)
        assert "CRD installed" in running.problems(OWN)["ApplicationConfiguration"]
        await watching.until(lambda: clock.sleeping)
        await bare.apply(*crds.documents())
        await watching.until(lambda: not running.problems(OWN), step=2.0)
        assert running.missing(OWN) == ()
        async with asyncio.timeout(60):
            await running.wait(OWN)


async def test_an_application_is_triggered_when_an_absent_kind_is_served(
    bare: Any, transport: Any, clock: FakeClock, spent: Any
) -> None:
    kind = COMPONENT_INSTANCE
    watching = Watching(transport, clock)
    async with watching.over(SERVICE) as running:
        assert not running.ensure([SERVICE], SHOP)
        await watching.until(lambda: SHOP in watching.named())
        assert running.ensure([SERVICE], SHOP)
        watching.told.clear()
        assert not running.ensure([SERVICE, kind], SHOP)
        await watching.until(lambda: running.missing([kind]))
        await watching.until(lambda: clock.sleeping)
        assert watching.told == []
        await bare.apply(*crds.documents())
        await watching.until(lambda: SHOP in watching.named(), step=2.0)
        assert running.ensure([SERVICE, kind], SHOP)
        watching.told.clear()
        await clock.advance(60.0)
        assert watching.told == []


async def test_a_deleted_application_is_not_triggered(bare: Any, transport: Any, clock: FakeClock) -> None:
    watching = Watching(transport, clock)
    async with watching.over() as running:
        assert not running.ensure([SERVICE], SHOP)
        assert not running.ensure([SERVICE], ObjectKey("shop", "other"))
        watching.state.applications.forget(SHOP)
        await watching.until(lambda: watching.told)
        assert watching.named() == [ObjectKey("shop", "other")]


async def test_a_forbidden_kind_blocks_no_application(
    cluster: Any, transport: Any, clock: FakeClock, faults: Faults
) -> None:
    faults.refuse(403, Match(plural="services"), times=2)
    watching = Watching(transport, clock)
    async with watching.over(*OWN, SERVICE) as running:
        await running.wait((*OWN, SERVICE))
        assert "on order" in running.problems([SERVICE])["Service"]
        assert running.ensure([SERVICE], SHOP)  # the application may be judged: it is told what is forbidden
        assert SHOP not in watching.named()
        await watching.until(lambda: SHOP in watching.named(), step=30.0)
        assert running.problems([SERVICE]) == {}


async def test_a_forbidden_required_kind_blocks_the_applications_of_its_namespace(
    cluster: Any, transport: Any, clock: FakeClock, faults: Faults
) -> None:
    faults.refuse(403, Match(plural="componentschematics"), times=1)
    watching = Watching(transport, clock)
    async with watching.over(*OWN) as running:
        await running.wait(OWN)
        assert not running.ensure(OWN, SHOP)
        assert list(running.problems(OWN)) == ["ComponentSchematic"]
        await watching.until(lambda: SHOP in watching.named(), step=30.0)
        assert running.ensure(OWN, SHOP)


async def test_a_forbidden_namespace_does_not_block_other_namespaces(
    cluster: Any, transport: Any, clock: FakeClock, faults: Faults
) -> None:
    await cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}})
    faults.refuse(403, Match(plural="componentschematics"), times=1)
    watching = Watching(transport, clock, "other", "shop")
    async with watching.over(*OWN) as running:
        await running.wait(OWN)
        (hindered,) = running.problems(OWN)
        there = hindered.rpartition(" ")[2]
        free = "shop" if there == "other" else "other"
        assert running.ensure(OWN, ObjectKey(free, "shop"))
        assert not running.ensure(OWN, ObjectKey(there, "shop"))


async def test_applications_do_not_wait_for_a_list_that_keeps_failing(
    cluster: Any, transport: Any, clock: FakeClock, faults: Faults
) -> None:
    faults.refuse(500, Match(plural="services"), times=99 * MAX_INTERRUPTIONS)
    watching = Watching(transport, clock)
    async with watching.over(*OWN, SERVICE) as running:
        await running.wait(OWN)
        assert not running.ensure([SERVICE], SHOP)
        await watching.until(lambda: running.ensure([SERVICE], SHOP), step=10.0)
        assert "on order" in running.problems([SERVICE])["Service"]
        faults.clear()
        await watching.until(lambda: not running.problems([SERVICE]), step=30.0)


async def test_a_cluster_scoped_kind_is_not_watched(cluster: Any, transport: Any, clock: FakeClock, spent: Any) -> None:
    spent.reset()
    watching = Watching(transport, clock)
    async with watching.over(NODE) as running:
        await running.wait([NODE])
        assert "is cluster-scoped" in running.problems([NODE])["Node"]
        assert not any("nodes" in one for one in spent.all())


async def test_a_cluster_scoped_kind_that_types_read_is_watched_and_triggers_the_applications_that_use_it(
    cluster: Any, transport: Any, clock: FakeClock
) -> None:
    watching = Watching(transport, clock, "shop")
    watching.state.cluster_kinds = frozenset({NODE})
    async with watching.over(NODE) as running:
        await running.wait([NODE])
        assert running.problems([NODE]) == {}
        assert running.ensure([NODE], SHOP)
        watching.told.clear()
        await cluster.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "second"}})
        await watching.until(lambda: watching.told)
        assert set(watching.named()) == {SHOP}


async def test_a_missing_right_for_a_cluster_scoped_kind_is_no_problem_of_an_application(
    cluster: Any, transport: Any, clock: FakeClock, faults: Faults
) -> None:
    faults.refuse(403, Match(plural="nodes"), times=99)
    watching = Watching(transport, clock, "shop")
    watching.state.cluster_kinds = frozenset({NODE})
    async with watching.over(NODE) as running:
        await running.wait([NODE])
        assert running.ensure([NODE], SHOP)
        assert running.missing_rights([NODE], "shop") == ()
        assert watching.state.unread(NODE, "")


async def test_a_cluster_scoped_kind_that_may_not_be_watched_is_not_requested_again_at_rest(
    cluster: Any, transport: Any, clock: FakeClock, faults: Faults, spent: Any
) -> None:
    faults.refuse(403, Match(plural="nodes"), times=99)
    watching = Watching(transport, clock, "shop")
    watching.state.cluster_kinds = frozenset({NODE})
    async with watching.over(NODE) as running:
        await running.wait([NODE])
        assert running.ensure([NODE], SHOP)
        spent.reset()
        for _ in range(24):
            await clock.advance(OPTIONAL_RETRY)
        assert spent.all() == []


async def test_a_cluster_scoped_kind_that_may_not_be_watched_is_requested_once_an_hour_while_applications_change(
    cluster: Any, transport: Any, clock: FakeClock, faults: Faults, spent: Any
) -> None:
    faults.refuse(403, Match(plural="nodes"), times=2)
    watching = Watching(transport, clock, "shop")
    watching.state.cluster_kinds = frozenset({NODE})
    async with watching.over(NODE) as running:
        await running.wait([NODE])
        spent.reset()
        for _ in range(30):
            await clock.advance(OPTIONAL_RETRY / 20)
            assert running.ensure([NODE], SHOP)
        assert len(spent.all()) == 1
        await clock.advance(OPTIONAL_RETRY)
        assert running.ensure([NODE], SHOP)
        await watching.until(lambda: not running.problems([NODE]))


async def test_a_changed_right_opens_the_watch_of_a_cluster_scoped_kind_at_once(
    cluster: Any, transport: Any, clock: FakeClock, faults: Faults
) -> None:
    faults.refuse(403, Match(plural="nodes"), times=1)
    watching = Watching(transport, clock, "shop")
    watching.state.cluster_kinds = frozenset({NODE})
    async with watching.over(NODE) as running:
        await running.wait([NODE])
        running.retry_forbidden()
        await watching.until(lambda: not running.problems([NODE]))


@pytest.mark.parametrize(
    ("kind", "labels", "parts"),
    [
        (APPLICATION, "", ()),
        (POD, "oam.dev/instance-name", ("spec.volumes", "status")),
        (SERVICE, "app.kubernetes.io/managed-by=rudr", ()),
    ],
)
def test_watches_select_only_the_objects_and_fields_that_are_needed(
    kind: Kind, labels: str, parts: tuple[str, ...]
) -> None:
    found = kind_watch.selection(Resource("", "v1", kind.kind, "things", namespaced=True), "shop", kind)
    assert (found.labels, found.parts, found.namespace) == (labels, parts, "shop")
