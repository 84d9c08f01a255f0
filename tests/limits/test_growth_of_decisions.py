"""The work of deciding about the objects of an application grows in proportion to their number."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
import pytest

from rudr_py.api import Dependency, Kind, Ref, Rendered, Trait, TraitContext
from rudr_py.controller.apply import predecessors, prune, successors
from rudr_py.controller.apply.order.teardown import Teardown
from rudr_py.controller.apply.removal.removals import RemovalRequest, Removals
from rudr_py.controller.state.cluster_state import ClusterState, new_cache
from rudr_py.controller.state.inventory import AppliedRecord
from rudr_py.controller.status import rival_scalers
from rudr_py.kube import live_object
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import APPLICATION, COMPONENT_INSTANCE, CONFIG_MAP, DEPLOYMENT, POD
from rudr_py.model.metadata_keys import DEPENDS_ON_ANNOTATION
from rudr_py.model.stepwise import run
from rudr_py.render import render
from rudr_py.render.claims import CLAIM
from rudr_py.render.order import waiting
from rudr_py.render.order.waiting import Circumstances
from rudr_py.render.status import health
from rudr_py.render.status.health import InstanceHealth
from rudr_py.render.status.status import PreviousStatus
from rudr_py.render.status.workloads import Workloads
from rudr_py.render.values import labels
from rudr_py.render.values.inputs import NOTHING
from rudr_py.render.values.plan import Plan
from rudr_py.settings import Settings
from rudr_py.testing import rendering
from tests.controller import caches
from tests.limits import shapes, work

SIZE = 30
GROWTH = 2.3


class Cluster:
    """An application that is applied, with surplus ConfigMaps and claims which its former pod templates name."""

    def __init__(self, size: int) -> None:
        self.plan: Plan = work.plan(shapes.instances(size), work.NO_LIMITS)
        self.application = _live(APPLICATION, "large", "", {})
        self.state = ClusterState()
        names = [f"old-{index}" for index in range(size)]
        kinds = (POD, CLAIM, CONFIG_MAP, COMPONENT_INSTANCE, DEPLOYMENT)
        objects: dict[Kind, list[LiveObject]] = {kind: [] for kind in kinds}
        sources = [
            *({"name": name, "configMap": {"name": name}} for name in names),
            *({"name": f"c-{name}", "persistentVolumeClaim": {"claimName": name}} for name in names),
        ]
        for planned in self.plan.manifests:
            if planned.ref.kind in objects:
                template = {"template": {"spec": {"volumes": sources if planned.instance == "web-0" else []}}}
                owner = "large" if planned.ref.kind == COMPONENT_INSTANCE else f"web-{planned.instance}"
                live = _live(planned.ref.kind, planned.ref.name, owner, template, planned.instance)
                objects[planned.ref.kind].append(live)
        for name in names:
            objects[CONFIG_MAP].append(_live(CONFIG_MAP, name, "web-web-0", {}, "web-0"))
            objects[CLAIM].append(_live(CLAIM, name, "web-web-0", {}, "web-0"))
            objects[COMPONENT_INSTANCE].append(_live(COMPONENT_INSTANCE, name, "large", {}, name))
        _fill(self.state, objects)
        self.records = [AppliedRecord(Ref(CONFIG_MAP, name)) for name in names]

    def schedule(self) -> prune.PruneSchedule:
        """The deletions."""
        return prune.schedule(self.state, self.application, self.plan, self.records)

    def defer(self) -> object:
        """The deletions that wait, where nothing could be applied."""
        denials = {planned.ref: "" for planned in self.plan.manifests}
        return successors.deferred(self.state, "default", self.plan, self.schedule().candidates, denials)

    def complete(self) -> None:
        """All desired objects with their former owners and predecessors."""
        for planned in self.plan.manifests:
            owner = self.state.get(COMPONENT_INSTANCE, "default", f"web-{planned.instance}")
            predecessors.complete(self.state, self.application, self.plan, planned, owner)

    def rivals(self) -> object:
        """The warnings about autoscalers of other owners."""
        return rival_scalers.warnings(self.plan, self.state, "default")


def _fill(state: ClusterState, objects: Mapping[Kind, Iterable[LiveObject]]) -> None:
    for kind, lives in objects.items():
        state.add(kind, "", caches.listed(new_cache(kind), lives))


def _live(kind: Kind, name: str, owner: str, spec: dict[str, Any], instance: str = "", **fields: Any) -> LiveObject:
    owners = [{"apiVersion": "v1", "kind": "Any", "name": owner, "uid": f"uid-{owner}", "controller": True}]
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": "default",
        "uid": f"uid-{name}",
        "resourceVersion": "1",
        **fields,
    }
    metadata["labels"] = labels.labels("large", instance)
    metadata["ownerReferences"] = owners if owner else []
    document = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "spec": spec}
    return live_object.decode(msgspec.json.encode(document))


@pytest.mark.parametrize("decide", [Cluster.schedule, Cluster.defer, Cluster.complete, Cluster.rivals])
def test_twice_the_objects_are_at_most_about_twice_the_work(decide: Callable[[Cluster], object]) -> None:
    decide(Cluster(3))
    single, double = Cluster(SIZE), Cluster(2 * SIZE)
    before, after = work.instructions(lambda: decide(single)), work.instructions(lambda: decide(double))
    assert after <= GROWTH * before, f"{before} -> {after} instructions"


def test_the_cluster_of_the_test_has_surplus_objects_in_use() -> None:
    schedule = Cluster(3).schedule()
    assert {candidate.ref.kind for candidate in schedule.in_use} >= {CONFIG_MAP, CLAIM}
    assert len(schedule.candidates) == 9


class Left:
    """Claims of former instances, each of which fits the volume of each instance."""

    def __init__(self, size: int) -> None:
        self.claims = tuple(
            {
                "metadata": {
                    "name": f"old-{index}-data",
                    "labels": {"app": "former", "instance-name": f"old-{index}", "component-name": "web"},
                }
            }
            for index in range(size)
        )

    def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
        """The claims of no instance."""
        return self.claims if kind == CLAIM and not instance else ()

    def document(self, ref: Ref) -> dict[str, Any] | None:
        """No object of another owner exists."""
        del ref
        return None


def test_twice_the_claims_of_former_instances_and_the_instances_are_about_twice_the_work() -> None:
    def warn(size: int) -> int:
        volume = {"name": "data", "mountPath": "/data", "disk": {"required": "1Gi"}}
        trait = {"name": "volume-mounter", "properties": {"volumeName": "data", "storageClass": "fast"}}
        bindings = [shapes.binding(f"web-{index}", traits=[trait]) for index in range(size)]
        component = shapes.component(container={"resources": {"volumes": [volume]}})
        inputs = msgspec.structs.replace(
            work.inputs([shapes.application(bindings), component], work.NO_LIMITS), observed=Left(size)
        )
        inputs = msgspec.structs.replace(inputs, limits=msgspec.structs.replace(work.NO_LIMITS, problems=1))
        warned = [problem for problem in render.render(inputs, work.CATALOG).warnings if "former" in problem.message]
        assert warned
        return work.instructions(lambda: render.render(inputs, work.CATALOG))

    single, double = warn(SIZE), warn(2 * SIZE)
    assert double <= GROWTH * single, f"{single} -> {double} instructions"


def replaced(size: int) -> tuple[ClusterState, LiveObject, Plan, RemovalRequest]:
    """The removals of an application whose instances are all replaced by others, which are not ready."""
    state, application = ClusterState(), _live(APPLICATION, "large", "", {})
    plan = work.plan(shapes.instances(size), work.NO_LIMITS)
    objects: dict[Kind, list[LiveObject]] = {kind: [] for kind in (COMPONENT_INSTANCE, DEPLOYMENT, POD)}
    for name in (f"old-{index}" for index in range(size)):
        objects[COMPONENT_INSTANCE].append(_live(COMPONENT_INSTANCE, f"web-{name}", "large", {}, name))
        objects[DEPLOYMENT].append(_live(DEPLOYMENT, name, f"web-{name}", {"template": {}}, name))
        objects[POD].append(_live(POD, name, name, {}, name))
    for instance in plan.instances:
        objects[POD].append(_live(POD, instance.name, instance.name, {}, instance.name))
    _fill(state, objects)

    async def healths() -> tuple[InstanceHealth, ...]:
        return assessment

    assessment = tuple(health.assess(plan, NOTHING, rendering.NOW).instances)
    request = RemovalRequest(policy="after-ready", version="2", now=rendering.NOW, healths=healths)
    return state, application, plan, request


async def remove(state: ClusterState, application: LiveObject, plan: Plan, request: RemovalRequest) -> int:
    """Decide twice which deletions wait, the second time after all added ones were ready once; return their number."""
    for _ in range(2):
        removal = Removals(state, Settings()).begin(application, plan, request)
        await removal.assess(())
        assert removal.pending
        pending = tuple(msgspec.structs.replace(one, ready=one.added) for one in removal.pending)
        request = msgspec.structs.replace(request, before=PreviousStatus(replacements=pending))
    candidates = prune.schedule(state, application, plan, ()).candidates
    return len(removal.deferred(candidates))


def test_twice_the_replaced_instances_are_at_most_about_twice_the_work() -> None:
    assert asyncio.run(remove(*replaced(3))) == 6
    single, double = replaced(SIZE), replaced(2 * SIZE)
    before = work.instructions(lambda: asyncio.run(remove(*single)))
    after = work.instructions(lambda: asyncio.run(remove(*double)))
    assert after <= GROWTH * before, f"{before} -> {after} instructions"


DEPENDENCIES = 8
"""The number of instances on which each one depends."""


class After(Trait[dict[str, Any]]):
    """Returns the dependencies in its properties."""

    name = "after"

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
        """One dependency for each name."""
        return Rendered(depends_on=tuple(Dependency(instance=name) for name in ctx.properties["on"]))


def former(index: int) -> list[str]:
    """The instances on which one depends."""
    return [f"web-{other}" for other in range(max(0, index - DEPENDENCIES), index)]


def wait(size: int) -> int:
    """The work of finding the instances that wait, none of which exists."""
    bindings = [
        shapes.binding(f"web-{index}", traits=[{"name": "after", "properties": {"on": former(index)}}])
        for index in range(size)
    ]
    inputs = work.inputs([shapes.application(bindings), shapes.component()], work.NO_LIMITS)
    plan = render.render(inputs, rendering.catalog((After(),)))
    assert not plan.problems
    workloads = Workloads(plan, NOTHING, rendering.NOW, {}, {})
    circumstances = Circumstances(workloads=workloads, is_current=lambda _: False, now=rendering.NOW)
    waiting_plans: list[Plan] = []
    count = work.instructions(lambda: waiting_plans.append(run(waiting.steps(plan, circumstances))))
    assert len(waiting_plans[0].held_instances) == size - 1
    return count


def tear_down(size: int) -> int:
    """The work of finding the instances to delete first."""
    component_instances = []
    for index in range(size):
        annotations = {DEPENDS_ON_ANNOTATION: ",".join(former(index))}
        name = f"web-{index}"
        component_instances.append(_live(COMPONENT_INSTANCE, name, "large", {}, name, annotations=annotations))
    return work.instructions(lambda: Teardown("large", component_instances).first)


@pytest.mark.parametrize("count", [wait, tear_down])
def test_twice_the_instances_in_order_are_at_most_about_twice_the_work(count: Callable[[int], int]) -> None:
    count(3)
    single, double = count(2 * SIZE), count(4 * SIZE)
    assert double <= GROWTH * single, f"{single} -> {double} instructions"
