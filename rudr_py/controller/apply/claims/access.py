"""Decide whether an application may mount a volume claim that it names: its own, a free one, or a shared one. Pure.

A claim belongs to the application that its labels name. Another one mounts it if the annotation
`rudr.oam.dev/shared-with` names it. The claim of an application that does not exist any more is mounted if the
documents name it, and not by the name of a volume.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rudr_py.api import Ref, claims, get_in, mappings_in
from rudr_py.controller.apply import dependencies
from rudr_py.controller.apply.claims import mounts
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import APPLICATION, STATEFUL_SET
from rudr_py.render.claims import APPLICATION as APPLICATION_LABEL
from rudr_py.render.claims import CLAIM
from rudr_py.render.claims import INSTANCE as INSTANCE_LABEL
from rudr_py.render.scopes import membership
from rudr_py.render.values import labels
from rudr_py.render.values.plan import Plan, PlannedObject

_PERMIT = (
    "use another volume, or let its owner permit it, with sharedWith in its volume-mounter or with the annotation "
    f"{claims.SHARED_WITH_ANNOTATION} of the claim"
)


def refusal(state: ClusterState, application: LiveObject, plan: Plan, planned: PlannedObject) -> str:
    """Why a planned object must not be written, as text for the user; empty where it may.

    Its pods would mount a claim of another application; or it is a new claim, and pods of another application would.
    """
    if planned.ref.kind == CLAIM:
        return _creation_refusal(state, application, planned)
    for ref in _mounted(state, application.namespace, plan, planned):
        live = state.get(CLAIM, application.namespace, ref.name)
        if live is None:
            if name := mounts.planner(state, application, ref.name):
                return f'{planned.ref} would mount {ref}, which application "{name}" creates; {_PERMIT}'
        elif text := _mount_refusal(state, application, live, _implicit(plan, planned)):
            return f"{planned.ref} would mount {ref}, which {text}"
    return ""


def _creation_refusal(state: ClusterState, application: LiveObject, planned: PlannedObject) -> str:
    """Why a new claim must not be created."""
    namespace, annotations = application.namespace, planned.body["metadata"].get("annotations") or {}
    if state.get(CLAIM, namespace, planned.ref.name) is not None:
        return ""
    others = mounts.label_values(state, application)
    for ref, live in dependencies.users(state, namespace, planned.ref):
        name = live.labels.get(labels.APPLICATION, "")
        if name in others and not _is_shared(annotations, name):
            user = f'{ref} of application "{name}"'
            advice = "remove its volume there first, or permit it with sharedWith in the volume-mounter"
            return f"{planned.ref} is not created, because {user} would mount it; {advice}"
    return ""


def _mount_refusal(state: ClusterState, application: LiveObject, live: LiveObject, implicit: frozenset[str]) -> str:
    """Why an application must not mount an existing claim, as the end of a sentence; empty where it may."""
    owner = _owner(state, application, live)
    if owner is None or _is_shared(live.annotations, application.name):
        return ""
    name, instance = owner
    text = f'belongs to instance "{instance}" of application "{name}"'
    if state.get(APPLICATION, application.namespace, name) is not None:
        return f"{text}; {_PERMIT}"
    return f"{text}; to use its data, set claimName: {live.name} in a volume-mounter" if live.name in implicit else ""


def _mounted(state: ClusterState, namespace: str, plan: Plan, planned: PlannedObject) -> Iterator[Ref]:
    """The claims that the pods of an object mount, and existing ones that a StatefulSet takes for its templates."""
    yield from (Ref(CLAIM, name) for name in plan.mounted_claims(planned))
    is_set = planned.ref.kind == STATEFUL_SET
    templates = mappings_in(planned.body.get("spec"), "volumeClaimTemplates") if is_set else ()
    prefixes = {f"{get_in(template, 'metadata', 'name', default='')}-{planned.ref.name}" for template in templates}
    cache = state.cache(CLAIM, namespace) if prefixes else None
    for live in cache.by_namespace(namespace) if cache is not None else ():
        prefix, _, number = live.name.rpartition("-")
        if number.isdecimal() and prefix in prefixes:
            yield Ref(CLAIM, live.name)


def _owner(state: ClusterState, application: LiveObject, live: LiveObject) -> tuple[str, str] | None:
    """The other application and the instance that the labels of a claim name; None for a claim that is free or own."""
    named = [(live.labels.get(APPLICATION_LABEL, ""), live.labels.get(INSTANCE_LABEL, ""))]
    if labels.is_managed(live.labels):
        named.append((live.labels.get(labels.APPLICATION, ""), live.labels.get(labels.INSTANCE, "")))
    owners = [(name, instance) for name, instance in named if name and instance]
    own = (application.name, labels.labels(application.name, "")[labels.APPLICATION])
    if not owners or any(name in own for name, _ in owners):
        return None
    existing = (owner for owner in owners if state.get(APPLICATION, live.namespace, owner[0]) is not None)
    return next(existing, owners[0])


def _is_shared(annotations: Mapping[str, str], name: str) -> bool:
    shared_with = annotations.get(claims.SHARED_WITH_ANNOTATION, "").split(",")
    return any(entry.strip() in (name, "*") for entry in shared_with)


def _implicit(plan: Plan, planned: PlannedObject) -> frozenset[str]:
    """The claims that the pods of an object mount because a volume of the component has their name."""
    instance = plan.instance_of(planned)
    if instance is None or not membership.core(instance.workload.offer.name):
        return frozenset()
    context = instance.workload.context
    volumes = {volume.name for container in context.component.containers for volume in container.resources.volumes}
    return frozenset(volumes - {request.claim for request in claims.requests(context)})
