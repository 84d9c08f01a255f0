"""Decide whether another application uses a volume claim: its workload or pod mounts it, or it plans it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rudr_py.api import Ref, get_in
from rudr_py.controller.apply import dependencies, ownership
from rudr_py.controller.state import cluster_state
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.state.inventory import AppliedRecord
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import APPLICATION, COMPONENT_INSTANCE, POD
from rudr_py.render.claims import CLAIM
from rudr_py.render.values import labels
from rudr_py.render.values.plan import PlannedObject


def other_application(state: ClusterState, application: LiveObject, claim: str) -> str:
    """The workload of another application that mounts a claim, as text for the user; empty where there is none.

    An application that is being deleted does not count.
    """
    others = label_values(state, application)
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
    """The other applications that own a claim through an instance, or whose inventories contain it.

    The application that its labels name uses it until the status shows whether its current documents do.
    """
    owner = state.get(COMPONENT_INSTANCE, live.namespace, live.owner_name)
    if owner is not None and owner.uid == live.owner_uid and owner.owner_uid != application.uid:
        yield owner.owner_name
    ref = Ref(CLAIM, live.name)
    for other in other_applications(state, application):
        record = _inventory(state, other).get(ref)
        is_unobserved = other.name == ownership.claimant(live.labels) and not is_observed(other)
        if is_unobserved or (record is not None and record.uid == live.uid):
            yield other.name


def planner(state: ClusterState, application: LiveObject, claim: str) -> str:
    """The name of another application whose inventory contains a claim, created or not; empty if there is none."""
    ref = Ref(CLAIM, claim)
    planning = (other for other in other_applications(state, application) if ref in _inventory(state, other))
    return next((other.name for other in planning), "")


def other_applications(state: ClusterState, application: LiveObject) -> Iterator[LiveObject]:
    """The other applications of the namespace."""
    cache = state.cache(APPLICATION, application.namespace)
    for other in cache.by_namespace(application.namespace) if cache is not None else ():
        if other.uid != application.uid:
            yield other


def _inventory(state: ClusterState, application: LiveObject) -> Mapping[Ref, AppliedRecord]:
    applications = state.applications
    stored = () if applications.has_records(application) else cluster_state.previous(application).resources
    return applications.records(application, stored)


def is_observed(application: LiveObject) -> bool:
    """Whether the status of an application is that of its current documents."""
    generation = get_in(application.part("status"), "observedGeneration", default=0)
    return generation == application.generation


def label_values(state: ClusterState, application: LiveObject) -> frozenset[str]:
    """The values of labels that name the other applications of the namespace that are not being deleted."""
    names = [live.name for live in other_applications(state, application) if not live.deleting]
    # pods have the name itself, other objects a shortened one
    return frozenset(value for name in names for value in (name, labels.labels(name, "")[labels.APPLICATION]))
