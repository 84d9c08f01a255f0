"""Kill points: the controller is killed at every request of a scenario, and a new one takes over."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from rudr_py.model.kinds import APPLICATION
from tests.simulation import expected, virtual_loop
from tests.simulation.cluster import SimulatedCluster
from tests.simulation.documents import (
    AUTO,
    INGRESS,
    SINGLETON_SERVER,
    TASK,
    WORKER,
    application,
    binding,
    component,
    manual,
    volume,
)
from tests.simulation.invariants import Invariants
from tests.simulation.network import Exchange
from tests.simulation.virtual_loop import VirtualLoop

Document = dict[str, Any]
KillTime = Literal["before", "sent", "answered"]
TIMES: tuple[KillTime, ...] = ("before", "sent", "answered")

VOLATILE = frozenset(
    {
        "attachedAt",
        "batch.kubernetes.io/controller-uid",
        "clusterIP",
        "clusterIPs",
        "controller-uid",
        "creationTimestamp",
        "deployment.kubernetes.io/revision",
        "deletionTimestamp",
        "digest",
        "firstSeen",
        "generation",
        "lastTransitionTime",
        "managedFields",
        "observedGeneration",
        "resourceVersion",
        "checkpoint",
        "rudr.oam.dev/applied",  # it contains the uid of the owner
        "since",
        "uid",
        "volumeName",
    }
)
"""Fields that differ between two runs with the same result."""


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """The documents before the change, and the change."""

    name: str
    before: tuple[Document, ...] = ()
    change: Callable[[SimulatedCluster], None]


class KillPoint(msgspec.Struct, frozen=True):
    """The number of a request after the change, from 0, and the time of the kill."""

    request: int
    time: KillTime


class Result(msgspec.Struct, frozen=True):
    """The final state, the broken invariants, and the number of requests after the change."""

    state: bytes
    violations: tuple[str, ...]
    requests: int


def _delete(cluster: SimulatedCluster) -> None:
    cluster.delete(APPLICATION, "shop")


def _applying(*documents: Document) -> Callable[[SimulatedCluster], None]:
    def change(cluster: SimulatedCluster) -> None:
        for document in documents:
            cluster.apply(document)

    return change


WEB, SHOP = component("web", config="level=1"), application("shop", binding("web", "shop-web", manual(2)))
SCENARIOS = (
    Scenario(name="create", change=_applying(WEB, application("shop", binding("web", "shop-web", AUTO, INGRESS)))),
    Scenario(
        name="change",
        before=(WEB, SHOP),
        change=_applying(
            component("web", config="level=2", image="registry.example/web:2"),
            application("shop", binding("web", "shop-web", manual(3), greeting="changed")),
        ),
    ),
    Scenario(
        name="rename-instance",
        before=(WEB, SHOP),
        change=_applying(application("shop", binding("web", "shop-renamed", manual(2)))),
    ),
    Scenario(
        name="move-to-another-component",
        before=(WEB, component("other", config="level=1"), SHOP),
        change=_applying(application("shop", binding("other", "shop-web", manual(2)))),
    ),
    Scenario(
        name="change-workload-type",
        before=(WEB, application("shop", binding("web", "shop-web"))),
        change=_applying(component("web", SINGLETON_SERVER, config="level=1")),
    ),
    Scenario(
        name="change-workload-type-of-a-deployment",
        before=(component("web"), application("shop", binding("web", "shop-web"))),
        change=_applying(component("web", WORKER)),
    ),
    Scenario(
        name="change-workload-type-to-a-task",
        before=(component("worker", WORKER), application("shop", binding("worker", "shop-worker"))),
        change=_applying(component("worker", TASK)),
    ),
    Scenario(
        name="remove-traits",
        before=(WEB, application("shop", binding("web", "shop-web", AUTO, INGRESS))),
        change=_applying(application("shop", binding("web", "shop-web"))),
    ),
    Scenario(
        name="add-an-exclusive-volume",
        before=(component("web"), application("shop", binding("web", "shop-web"))),
        change=_applying(
            component("web", claim=True), application("shop", binding("web", "shop-web", volume("retain")))
        ),
    ),
    Scenario(
        name="delete-with-reclaim",
        before=(component("store", claim=True), application("shop", binding("store", "shop-store", volume("delete")))),
        change=_delete,
    ),
)


def run(scenario: Scenario, point: KillPoint | None = None) -> Result:
    """Run a scenario to its end, with or without a kill."""
    random.seed(0)
    loop = VirtualLoop()
    cluster = SimulatedCluster("kill points", loop)
    return virtual_loop.run(_run(cluster, scenario, point), loop)


async def _run(cluster: SimulatedCluster, scenario: Scenario, point: KillPoint | None) -> Result:
    await cluster.start()
    invariants = Invariants(cluster)
    cluster.start_controller("main")
    for document in scenario.before:
        cluster.apply(copy.deepcopy(document))
    await cluster.rest()
    count = 0

    def direct(exchange: Exchange) -> None:
        nonlocal count
        if ("watch", "true") in exchange.request.query:
            return
        if point is not None and count == point.request:
            exchange.kill = point.time
            cluster.loop.call_later(1.0, cluster.start_controller, "main")
        count += 1

    cluster.network.direct = direct
    scenario.change(cluster)
    await cluster.rest()
    invariants.at_rest()
    return Result(msgspec.json.encode(state(cluster)), tuple(cluster.violations), count)


def points(requests: int) -> tuple[KillPoint, ...]:
    """All kill points of a scenario with this number of requests."""
    return tuple(KillPoint(request, time) for request in range(requests) for time in TIMES)


def state(cluster: SimulatedCluster) -> list[Document]:
    """The applications and the objects of rudr, without what differs between two runs with the same result."""
    objects = [obj for obj in cluster.objects() if expected.is_applied(obj["metadata"]) or _is_document(obj)]
    return [_stable(obj if _is_document(obj) else {**obj, "status": None}) for obj in objects]


def _is_document(obj: Document) -> bool:
    return bool(obj["kind"] == APPLICATION.kind)


def _stable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _stable(item) for key, item in sorted(value.items()) if key not in VOLATILE}
    return [_stable(item) for item in value] if isinstance(value, list) else value
