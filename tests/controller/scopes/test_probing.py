"""When members are asked, what the answers come to, and who is woken by it. Time passes by the fake clock only."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from rudr_py.api import Member, Probe, Ref
from rudr_py.controller.scopes import probing
from rudr_py.controller.scopes.probing import MAX_CONCURRENT, Probing, UnreachableError
from rudr_py.controller.state.applications import Applications
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.cache import Cache
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.prober import ProbeRequest
from rudr_py.kube.watch import Applied
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION, COMPONENT_INSTANCE, POD, SERVICE
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

    def _address(self, application: ObjectKey, scope: str, one: Probe) -> str:
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


OWN = {stamp.MANAGED_BY: stamp.MANAGER}
OF_WEB = {stamp.APPLICATION: "store", stamp.INSTANCE: "web"}


def _state(live: Make, probed: LiveObject) -> ClusterState:
    """The application `store` with the member `web`, and the application `other`, each with a ComponentInstance."""
    state = ClusterState()
    instances = tuple(_owner(live, name) for name in ("store", "other"))
    for kind, objects in ((COMPONENT_INSTANCE, instances), (SERVICE, (probed,)), (POD, (probed,))):
        cache = Cache()
        for one in objects:
            cache.feed(Applied(one))
        state.add(kind, "", cache)
    member = Member(application="store", instance="web", component="web", workload="x/v1.Y", service="web")
    state.applications.scopes.set_members(ObjectKey("shop", "store"), {("groups", "well"): (member,)})
    return state


def _owner(live: Make, application: str) -> LiveObject:
    owner = live(APPLICATION, application)
    return live(COMPONENT_INSTANCE, f"web-{application}", ownerReferences=_reference(owner))


def _reference(owner: LiveObject) -> list[dict[str, Any]]:
    kind = {"apiVersion": owner.api_version, "kind": owner.kind}
    return [{**kind, "name": owner.name, "uid": owner.uid, "controller": True}]


def _service(live: Make, owner: str, spec: Any = None, labels: Any = None) -> LiveObject:
    references = _reference(_owner(live, owner)) if owner else []
    return live(
        SERVICE, "web", {"spec": spec or {}}, labels=OWN if labels is None else labels, ownerReferences=references
    )


def test_a_managed_service_is_probed_by_its_dns_name(live: Make) -> None:
    own = _service(live, "store")
    assert probing.in_cluster(_state(live, own))(KEY, "well", probe()) == "web.shop.svc"


@pytest.mark.parametrize(
    ("spec", "labels"), [({"type": "ExternalName", "externalName": "else.example"}, OWN), ({}, {})]
)
def test_an_external_or_unmanaged_service_is_not_probed(live: Make, spec: Any, labels: Any) -> None:
    service = _service(live, "store", spec, labels)
    address = probing.in_cluster(_state(live, service))
    for application in (KEY, ObjectKey("other", "groups")):
        with pytest.raises(UnreachableError):
            address(application, "well", probe())


@pytest.mark.parametrize("owner", ["other", ""])
def test_a_service_of_another_owner_than_the_member_is_not_probed(live: Make, owner: str) -> None:
    service = _service(live, owner, labels={**OWN, **OF_WEB})
    with pytest.raises(UnreachableError):
        probing.in_cluster(_state(live, service))(KEY, "well", probe())


def test_a_service_of_a_member_of_another_scope_is_not_probed(live: Make) -> None:
    own = _service(live, "store")
    with pytest.raises(UnreachableError):
        probing.in_cluster(_state(live, own))(KEY, "else", probe())


POD_PROBE = msgspec.structs.replace(probe(), target=Ref(POD, "web"))
WELL = {"podIP": "10.244.0.7", "hostIP": "10.0.0.1"}


@pytest.mark.parametrize("status", [None, {}, {"podIP": ""}, {"podIP": "10.0.0.1", "hostIP": "10.0.0.1"}])
def test_a_pod_without_its_own_ip_is_not_probed(live: Make, status: Any) -> None:
    with pytest.raises(UnreachableError):
        probing.in_cluster(_state(live, live(POD, "web", {"status": status}, labels=OF_WEB)))(KEY, "well", POD_PROBE)
    pod = live(POD, "web", {"status": WELL}, labels=OF_WEB)
    assert probing.in_cluster(_state(live, pod))(KEY, "well", POD_PROBE) == "10.244.0.7"


@pytest.mark.parametrize("changed", [{stamp.APPLICATION: "other"}, {stamp.INSTANCE: "db"}])
def test_a_pod_of_another_application_or_instance_than_the_member_is_not_probed(live: Make, changed: Any) -> None:
    pod = live(POD, "web", {"status": WELL}, labels={**OF_WEB, **changed})
    with pytest.raises(UnreachableError):
        probing.in_cluster(_state(live, pod))(KEY, "well", POD_PROBE)
