"""When members are asked, what the answers come to, and who is woken by it. Time passes by the fake clock only."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from rudr_py.api import Probe, Ref
from rudr_py.controller.scopes import probing
from rudr_py.controller.scopes.probing import MAX_CONCURRENT, Probing, UnreachableError
from rudr_py.controller.state.applications import Applications
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.cache import Cache
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.prober import ProbeRequest
from rudr_py.kube.watch import Applied
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import POD, SERVICE
from rudr_py.render.values import labels as stamp
from rudr_py.testing.clock import FakeClock, settle

KEY = ObjectKey("shop", "groups")
Make = Callable[..., LiveObject]


def probe(name: str = "web", **fields: Any) -> Probe:
    given = {"method": "httpGet", "target": Ref(SERVICE, name), "port": 80, "interval": 10, **fields}
    return Probe(name=name, **given)


class Script:
    """Answers by host; counts."""

    def __init__(self) -> None:
        self.answers: dict[str, str | None] = {}
        self.asked: Counter[str] = Counter()
        self.checks: list[ProbeRequest] = []
        self.held: asyncio.Event | None = None
        self.open = 0
        self.most = 0

    async def probe(self, request: ProbeRequest) -> str | None:
        self.asked[request.host] += 1
        self.checks.append(request)
        self.open += 1
        self.most = max(self.most, self.open)
        if self.held is not None:
            await self.held.wait()
        self.open -= 1
        return self.answers.get(request.host)


class Bench:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.script = Script()
        self.woken: list[ObjectKey] = []
        self.unreachable = ""
        self.applications = Applications()
        self.probing = Probing(self.script, self._address, self.applications, self.clock, self.woken.append)

    def _address(self, namespace: str, one: Probe) -> str:
        if self.unreachable:
            raise UnreachableError(self.unreachable)
        return one.target.name

    async def plan(self, *probes: Probe) -> None:
        self.probing.plan(KEY, {"well": probes})
        await settle()

    def verdicts(self) -> dict[str, str | None]:
        return self.applications.get(KEY).probe_results().get("well", {})


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = Bench()
    running = asyncio.create_task(made.probing.run())
    await settle()
    yield made
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_a_member_is_probed_at_once_and_then_at_each_interval(bench: Bench) -> None:
    await bench.plan(probe())
    assert bench.script.asked == {"web": 1}
    await bench.clock.advance(35)
    assert bench.script.asked == {"web": 4}


async def test_only_a_changed_verdict_requeues_the_application_of_the_scope(bench: Bench) -> None:
    await bench.plan(probe())
    assert (bench.verdicts(), bench.woken) == ({"web": None}, [KEY])
    await bench.clock.advance(30)
    assert bench.woken == [KEY]
    bench.script.answers["web"] = "HTTP 500"
    await bench.clock.advance(10)
    assert (bench.verdicts(), bench.woken) == ({"web": "HTTP 500"}, [KEY] * 2)
    bench.script.answers["web"] = "no answer"
    await bench.clock.advance(10)
    assert (bench.verdicts(), bench.woken) == ({"web": "no answer"}, [KEY] * 2)


async def test_the_verdict_covers_the_window_of_results(bench: Bench) -> None:
    await bench.plan(probe(window=4, failure_rate=50.0, healthy_rate=75.0))
    bench.script.answers["web"] = "HTTP 500"
    await bench.clock.advance(20)
    assert bench.verdicts() == {"web": "HTTP 500"}
    bench.script.answers["web"] = None
    await bench.clock.advance(20)
    assert bench.verdicts() == {"web": "HTTP 500"}
    await bench.clock.advance(10)
    assert bench.verdicts() == {"web": None}


async def test_a_probe_that_is_no_longer_planned_stops(bench: Bench) -> None:
    await bench.plan(probe(), probe("db"))
    await bench.plan(probe("db"))
    await bench.clock.advance(20)
    assert bench.script.asked == {"web": 1, "db": 3}
    assert set(bench.verdicts()) == {"db"}
    bench.applications.forget(KEY)
    await bench.clock.advance(20)
    assert bench.script.asked["db"] == 3
    assert bench.applications.get(KEY).probe_results() == {}


async def test_an_unchanged_probe_goes_on_and_a_new_interval_keeps_the_verdict(bench: Bench) -> None:
    bench.script.answers["web"] = "HTTP 500"
    await bench.plan(probe())
    await bench.plan(probe())
    assert bench.script.asked == {"web": 1}
    bench.script.held = asyncio.Event()
    await bench.plan(probe(interval=5))
    assert bench.verdicts() == {"web": "HTTP 500"}
    await bench.plan(probe(path="/other"))
    assert bench.verdicts() == {}


async def test_a_member_without_an_address_fails_without_a_request(bench: Bench) -> None:
    bench.unreachable = "service/web is not there"
    await bench.plan(probe())
    assert bench.verdicts() == {"web": "service/web is not there"}
    assert not bench.script.asked


async def test_an_exception_in_one_probe_does_not_affect_other_probes(bench: Bench) -> None:
    async def broken(request: ProbeRequest) -> str | None:
        if request.host == "web":
            raise RuntimeError("out of order")
        return None

    bench.script.probe = broken  # type: ignore[method-assign]  # the object of this test, not a path of the project
    await bench.plan(probe(), probe("db"))
    assert bench.verdicts() == {"web": "RuntimeError('out of order')", "db": None}


async def test_the_number_of_concurrent_probes_is_bounded(bench: Bench) -> None:
    bench.script.held = asyncio.Event()
    await bench.plan(*(probe(f"web-{number}") for number in range(2 * MAX_CONCURRENT)))
    assert bench.script.open == MAX_CONCURRENT
    bench.script.held.set()
    await bench.clock.advance(0)
    assert bench.script.most == MAX_CONCURRENT
    assert len(bench.verdicts()) == 2 * MAX_CONCURRENT


async def test_intervals_and_timeouts_are_bounded(bench: Bench) -> None:
    await bench.plan(probe(interval=0, timeout=10**6))
    await bench.clock.advance(5)
    assert bench.script.asked["web"] <= 6
    assert bench.script.checks[0].timeout == probing.MAX_TIMEOUT


def known(live: LiveObject) -> ClusterState:
    found, cache = ClusterState(), Cache()
    cache.feed(Applied(live))
    found.add(SERVICE, "", cache)
    found.add(POD, "", cache)
    return found


def test_a_managed_service_is_probed_by_its_dns_name(live: Make) -> None:
    ours = live(SERVICE, "web", {"spec": {}}, labels={stamp.MANAGED_BY: stamp.MANAGER})
    assert probing.in_cluster(known(ours))("shop", probe()) == "web.shop.svc"


@pytest.mark.parametrize(
    ("spec", "labels"),
    [({"type": "ExternalName", "externalName": "else.example"}, {stamp.MANAGED_BY: stamp.MANAGER}), ({}, {})],
)
def test_an_external_or_unmanaged_service_is_not_probed(live: Make, spec: Any, labels: Any) -> None:
    address = probing.in_cluster(known(live(SERVICE, "web", {"spec": spec}, labels=labels)))
    with pytest.raises(UnreachableError):
        address("shop", probe())
    with pytest.raises(UnreachableError):
        address("other", probe())


@pytest.mark.parametrize("status", [None, {}, {"podIP": ""}, {"podIP": "10.0.0.1", "hostIP": "10.0.0.1"}])
def test_a_pod_without_its_own_ip_is_not_probed(live: Make, status: Any) -> None:
    pod = msgspec.structs.replace(probe(), target=Ref(POD, "web"))
    with pytest.raises(UnreachableError):
        probing.in_cluster(known(live(POD, "web", {"status": status})))("shop", pod)
    well = {"podIP": "10.244.0.7", "hostIP": "10.0.0.1"}
    assert probing.in_cluster(known(live(POD, "web", {"status": well})))("shop", pod) == "10.244.0.7"
