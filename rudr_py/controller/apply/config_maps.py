"""Decide which ConfigMaps pods may still read, now or after a restart. Pure.

A pod reads a ConfigMap whenever one of its containers is created: after an eviction, on another node, or when a rollout
is undone. So a ConfigMap is deleted only when no pod and no revision that can still create pods names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rudr_py.api import Kind, Ref, get_in, kstatus
from rudr_py.controller.apply import dependencies, runs
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import CONFIG_MAP, DEPLOYMENT, JOB
from rudr_py.render.values import labels
from rudr_py.render.values.plan import Plan, PlannedObject

_LABELS = (labels.APPLICATION, labels.INSTANCE)


class PlannedWorkloads:
    """The planned objects with a pod template, by the labels of their instances."""

    def __init__(self, plan: Plan) -> None:
        self._by_instance: dict[str | None, list[PlannedObject]] = {}
        for planned in plan.manifests:
            if not planned.inputs_digest and "template" in (planned.body.get("spec") or {}):
                label = planned.body["metadata"]["labels"].get(labels.INSTANCE, "")
                for instance in (label, None):
                    self._by_instance.setdefault(instance, []).append(planned)

    def of(self, instance: str | None) -> Sequence[PlannedObject]:
        """The workloads of an instance, of all for None."""
        return self._by_instance.get(instance, ())


def in_use(
    refs: frozenset[Ref], instance: str | None, workloads: PlannedWorkloads, namespace: str, state: ClusterState
) -> frozenset[Ref]:
    """Those objects, of one instance and not planned, that pods may still read; only ConfigMaps are read.

    `instance` is the value of its label, None if it is unknown.

    One is in use while a live workload or pod of its instance names it, and while an earlier revision of a planned
    workload may have replicas without pods.
    """
    refs = frozenset(ref for ref in refs if ref.kind == CONFIG_MAP)
    if _has_hidden_revisions(instance, workloads, namespace, state):
        return refs
    users_of = dependencies.users_of(state, namespace, refs, instance)
    return frozenset(
        ref for ref, users in users_of.items() if any(not _has_ended(user.kind, live) for user, live in users)
    )


def _has_hidden_revisions(
    instance: str | None, workloads: PlannedWorkloads, namespace: str, state: ClusterState
) -> bool:
    """Whether an earlier revision of a planned workload of an instance, None for any, may create pods anew.

    A workload that is absent, or whose controller has not observed its last change, may have one. Pods are cached
    without their environment, so those of a workload that reads ConfigMaps as variables do not count.
    """
    for planned in workloads.of(instance):
        application, label = (planned.body["metadata"]["labels"].get(key, "") for key in _LABELS)
        live = state.get(planned.ref.kind, namespace, planned.ref.name)
        pods = () if _reads_variables(planned.body["spec"]) else state.pods(namespace, application, label)
        if live is None or not _is_represented(live.document(), pods):
            return True
    return False


def _reads_variables(spec: Any) -> bool:
    """Whether a pod spec inside a value reads environment variables from a ConfigMap."""
    return any(ref.kind == CONFIG_MAP for ref in dependencies.references(spec, dependencies.VARIABLES))


def _is_represented(workload: Mapping[str, Any], pods: Iterable[LiveObject]) -> bool:
    """Whether each revision of a workload that may create pods anew has a pod; `pods` are those of its instance.

    Of a Deployment, available and unavailable replicas together are those that its ReplicaSets are to have. A
    StatefulSet creates pods of an earlier revision only while it counts some.
    """
    if kstatus.assess(workload).ok:
        return True
    status = get_in(workload, "status", default={})
    if get_in(status, "observedGeneration", default=-1) < get_in(workload, "metadata", "generation", default=0):
        return False
    if workload.get("kind") == DEPLOYMENT.kind:
        created = sum(not (pod.deleting or runs.has_ended(pod)) for pod in pods)
        unavailable = get_in(status, "unavailableReplicas", default=0)
        desired = get_in(status, "availableReplicas", default=0) + unavailable
        return created == desired == get_in(status, "replicas", default=0)
    if workload.get("kind") == "StatefulSet":
        current = get_in(status, "currentRevision", default="")
        return current == get_in(status, "updateRevision", default="") or not get_in(
            status, "currentReplicas", default=0
        )
    return False


def _has_ended(kind: Kind, live: LiveObject) -> bool:
    """Whether a workload is a Job that has ended, so that no container is created any more."""
    return kind == JOB and kstatus.assess(live.document()).state in ("ready", "failed")
