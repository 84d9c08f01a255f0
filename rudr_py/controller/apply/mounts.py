"""Decide whether another application uses a volume claim: its workload or pod mounts it, or it plans it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from rudr_py.api import Ref
from rudr_py.controller.apply import dependencies, ownership
from rudr_py.controller.state import cluster_state
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import APPLICATION, COMPONENT_INSTANCE, POD
from rudr_py.render.claims import CLAIM
from rudr_py.render.values import labels
from rudr_py.render.values.plan import PlannedObject


def other_application(state: ClusterState, application: LiveObject, claim: str) -> str:
    """The workload of another application that mounts a claim, as text for the user; empty where there is none.

    An application that is being deleted does not count.
    """
    others = _others(state, application)
    for ref, live in dependencies.users(state, application.namespace, Ref(CLAIM, claim)):
        name = live.labels.get(labels.APPLICATION, "")
        if name in others:
            return f'{ref} of application "{name}"'
    return ""


def holder(state: ClusterState, application: LiveObject, planned_object: PlannedObject) -> str:
    """Why a claim with labels of another owner must not be taken over, as text for the user; empty where it may be.

    Another application uses it: its workload or its pod mounts the claim, or it applied the claim and still plans it.
    """
    namespace, name = application.namespace, planned_object.ref.name
    is_claim = planned_object.ref.kind == CLAIM and planned_object.owner == "none"
    live = state.get(CLAIM, namespace, name) if is_claim else None
    if live is None or ownership.has_labels(live.labels, planned_object):
        return ""
    if mount := other_application(state, application, name) or _other_pod(state, application, name):
        return f"{mount} mounts it"
    user = next(_users(state, application, live), "")
    return f'application "{user}" still uses it' if user else ""


def _other_pod(state: ClusterState, application: LiveObject, claim: str) -> str:
    """A pod of another application that mounts a claim, also after the application was deleted."""
    for ref, live in dependencies.users(state, application.namespace, Ref(CLAIM, claim)):
        name = live.labels.get(labels.APPLICATION, "")
        if ref.kind == POD and name not in ("", application.name):
            return f'{ref} of application "{name}"'
    return ""


def _users(state: ClusterState, application: LiveObject, live: LiveObject) -> Iterator[str]:
    """The other applications that own a claim through an instance, or whose inventories contain it."""
    owner = state.get(COMPONENT_INSTANCE, live.namespace, live.owner_name)
    if owner is not None and owner.uid == live.owner_uid and owner.owner_uid != application.uid:
        yield owner.owner_name
    ref = Ref(CLAIM, live.name)
    cache = state.cache(APPLICATION, application.namespace)
    for other in cache.by_namespace(application.namespace) if cache is not None else ():
        if other.uid == application.uid:
            continue
        applications = state.applications
        stored = () if applications.has_records(other) else cluster_state.previous(other).resources
        record = applications.records(other, stored).get(ref)
        if record is not None and record.uid == live.uid:
            yield other.name


def _others(state: ClusterState, application: LiveObject) -> frozenset[str]:
    """The label values of the other applications of the namespace that are not being deleted."""
    cache = state.cache(APPLICATION, application.namespace)
    applications = cache.by_namespace(application.namespace) if cache is not None else ()
    names = [live.name for live in applications if not live.deleting and live.uid != application.uid]
    # pods have the name itself, other objects a shortened one
    return frozenset(value for name in names for value in (name, labels.labels(name, "")[labels.APPLICATION]))
