"""Decide which ConfigMaps pods may still read, now or after a restart. Pure.

A pod reads a ConfigMap whenever one of its containers is created: after an eviction, on another node, or when a rollout
is undone. So a ConfigMap is deleted only when no pod and no revision that can still create pods names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from rudr_py.api import Kind, Ref, kstatus
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import APPLICATION, COMPONENT, COMPONENT_INSTANCE, CONFIG_MAP, JOB, POD
from rudr_py.render.values import labels
from rudr_py.render.values.plan import Plan

_WITHOUT_PODS: Final = frozenset({APPLICATION, COMPONENT, COMPONENT_INSTANCE, CONFIG_MAP})
_SOURCES: Final = ("configMap", "configMapRef", "configMapKeyRef")


def is_in_use(ref: Ref, live: LiveObject | None, plan: Plan, namespace: str, state: ClusterState) -> bool:
    """Whether pods may still read an object that is not planned; only ConfigMaps are read.

    It is in use while a live workload or pod of its instance names it, and while a planned workload is rolled out: the
    workload does not state which earlier revisions still have replicas.
    """
    if ref.kind != CONFIG_MAP:
        return False
    instance = live.labels.get(labels.INSTANCE) if live is not None else None
    return _is_rolling_out(instance, plan, namespace, state) or any(_users(ref.name, instance, namespace, state))


def names(value: Any) -> Iterator[str]:
    """The names of the ConfigMaps that pod specs inside a value name."""
    if isinstance(value, dict):
        for field in _SOURCES:
            source = value.get(field)
            if isinstance(source, dict) and isinstance(source.get("name"), str):
                yield source["name"]
        for item in value.values():
            yield from names(item)
    elif isinstance(value, list):
        for item in value:
            yield from names(item)


def _is_rolling_out(instance: str | None, plan: Plan, namespace: str, state: ClusterState) -> bool:
    """Whether a planned workload of an instance, None for any, is absent or not yet rolled out."""
    for planned in plan.manifests:
        rolls_out = not planned.inputs_digest and "template" in (planned.body.get("spec") or {})
        if rolls_out and instance in (None, planned.body["metadata"]["labels"].get(labels.INSTANCE)):
            live = state.get(planned.ref.kind, namespace, planned.ref.name)
            if live is None or not kstatus.assess(live.document()).ok:
                return True
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
        return (live.part("status") or {}).get("phase") in ("Succeeded", "Failed")
    return kind == JOB and kstatus.assess(live.document()).state in ("ready", "failed")
