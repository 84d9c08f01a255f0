"""Watches of blockers: opened while a key waits, closed afterwards, and silent about changes that end no wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from rudr_py.api import Kind, Ref
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.watching import waits
from rudr_py.controller.watching.kind_poller import KindPoller
from rudr_py.controller.watching.waits import SETTLING, Blocker, Waits
from rudr_py.kube.cache import Change
from rudr_py.kube.client import Client
from rudr_py.kube.discovery import Discovery
from rudr_py.local.faults.faults import Faults, Match
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import RBAC_KINDS, RESOURCE_QUOTA
from rudr_py.settings import Settings
from rudr_py.testing.clock import FakeClock
from rudr_py.testing.cluster import Cluster
from tests.controller.watches import opened

SERVICE = Kind("v1", "Service")
SHOP, TILL = ObjectKey("shop", "shop"), ObjectKey("shop", "till")
FALLBACK = 100.0


def service(**metadata: Any) -> dict[str, Any]:
    spec = {"ports": [{"name": "http", "port": 80}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", **metadata}, "spec": spec}


class Bench:
    """Running waits, with the keys that were woken."""

    def __init__(self, transport: Any) -> None:
        self.clock = FakeClock()
        self.woken: list[ObjectKey] = []
        poller = KindPoller(Discovery(Client(transport), clock=self.clock), self.clock)
        open_watch = opened(transport, self.clock, Settings())
        self.waits = Waits(ClusterState(), poller, open_watch, self.clock, self._wake, fallback=FALLBACK)

    def _wake(self, key: ObjectKey, _kind: Kind) -> None:
        self.woken.append(key)

    async def until(self, predicate: Callable[[], object]) -> None:
        async with asyncio.timeout(60):
            while not predicate():
                await self.clock.advance(0)


@pytest.fixture
async def bench(bare: Cluster, transport: Any) -> AsyncIterator[Bench]:
    made = Bench(transport)
    running = asyncio.create_task(made.waits.run())
    await made.clock.advance(0)
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


WEB = Blocker(Ref(SERVICE, "web"), "shop")


async def test_all_keys_of_a_blocker_are_woken_by_its_deletion(bench: Bench, bare: Cluster) -> None:
    await bare.apply(service())
    bench.waits.set(SHOP, [WEB])
    bench.waits.set(TILL, [WEB])
    await bench.until(lambda: bench.waits.is_watched(WEB))
    assert (len(bench.waits), bench.woken) == (1, [])
    await bare.delete(SERVICE, "web")
    await bench.until(lambda: len(bench.woken) == 2)
    assert set(bench.woken) == {SHOP, TILL}


async def test_a_blocker_that_is_gone_before_its_watch_begins_wakes_at_once(bench: Bench) -> None:
    bench.waits.set(SHOP, [WEB])
    await bench.until(lambda: bench.woken == [SHOP])


async def test_a_change_wakes_only_if_it_may_change_the_owner(bench: Bench, bare: Cluster) -> None:
    await bare.apply(service())
    bench.waits.set(SHOP, [WEB])
    await bench.until(lambda: bench.waits.is_watched(WEB))
    await bare.patch(SERVICE, "web", {"spec": {"ports": [{"name": "metrics", "port": 81}]}})
    await bare.patch(SERVICE, "web", {"metadata": {"annotations": {"example.com/renewed": "1"}}})
    await bare.apply(service(labels={"app": "web"}))
    await bench.until(lambda: bench.woken)
    assert bench.woken == [SHOP]


async def test_a_watch_ends_when_the_last_key_waits_no_longer(bench: Bench, bare: Cluster, local: Any) -> None:
    await bare.apply(service())
    for key in (SHOP, TILL):
        bench.waits.set(key, [WEB])
    await bench.until(lambda: len(local.server.open_watches) == 1)
    bench.waits.set(SHOP, [])
    assert len(bench.waits) == 1
    bench.waits.set(TILL, [])
    assert len(bench.waits) == 0
    await bench.until(lambda: not local.server.open_watches)


async def test_several_changes_of_a_kind_wake_once(bench: Bench, bare: Cluster) -> None:
    roles = Blocker(Ref(RBAC_KINDS[0], ""), "shop")
    bench.waits.set(SHOP, [roles])
    await bench.until(lambda: bench.waits.is_watched(roles))
    await bench.clock.advance(SETTLING)
    bench.woken.clear()
    for number in range(3):
        api = RBAC_KINDS[0].api_version
        await bare.apply({"apiVersion": api, "kind": "Role", "metadata": {"name": f"r{number}"}, "rules": []})
    await bench.until(lambda: bench.clock.sleeping)
    await bench.clock.advance(SETTLING)
    await bench.until(lambda: bench.woken)
    assert bench.woken == [SHOP]


async def test_the_cluster_roles_of_many_applications_have_one_watch(bench: Bench) -> None:
    refs = [Ref(kind, "") for kind in RBAC_KINDS]
    for number in range(20):
        key = ObjectKey(f"ns{number}", "shop")
        bench.waits.set(key, [Blocker(ref, key.namespace) for ref in refs])
    assert len(bench.waits) == 2 * 20 + 2


async def test_a_blocker_that_may_not_be_watched_is_polled_at_intervals(bench: Bench, faults: Faults) -> None:
    faults.refuse(403, Match(plural="services"), times=99)
    bench.waits.set(SHOP, [WEB])
    await bench.until(lambda: bench.clock.sleeping)
    assert bench.woken == []
    await bench.clock.advance(FALLBACK)
    assert bench.woken == [SHOP]


@pytest.mark.parametrize(
    ("used", "is_relevant"),
    [("1", True), ("3", False), ("2", False), ("500m", True)],
    ids=["less", "more", "same", "unit"],
)
def test_a_quota_ends_a_wait_when_less_of_it_is_used(live: Any, used: str, is_relevant: bool) -> None:
    blocker = Blocker(Ref(RESOURCE_QUOTA, ""), "shop")
    old = live(RESOURCE_QUOTA, "q", {"spec": {"hard": {"pods": "3"}}, "status": {"used": {"pods": "2"}}})
    new = live(RESOURCE_QUOTA, "q", {"spec": {"hard": {"pods": "3"}}, "status": {"used": {"pods": used}}})
    assert waits.is_relevant(blocker, Change(old, new)) == is_relevant


async def test_of_many_blockers_of_a_namespace_a_limited_number_is_watched(
    bench: Bench, bare: Cluster, local: Any
) -> None:
    most = waits.LIMIT * 3 // 4  # the rest is for other namespaces
    blockers = [Blocker(Ref(SERVICE, f"web-{number}"), "shop", is_absent=True) for number in range(waits.LIMIT + 30)]
    bench.waits.set(SHOP, blockers)
    await bench.until(lambda: sum(map(bench.waits.is_watched, blockers)) == most)
    assert len(local.server.open_watches) == most
    bench.waits.set(SHOP, [])
    bench.waits.set(TILL, [WEB])
    await bench.until(lambda: bench.woken == [TILL])
