"""Search the caches for workloads that mount a volume claim. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rudr_py.api import Kind, Ref
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import APPLICATION, COMPONENT, COMPONENT_INSTANCE, POD
from rudr_py.render import claims
from rudr_py.render.claims import CLAIM
from rudr_py.render.values import labels

_WITHOUT_PODS = frozenset({APPLICATION, COMPONENT, COMPONENT_INSTANCE, CLAIM})


def mounting(state: ClusterState, namespace: str, claim: str) -> Iterator[tuple[Ref, LiveObject]]:
    """The workloads and pods of a namespace whose pod specs mount a claim, without pods that have ended."""
    for kind in state.kinds():
        cache = state.cache(kind, namespace) if kind not in _WITHOUT_PODS else None
        for live in cache.by_namespace(namespace) if cache is not None else ():
            if mounts(live, claim) and not _has_ended(kind, live):
                yield Ref(kind, live.name), live


def mounts(live: LiveObject, claim: str) -> bool:
    """Whether a pod spec inside the object mounts a claim."""
    return b"claimName" in live.body and claim in claims.mounts(live.part("spec"))


def other_application(state: ClusterState, application: LiveObject, claim: str) -> str:
    """The workload of another application that mounts a claim, as text for the user; empty where there is none.

    An application that is being deleted does not count.
    """
    others = _others(state, application)
    for ref, live in mounting(state, application.namespace, claim):
        name = live.labels.get(labels.APPLICATION, "")
        if name in others:
            return f'{ref} of application "{name}"'
    return ""


def planned(body: dict[str, Any], claim: str) -> bool:
    """Whether a pod spec inside a planned object mounts a claim."""
    return claim in claims.mounts(body.get("spec"))


def _others(state: ClusterState, application: LiveObject) -> frozenset[str]:
    """The label values of the other applications of the namespace that are not being deleted."""
    cache = state.cache(APPLICATION, application.namespace)
    applications = cache.by_namespace(application.namespace) if cache is not None else ()
    names = [live.name for live in applications if not live.deleting and live.uid != application.uid]
    # pods have the name itself, other objects a shortened one
    return frozenset(value for name in names for value in (name, labels.labels(name, "")[labels.APPLICATION]))


def _has_ended(kind: Kind, live: LiveObject) -> bool:
    return kind == POD and (live.part("status") or {}).get("phase") in ("Succeeded", "Failed")
