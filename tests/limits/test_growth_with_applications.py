"""The work for an event does not grow with the number of applications that it does not concern.

Work is counted in calls of functions of the controller, in a simulation over applications that are in sync.
"""

from __future__ import annotations

import asyncio
import copy
import functools
import gc
import statistics
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import rudr_py
from bench import copies, environment
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import Store
from rudr_py.model.crd_schemas import crds
from rudr_py.model.kinds import APPLICATION, COMPONENT, DEPLOYMENT, NAMESPACE, POD, TRAIT_DEFINITION
from rudr_py.testing import rendering
from tests.simulation import virtual_loop
from tests.simulation.cluster import SYSTEM, SimulatedCluster
from tests.simulation.virtual_loop import VirtualLoop

FEW, MANY = 11, 191
"""Numbers of applications, ten to a namespace: the last namespace has one."""

SLACK = 120
"""The most further calls for MANY applications: less than one for each."""

REPEATS = 9
"""Repetitions of each event, of which the median counts: reports are coalesced, and watches make progress, by chance.

The repetitions differ: an application has one revision more after each.
"""

SOURCES = str(Path(rudr_py.__file__).parent)
LOCAL = f"{SOURCES}/local"

Document = dict[str, Any]
Act = Callable[[SimulatedCluster, int], object]


def kind_info(kind: Any) -> KindInfo:
    return KindInfo(kind.api_version, kind.kind)


def changed(
    cluster: SimulatedCluster,
    kind: Any,
    name: str,
    change: Callable[[Document], None],
    *,
    namespace: str = "bench-0",
    status: bool = False,
) -> None:
    """Change an object; by default one in the namespace of the application 0."""
    client = cluster.local.client
    stored = client.get(kind_info(kind), "" if kind == NAMESPACE else namespace, name)
    assert stored is not None, name
    document = copy.deepcopy(stored)
    change(document)
    (client.update_status if status else client.update)(document)


def label(number: int, document: Document) -> None:
    document["metadata"].setdefault("labels", {})["number"] = str(number)


def edit(cluster: SimulatedCluster, number: int) -> None:
    spec = environment.edited(0, f"hello-{number}")["spec"]
    changed(cluster, APPLICATION, "app-0", lambda document: document.update(spec=spec))


def edit_component(cluster: SimulatedCluster, number: int) -> None:
    def change(document: Document) -> None:
        document["spec"]["containers"][0]["image"] = f"registry.example/web:{number}"

    last = f"bench-{len(cluster.local.client.list(kind_info(COMPONENT))) - 1}"
    changed(cluster, COMPONENT, "web", change, namespace=last)


def drift(cluster: SimulatedCluster, number: int) -> None:
    def change(document: Document) -> None:
        document["spec"]["template"]["spec"]["containers"][0]["image"] = f"registry.example/other:{number}"

    changed(cluster, DEPLOYMENT, "app-0-web", change)


def report(cluster: SimulatedCluster, number: int) -> None:
    def change(document: Document) -> None:
        document["status"]["readyReplicas"] = document["status"]["availableReplicas"] = number % 2

    changed(cluster, DEPLOYMENT, "app-0-web", change, status=True)


def report_pod(cluster: SimulatedCluster, number: int) -> None:
    pod = next(iter(cluster.local.client.list(kind_info(POD), "bench-0")))
    changed(cluster, POD, pod["metadata"]["name"], functools.partial(label, number))


def define(cluster: SimulatedCluster, number: int) -> None:
    metadata = {"name": f"unused-{number}", "namespace": SYSTEM}
    header = {"apiVersion": TRAIT_DEFINITION.api_version, "kind": TRAIT_DEFINITION.kind}
    cluster.local.client.create({**header, "metadata": metadata, "spec": {"appliesTo": ["*"]}})


def add(cluster: SimulatedCluster, number: int) -> None:
    document = environment.application(10_000 + number)
    document["metadata"]["namespace"] = "bench-0"
    cluster.local.client.create(document)


def relist(cluster: SimulatedCluster, _number: int) -> None:
    cluster.network.cut_watches()


EVENTS: dict[str, Act] = {
    "an edit of an application": edit,
    "a label of an application": lambda cluster, number: changed(
        cluster, APPLICATION, "app-0", functools.partial(label, number)
    ),
    "a new application": add,
    "an edit of a component of one application": edit_component,
    "an edit of a child by another client": drift,
    "a report of a Deployment": report,
    "a change of a pod": report_pod,
    "a label of a namespace": lambda cluster, number: changed(
        cluster, NAMESPACE, "bench-0", functools.partial(label, number)
    ),
    "a definition of a type that no application uses": define,
    "watches that are resumed": relist,
    "rest": lambda _cluster, _number: None,
}


def run(scenario: Callable[[SimulatedCluster], Coroutine[Any, Any, Any]], seed: str) -> Any:
    loop = VirtualLoop()
    return virtual_loop.run(scenario(SimulatedCluster(seed, loop)), loop)


@functools.cache
def converged() -> Store:
    """A cluster with one application that is ready."""

    async def scenario(cluster: SimulatedCluster) -> Store:
        await cluster.start()
        cluster.local.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "bench-0"}})
        for document in (environment.component(), environment.application(0)):
            cluster.local.client.create(environment.placed(document, 0))
        cluster.start_controller("one")
        await asyncio.sleep(60.0)
        return cluster.local.backend.store

    store: Store = run(scenario, "source")
    return store


def load(cluster: SimulatedCluster, source: Store, count: int) -> None:
    """Store applications in sync, without controllers of a cluster."""
    for name in ("default", SYSTEM):
        cluster.local.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    for document in crds.documents():
        cluster.local.client.create(document)
    copies.load(source, cluster.local.backend.store, rendering.catalog(()), count)


async def start(cluster: SimulatedCluster) -> None:
    """Start a controller, and wait until it is at rest."""
    cluster.start_controller("one")
    await asyncio.sleep(60.0)
    assert not cluster.writes, cluster.writes


class Calls:
    """Counts the calls that functions of the controller execute inside the context."""

    def __init__(self) -> None:
        self.count = 0

    def __enter__(self) -> Calls:
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_error: object) -> None:
        sys.setprofile(None)

    def _note(self, frame: FrameType, event: str, _argument: object) -> None:
        if event in ("call", "c_call"):
            name = frame.f_code.co_filename
            self.count += name.startswith(SOURCES) and not name.startswith(LOCAL)


@functools.cache
def work(count: int) -> dict[str, list[int]]:
    """The calls for each event over so many applications. Each event happens REPEATS times."""
    source = converged()

    async def scenario(cluster: SimulatedCluster) -> dict[str, list[int]]:
        load(cluster, source, count)
        await start(cluster)
        calls: dict[str, list[int]] = {}
        for name, act in EVENTS.items():
            counts = []
            for number in range(REPEATS):
                with Calls() as counted:
                    act(cluster, number)
                    await asyncio.sleep(5.0)
                counts.append(counted.count)
            calls[name] = counts
        return calls

    result: dict[str, list[int]] = run(scenario, "growth")
    return result


def tracked(count: int) -> int:
    """The objects of the controller that a full garbage collection reads, over so many applications at rest."""
    source = converged()

    async def scenario(cluster: SimulatedCluster) -> int:
        load(cluster, source, count)
        gc.collect()
        gc.freeze()
        try:
            await start(cluster)
            applications = cluster.process("one")._sources._state.applications
            for key in tuple(applications._states):
                applications.get(key).shrink()  # as those beyond the number of plans that are kept
            gc.collect()
            return len(gc.get_objects())
        finally:
            gc.unfreeze()

    objects: int = run(scenario, "tracked")
    return objects


def test_a_garbage_collection_reads_at_most_three_objects_for_an_application_at_rest() -> None:
    # one is its state; the rest are those of its namespace and its component
    tracked(FEW)  # imports and caches
    few, many = tracked(FEW), tracked(FEW + 50)
    assert many - few <= 3 * 50, f"{few} objects with {FEW} applications, {many} with 50 more"


@pytest.mark.slow
@pytest.mark.parametrize("event", EVENTS)
def test_the_work_for_an_event_does_not_grow_with_the_number_of_other_applications(event: str) -> None:
    few, many = work(FEW)[event], work(MANY)[event]
    growth = statistics.median(more - less for less, more in zip(few, many, strict=True))
    assert growth <= SLACK, f"{few} calls with {FEW} applications, {many} with {MANY}"
