"""Decide which ConfigMaps pods may still read, now or after a restart. Pure.

A pod reads a ConfigMap whenever one of its containers is created: after an eviction, on another node, or when a rollout
is undone. So a ConfigMap is deleted only when no pod and no revision that can still create pods names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from rudr_py.api import Kind, Ref, get_in, kstatus
from rudr_py.controller.apply import runs
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import APPLICATION, COMPONENT, COMPONENT_INSTANCE, CONFIG_MAP, DEPLOYMENT, JOB, POD
from rudr_py.render.values import labels
from rudr_py.render.values.plan import Plan

_WITHOUT_PODS: Final = frozenset({APPLICATION, COMPONENT, COMPONENT_INSTANCE, CONFIG_MAP})
_VOLUMES: Final = ("configMap",)
_ENVIRONMENT: Final = ("configMapRef", "configMapKeyRef")


def is_in_use(ref: Ref, live: LiveObject | None, plan: Plan, namespace: str, state: ClusterState) -> bool:
    """Whether pods may still read an object that is not planned; only ConfigMaps are read.

    It is in use while a live workload or pod of its instance names it, and while an earlier revision of a planned
    workload may have replicas without pods.
    """
    if ref.kind != CONFIG_MAP:
        return False
    instance = live.labels.get(labels.INSTANCE) if live is not None else None
    return _has_hidden_revisions(instance, plan, namespace, state) or any(_users(ref.name, instance, namespace, state))


def names(value: Any, sources: tuple[str, ...] = (*_VOLUMES, *_ENVIRONMENT)) -> Iterator[str]:
    """The names of the ConfigMaps that pod specs inside a value name, in fields of these names."""
    if isinstance(value, dict):
        for field in sources:
            source = value.get(field)
            if isinstance(source, dict) and isinstance(source.get("name"), str):
                yield source["name"]
        for item in value.values():
            yield from names(item, sources)
    elif isinstance(value, list):
        for item in value:
            yield from names(item, sources)


def _has_hidden_revisions(instance: str | None, plan: Plan, namespace: str, state: ClusterState) -> bool:
    """Whether an earlier revision of a planned workload of an instance, None for any, may create pods anew.

    A workload that is absent, or whose controller has not observed its last change, may have one. Pods are cached
    without their environment, so those of a workload that reads ConfigMaps as variables do not count.
    """
    for planned in plan.manifests:
        if planned.inputs_digest or "template" not in (planned.body.get("spec") or {}):
            continue
        label = planned.body["metadata"]["labels"].get(labels.INSTANCE, "")
        if instance in (None, label):
            live = state.get(planned.ref.kind, namespace, planned.ref.name)
            pods = () if any(names(planned.body["spec"], _ENVIRONMENT)) else state.pods(namespace, label)
            if live is None or not _is_represented(live.document(), pods):
                return True
    return False


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


def _users(name: str, instance: str | None, namespace: str, state: ClusterState) -> Iterator[LiveObject]:
    """The live workloads and pods of an instance, None for any, that name a ConfigMap and have not ended."""
    encoded = name.encode()
    for kind in state.kinds():
        cache = state.cache(kind, namespace)
        if cache is None or kind in _WITHOUT_PODS:
            continue
        for live in cache.by_namespace(namespace) if instance is None else cache.by_label(namespace, instance):
            if encoded in live.body and name in names(live.part("spec")) and not _has_ended(kind, live):
                yield live


def _has_ended(kind: Kind, live: LiveObject) -> bool:
    """Whether a pod or a Job has ended, so that no container is created any more."""
    if kind == POD:
        return runs.has_ended(live)
    return kind == JOB and kstatus.assess(live.document()).state in ("ready", "failed")
