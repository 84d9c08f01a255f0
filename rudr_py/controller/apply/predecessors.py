"""The objects that an instance had before: its earlier owners, and the workload that another one succeeds. Pure.

A ComponentInstance is named for a component and an instance. An instance that moves to another component therefore gets
a new one; its objects keep their names and pass to it. A workload of another kind is a new object: it is created when
the earlier workload and its pods have ended, so that the code of an instance never runs twice because its type changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from rudr_py.api import Kind, Ref, get_in, naming
from rudr_py.controller.apply import desired as desired_objects
from rudr_py.controller.apply import runs
from rudr_py.controller.apply.claims import access
from rudr_py.controller.apply.desired import DesiredObject
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.errors import ApiError
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import COMPONENT_INSTANCE, DEPLOYMENT, JOB, REPLICA_SET, STATEFUL_SET
from rudr_py.render.values import labels
from rudr_py.render.values.plan import Plan, PlannedObject


def complete(
    state: ClusterState, application: LiveObject, plan: Plan, planned: PlannedObject, owner: LiveObject | None
) -> DesiredObject:
    """The desired object with its former owners, and with everything that prevents its creation or its apply."""
    former_owners = _former_owners(state, application, plan, planned)
    desired = desired_objects.complete(planned, owner, former_owners)
    if refusal := access.refusal(state, application, plan, planned):
        return msgspec.structs.replace(desired, claim_refusal=refusal)
    if owner is None or not is_workload(planned.ref, planned.body.get("spec"), planned.instance):
        return desired
    predecessors = tuple(_predecessors(state, application.namespace, plan, planned, {owner.uid, *former_owners}))
    refs = tuple(Ref(kind, live.name) for kind, live in predecessors)
    return msgspec.structs.replace(
        desired,
        predecessors=tuple(ref for ref, (_, live) in zip(refs, predecessors, strict=True) if not live.deleting),
        awaited=(*map(str, refs), *sorted(_awaited_pods(state, application, plan, planned, refs))),
    )


def may_be_lifted(error: ApiError) -> bool:
    """Whether a dry run of a successor may fail so although its creation succeeds after the end of its predecessors.

    A quota that they use is free then, and some webhooks do not support dry runs.
    """
    return any(text in error.message for text in ("exceeded quota", "does not support dry run"))


def _former_owners(state: ClusterState, application: LiveObject, plan: Plan, planned: PlannedObject) -> frozenset[str]:
    """The uids of the application's other ComponentInstances for the instance of a planned object."""
    if planned.owner != "instance":
        return frozenset()
    owner = plan.owner_of(planned)
    label = labels.labels(application.name, planned.instance)[labels.INSTANCE]
    instances = state.component_instances_of(application, label)
    return frozenset(live.uid for live in instances if live.name != owner.name and is_of(live, label))


def is_of(live: LiveObject, instance: str) -> bool:
    """Whether a ComponentInstance is of this instance. Those of Rudr have no labels, only their name."""
    return live.labels.get(labels.INSTANCE, instance if live.name.endswith(f"-{instance}") else "") == instance


def is_workload(ref: Ref, spec: Any, instance: str) -> bool:
    """Whether an object runs the pods of an instance: it has a pod template, or the kind of a custom workload type.

    The object of a custom type is named like its instance; other objects of custom kinds have a suffix.
    """
    if isinstance(spec, dict) and ("template" in spec or "jobTemplate" in spec):
        return True
    is_custom = "." in ref.kind.group and not ref.kind.group.endswith(".k8s.io") and ref.kind != COMPONENT_INSTANCE
    return is_custom and ref.name == naming.join(instance)


def _predecessors(
    state: ClusterState, namespace: str, plan: Plan, planned: PlannedObject, owners: set[str]
) -> Iterator[tuple[Kind, LiveObject]]:
    """The live workloads of these owners that the plan lacks."""
    for uid in sorted(owners - {""}):
        for kind, live in state.owned_by(uid, namespace):
            ref = Ref(kind, live.name)
            is_kept = (kind.group, kind.kind, live.name) in plan.identities
            if not is_kept and is_workload(ref, live.part("spec"), planned.instance):
                yield kind, live


def _awaited_pods(
    state: ClusterState, application: LiveObject, plan: Plan, planned: PlannedObject, predecessors: tuple[Ref, ...]
) -> Iterator[str]:
    """The pods of the instance, other than those of its planned objects, whose containers may still run.

    Those that the object itself will adopt or replace count only for the strategy Recreate: its new pods would run
    beside a pod that is being deleted, or that has lost its ReplicaSet.
    """
    own = (planned.ref.kind.kind, planned.ref.name)
    kept = {(one.ref.kind.kind, one.ref.name) for one in plan.objects_of(planned.instance)}
    earlier = {(ref.kind.kind, ref.name) for ref in predecessors}
    for pod in state.pods(application.namespace, application.name, planned.instance):
        if pod.labels.get(labels.APPLICATION) != application.name:
            continue
        workload = workload_of(pod)
        if workload == own or _is_adopted(pod, planned):
            awaited = (pod.deleting or not pod.owner_uid) and _is_recreated(planned)
        else:
            same_name = workload[1] == planned.ref.name
            awaited = workload not in kept and (pod.deleting or same_name or workload in earlier)
        if awaited and not runs.has_ended(pod):
            yield f"pod/{pod.name}"


def workload_of(pod: LiveObject) -> tuple[str, str]:
    """Kind and name of the workload of a pod; of a pod without owner, those of the workload that created it."""
    if pod.owner_kind == REPLICA_SET.kind:
        return DEPLOYMENT.kind, pod.owner_name.rpartition("-")[0]
    if pod.owner_uid:
        return pod.owner_kind, pod.owner_name
    name = pod.name.rpartition("-")[0]
    if "pod-template-hash" in pod.labels:
        return DEPLOYMENT.kind, name.rpartition("-")[0]
    return (JOB.kind, pod.labels["job-name"]) if "job-name" in pod.labels else ("", name)


def _is_adopted(pod: LiveObject, planned: PlannedObject) -> bool:
    """Whether a StatefulSet adopts a pod without owner, which its replaced predecessor has left, by its selector."""
    number = pod.name.removeprefix(f"{planned.ref.name}-")
    selector = get_in(planned.body, "spec", "selector", "matchLabels", default={})
    is_numbered = planned.ref.kind == STATEFUL_SET and number.isdecimal() and not pod.owner_uid
    return is_numbered and bool(selector) and selector.items() <= pod.labels.items()


def _is_recreated(planned: PlannedObject) -> bool:
    return get_in(planned.body, "spec", "strategy", "type", default="") == "Recreate"
