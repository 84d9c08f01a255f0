"""Faults of the server, the network and the process: the controller converges, and writes no more than necessary."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest
from aiohttp import web

from rudr_py.api import Kind, Ref, kstatus
from rudr_py.catalog import Catalog
from rudr_py.controller.queue.queue import PriorityQueue
from rudr_py.controller.state import inventory
from rudr_py.controller.state.inventory import AppliedRecord
from rudr_py.controller.state.ttl_map import TtlMap
from rudr_py.local.faults.faults import Faults, Match
from rudr_py.local.faults.watch_distortions import Distortion
from rudr_py.local.http.routing import Route
from rudr_py.local.http.server import NextHandler
from rudr_py.local.registry.resources import KindInfo
from rudr_py.testing.clock import FakeClock
from rudr_py.testing.cluster import Cluster
from tests.e2e import waiting
from tests.e2e.conftest import Server
from tests.e2e.documents import (
    APPLICATION,
    COMPONENT,
    COMPONENT_INSTANCE,
    CONFIG_MAP,
    DEPLOYMENT,
    INGRESS,
    INGRESS_TRAIT,
    SERVICE,
    application,
    component,
    condition,
    greeting,
    synced,
)
from tests.e2e.test_killed import nth_write, run_until_cut

EVERY = 10**6
"""More requests than a test sends."""

CHILDREN = ("deployments", "services", "ingresses", "componentinstances", "applicationconfigurations")


@pytest.fixture
def faults(cluster: Cluster, server: Server) -> Faults:
    """Faults of the local API."""
    assert server.local is not None
    return Faults(server.local.server)


async def settled(cluster: Cluster, server: Server) -> int:
    """Wait until `shop` is synced and the controller is idle; return the mark of that moment."""
    await cluster.until(APPLICATION, "shop", synced)
    await waiting.until_idle(cluster, server.mark, server.writes)
    return server.mark()


def writes_of(server: Server, path: str, since: int = 0) -> list[str]:
    return [write.split("?")[0] for write in server.writes(since) if path in write]


def refused_writes(server: Server, path: str, since: int = 0) -> list[int]:
    """The status codes of the writes that the server has refused."""
    writes = [each for each in server.answered(since) if each.method != "GET" and path in each.path]
    return [each.status for each in writes if each.status >= 300]


def lists(server: Server, since: int) -> list[str]:
    """The lists of its caches; reads of the test select one object by its name, those of revisions an application."""
    selectors = ("fieldSelector", "application-uid")
    answered = (request.path for request in server.answered(since))
    paths = [path for path in answered if not any(selector in path for selector in selectors)]
    return [path for path in paths if "limit=" in path or "sendInitialEvents=" in path]


def open_watches(server: Server) -> int:
    assert server.local is not None
    return len(server.local.server.open_watches)


# --- Watches


@pytest.mark.faults
async def test_closed_watches_are_resumed_without_a_list_and_without_a_write(
    cluster: Cluster, catalog: Catalog, server: Server, faults: Faults
) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        before = await settled(cluster, server)
        count = open_watches(server)
        assert faults.cut_watches() == count
        await waiting.until_true(lambda: open_watches(server) == count)
        await waiting.until_idle(cluster, server.mark, server.writes)
        assert lists(server, before) == []
        assert writes_of(server, "shop", before) == []


@pytest.mark.faults
async def test_an_expired_history_causes_lists_and_no_write(
    cluster: Cluster, catalog: Catalog, server: Server, faults: Faults
) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        before = await settled(cluster, server)
        faults.cut_watches()
        await cluster.apply({"apiVersion": "v1", "kind": CONFIG_MAP.kind, "metadata": {"name": "unrelated"}})
        faults.expire_history()
        await waiting.until_true(lambda: lists(server, before))
        await waiting.until_idle(cluster, server.mark, server.writes)
        assert writes_of(server, "shop", before) == []


@pytest.mark.faults
async def test_an_object_deleted_while_watches_are_closed_is_created_again(
    cluster: Cluster, catalog: Catalog, server: Server, faults: Faults
) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        await settled(cluster, server)
        first = await cluster.get(DEPLOYMENT, "shop-web")
        assert first is not None
        release = faults.hold(Match(verb="watch"), times=EVERY)
        faults.cut_watches()
        await cluster.delete(DEPLOYMENT, "shop-web")
        faults.expire_history()
        faults.clear()
        release.set()
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: d["metadata"]["uid"] != first["metadata"]["uid"])


@pytest.mark.faults
@pytest.mark.parametrize(
    "distortion",
    [Distortion.duplicate(), Distortion.reorder(), Distortion.drop(), Distortion.late(3600.0)],
    ids=["duplicated", "reordered", "dropped", "late"],
)
async def test_distorted_events_of_own_writes_cause_no_further_write(
    cluster: Cluster, catalog: Catalog, server: Server, faults: Faults, distortion: Distortion
) -> None:
    faults.distort(distortion, "deployments")
    await cluster.apply(component(), application(greeting="A"))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        refused: list[int] = []
        for text in ("B", "A"):
            since = server.mark()
            await cluster.apply(application(greeting=text))
            await cluster.until(APPLICATION, "shop", synced)
            of_edit = refused_writes(server, "/deployments/shop-web", since)
            # the cache is late, so the precondition of the first attempt fails
            assert of_edit in ([], [409])
            refused += of_edit
        await cluster.patch(APPLICATION, "shop", {"metadata": {"annotations": {"note": "reconcile"}}})
        await cluster.apply(application(name="marker"))
        await cluster.until(APPLICATION, "marker", synced)
        deployment = await cluster.get(DEPLOYMENT, "shop-web")
    assert deployment is not None
    assert greeting(deployment) == "A"
    assert refused_writes(server, "/deployments/shop-web") == refused
    assert len(writes_of(server, "/deployments/shop-web")) == 3 + len(refused)


# --- Requests


@pytest.mark.faults
@pytest.mark.parametrize("fault", ["lost answer", "closed connection", "timeout after the write", "unavailable"])
async def test_a_failed_write_of_any_object_is_repeated_and_creates_one_object(
    cluster: Cluster, catalog: Catalog, faults: Faults, fault: str
) -> None:
    await cluster.apply(component(), application(INGRESS_TRAIT))
    for plural in CHILDREN:
        match = Match(verb="patch", plural=plural)
        if fault == "lost answer":
            faults.lose_answer(match, times=1)
        elif fault == "closed connection":
            faults.hang_up(match, times=1)
        elif fault == "timeout after the write":
            faults.refuse_after(504, match, times=1)
        else:
            faults.refuse(503, match, times=1)
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
    for kind in (DEPLOYMENT, SERVICE, INGRESS, COMPONENT_INSTANCE):
        assert len(await cluster.list(kind, "app.kubernetes.io/managed-by=rudr")) == 1, kind.kind


@pytest.mark.faults
async def test_a_change_during_an_outage_of_the_server_is_applied_after_it(
    cluster: Cluster, catalog: Catalog, server: Server, faults: Faults
) -> None:
    assert server.local is not None
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        before = await settled(cluster, server)
        refused: list[str] = []

        async def count(_request: web.BaseRequest, route: Route, answer: NextHandler) -> web.StreamResponse:
            refused.append(route.verb)
            return await answer()

        server.local.server.middlewares.insert(0, count)
        faults.hang_up(times=EVERY)
        interrupted = faults.cut_watches()
        client = server.local.client
        stored = client.get(KindInfo(APPLICATION.api_version, APPLICATION.kind), cluster.namespace, "shop")
        assert stored is not None
        client.update({**stored, "spec": application(greeting="changed")["spec"]})
        await waiting.until_true(lambda: len(refused) > 2 * interrupted)
        faults.clear()
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: greeting(d) == "changed")
        assert lists(server, before) == []


@pytest.mark.faults
async def test_an_object_with_a_rejected_field_change_is_not_sent_again_and_not_replaced(
    cluster: Cluster, catalog: Catalog, server: Server, faults: Faults
) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        before = await settled(cluster, server)
        created = await cluster.get(DEPLOYMENT, "shop-web")
        faults.refuse(422, Match(verb="patch", plural="deployments", name="shop-web"), times=EVERY)
        await cluster.apply(application(greeting="changed"))
        refused = await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Synced") == "False")
        assert kstatus.condition(refused, "Synced")["reason"] == "Invalid"
        await waiting.until_idle(cluster, server.mark, server.writes)
        path = f"/apis/apps/v1/namespaces/{cluster.namespace}/deployments/shop-web"
        assert writes_of(server, "/deployments/shop-web", before) == [f"PATCH {path}"]
        kept = await cluster.get(DEPLOYMENT, "shop-web")
    assert created is not None
    assert kept is not None
    assert kept["metadata"]["uid"] == created["metadata"]["uid"]


# --- Processes


@pytest.mark.parametrize("writes", range(1, 7), ids="after {} writes".format)
async def test_an_object_created_before_a_kill_is_pruned_if_it_is_obsolete_afterwards(
    cluster: Cluster, catalog: Catalog, writes: int
) -> None:
    await cluster.apply(component(), application(INGRESS_TRAIT))
    await run_until_cut(cluster, catalog, nth_write(writes))
    await cluster.apply(application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.until(DEPLOYMENT, "shop-web", bool)
        await cluster.gone(INGRESS, "shop-web-trait-ingress")


class MonotonicClock(FakeClock):
    """A clock without a wall-clock time."""

    def now(self) -> datetime:
        raise AssertionError("the wall clock was read")


async def test_retries_and_expiry_do_not_read_the_wall_clock() -> None:
    clock = MonotonicClock()
    queue: PriorityQueue[str] = PriorityQueue(clock, retry_initial=1.0, retry_maximum=10.0)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(queue.run())
        queue.add("a")
        assert queue.retry(await queue.get()) == 1.0
        queue.done("a")
        await clock.advance(1.0)
        assert await queue.get() == "a"
        queue.close()
    values: TtlMap[str, int] = TtlMap(clock, 60.0)
    values.put("a", 1)
    clock.jump(60.0)
    assert values.get("a") is None


# --- Documents


async def test_objects_stay_while_a_component_of_their_application_is_deleted(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        before = await settled(cluster, server)
        created = await cluster.get(DEPLOYMENT, "shop-web")
        await cluster.delete(COMPONENT, "web")
        refused = await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Valid") == "False")
        assert kstatus.condition(refused, "Valid")["reason"] == "ComponentNotFound"
        other = application(name="other")
        other["spec"]["components"][0]["componentName"] = "other"
        await cluster.apply(component("other"), other)
        await cluster.until(APPLICATION, "other", synced)
        kept = await cluster.get(DEPLOYMENT, "shop-web")
    assert created is not None
    assert kept is not None
    assert (kept["metadata"]["uid"], kept["spec"]) == (created["metadata"]["uid"], created["spec"])
    assert "deletionTimestamp" not in kept["metadata"]
    assert writes_of(server, "/deployments/shop-web", before) == []


def test_the_inventory_of_a_later_release_is_read() -> None:
    record = AppliedRecord(Ref(Kind("v1", "Service"), "web"), "uid", "digest")
    (entry,) = inventory.order([record])
    assert inventory.read([{**entry, "later": {"field": 1}}]) == {record.ref: record}
