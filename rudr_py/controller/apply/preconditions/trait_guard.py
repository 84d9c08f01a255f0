"""Decides how the objects of traits precede the workload of a new instance (TR-8). Pure.

An instance is not deployed if the API server refuses an object of its traits. Their objects are applied before the
workload; if one fails, everything of the instance that this has created is deleted. A dry run before the first write
replaces that where an object has failed lately, and where a deletion could destroy more than was created. An instance
that exists is not stopped for a trait: its other objects are kept as planned.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec

from rudr_py.api import Ref
from rudr_py.controller.apply import predecessors
from rudr_py.controller.apply.prune import PruneCandidate
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.live_object import LiveObject
from rudr_py.render.claims import CLAIM
from rudr_py.render.values import labels
from rudr_py.render.values.plan import InstancePlan, Plan, PlannedObject

AUTOSCALING = "autoscaling"
"""The group of the objects that a workload type adds for the scale of a trait."""

_NATIVE_DOMAIN = ".k8s.io"


class PastApplies(msgspec.Struct, frozen=True):
    """The objects that have been applied, those that failed in the last attempt, and the instances that have run."""

    applied: Collection[Ref] = ()
    failed: Collection[Ref] = ()
    run: Collection[str] = ()


class TraitGuard:
    """The objects of traits that a new instance needs before its workload.

    `rehearsed` are created in a dry run before the first write. `guarded` are applied before the workload of their
    instance, and their failure holds the instance. `withdrawn` are the instances of which a failure leaves nothing.
    """

    def __init__(self, plan: Plan, state: ClusterState, namespace: str, past: PastApplies) -> None:
        self._state = state
        self._namespace = namespace
        self.rehearsed: list[PlannedObject] = []
        self.guarded: set[Ref] = set()
        self.withdrawn: set[str] = set()
        self._workloads: set[Ref] = set()
        for instance in plan.instances:
            if instance.traits:
                self._add(instance, plan.objects_of(instance.name), past)

    def exists(self, ref: Ref) -> bool:
        """Whether the cluster has this object."""
        return self._live(ref) is not None

    def order(self, plan: Plan) -> Sequence[PlannedObject]:
        """The objects of the plan in the order of their applies: each workload after the guarded objects."""
        if not self.guarded:
            return plan.manifests
        ordered: list[PlannedObject] = []
        last = {planned.instance: planned.ref for planned in plan.manifests if planned.ref in self.guarded}
        delayed: dict[str, list[PlannedObject]] = {}
        for planned in plan.manifests:
            if planned.instance in last and planned.ref in self._workloads:
                delayed.setdefault(planned.instance, []).append(planned)
                continue
            ordered.append(planned)
            if last.get(planned.instance) == planned.ref:
                del last[planned.instance]
                ordered += delayed.get(planned.instance, ())
        return ordered

    def surplus(self, plan: Plan, held: Collection[str]) -> Iterator[list[PruneCandidate]]:
        """The objects of held instances that nothing has used yet, and then their owners."""
        instances = [one for one in plan.instances if one.name in held and one.name in self.withdrawn]
        owners = {instance.owner for instance in instances}
        live = [(one.ref, self._live(one.ref)) for instance in instances for one in plan.objects_of(instance.name)]
        candidates = [
            PruneCandidate(ref, one) for ref, one in live if one is not None and labels.is_managed(one.labels)
        ]
        yield [one for one in candidates if one.ref not in owners]
        yield [one for one in candidates if one.ref in owners]

    def _live(self, ref: Ref) -> LiveObject | None:
        return self._state.get(ref.kind, self._namespace, ref.name)

    def _add(self, instance: InstancePlan, objects: Sequence[PlannedObject], past: PastApplies) -> None:
        refs = instance.workload.refs
        workloads = {
            one.ref
            for one in objects
            if one.ref in refs and predecessors.is_workload(one.ref, one.body.get("spec"), instance.name)
        }
        if any(self.exists(ref) for ref in workloads):
            return
        added = frozenset(ref for trait in instance.traits for ref in trait.refs)
        of_traits = [one for one in objects if one.ref in added or one.ref.kind.group == AUTOSCALING]
        absent = [one for one in of_traits if not one.adopt and not self.exists(one.ref)]
        # an object of a custom kind that refers to the workload is left out: its webhook may require that this exists
        due = [one for one in absent if not _may_need_workload(one, instance)]
        is_disposable = (
            bool(workloads) and len(due) == len(absent) and not self._has_run(instance, objects, workloads, past)
        )
        if is_disposable:
            self.withdrawn.add(instance.name)
            self.guarded |= {one.ref for one in due}
            self._workloads |= workloads
        if any(one.ref in past.failed for one in due) if is_disposable else not any(map(self.exists, refs)):
            self.rehearsed += due

    def _has_run(
        self, instance: InstancePlan, objects: Sequence[PlannedObject], workloads: set[Ref], past: PastApplies
    ) -> bool:
        """Whether the instance may have objects of value: claims, an earlier workload, or objects of Rudr."""
        if instance.name in past.run or any(ref in past.applied for ref in workloads):
            return True
        if any(one.adopt or one.ref.kind == CLAIM for one in objects):
            return True
        planned = {one.ref for one in objects}
        owner = self._live(instance.owner)
        owned = self._state.owned_by(owner.uid, self._namespace) if owner is not None else ()
        return any(Ref(kind, live.name) not in planned for kind, live in owned)


def _may_need_workload(planned: PlannedObject, instance: InstancePlan) -> bool:
    group = planned.ref.kind.group
    is_custom = "." in group and not group.endswith(_NATIVE_DOMAIN)
    return is_custom and _refers_to(planned.body, frozenset(ref.name for ref in instance.workload.refs))


def _refers_to(value: Any, names: frozenset[str], key: str = "") -> bool:
    """Whether a value contains one of these names in a reference: a map below a key that ends with Ref."""
    if isinstance(value, dict):
        if key.endswith("Ref") and value.get("name") in names:
            return True
        return any(_refers_to(item, names, name) for name, item in value.items())
    return isinstance(value, list) and any(_refers_to(item, names, key) for item in value)
