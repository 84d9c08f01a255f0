"""Name the other applications that mount a claim of an application for an Exclusive volume. Sends nothing.

Pods of both may write the same data. Only the user can decide which of the two is an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rudr_py import errors
from rudr_py.api import get_in, mappings_in, naming
from rudr_py.controller.state import claim_users
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.component import Component
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION, COMPONENT
from rudr_py.model.parse import component as parse_component
from rudr_py.model.shapes import rewrite
from rudr_py.render import claims
from rudr_py.render.scopes import membership
from rudr_py.render.values import labels, volumes


def warnings(application: LiveObject, state: ClusterState) -> tuple[str, ...]:
    """A sentence for each such claim and application, with the action to take."""
    key = ObjectKey(application.namespace, application.name)
    own = claim_users.own(state, application)
    shared: dict[str, list[tuple[str, LiveObject]]] = {}
    for claim, name, live in claim_users.others(state, key, sorted(own)):
        shared.setdefault(claim, []).append((name, live))
    return tuple(
        sentence for claim, others in shared.items() for sentence in _of_claim(key, claim, own[claim], others, state)
    )


def sharing(application: LiveObject, state: ClusterState) -> frozenset[tuple[ObjectKey, str]]:
    """The applications that share a claim with this one, with the record of what its workload last applied."""
    key = ObjectKey(application.namespace, application.name)
    own = claim_users.own(state, application)
    return frozenset(
        (ObjectKey(key.namespace, name), live.applied)
        for claim, name, _ in claim_users.others(state, key, own)
        for live in own[claim]
    )


def _of_claim(
    key: ObjectKey,
    claim: str,
    workloads: list[LiveObject],
    others: list[tuple[str, LiveObject]],
    state: ClusterState,
) -> Iterator[str]:
    named: set[str] = set()
    is_exclusive = any(_is_exclusive(live, key.name, claim, state) for live in workloads)
    for name, live in others:
        if name not in named and (is_exclusive or _is_exclusive(live, name, claim, state)):
            named.add(name)
            yield (
                f'the claim "{claim}" is mounted by {live.kind.lower()}/{live.name} of application "{name}", too, and '
                "the volume of one of the two applications is Exclusive; use a claim for each, or set sharingPolicy: "
                "Shared if several pods may write the data at the same time"
            )


def _is_exclusive(workload: LiveObject, application: str, claim: str, state: ClusterState) -> bool:
    """Whether only one pod may mount the claim, by the component of the workload's instance."""
    component = _component(workload, application, state)
    if component is None or not membership.core(component.workload_type):
        return False
    mounts = volumes.claim_sources(workload.part("spec"))
    return any(claims.is_exclusive(component, volume) for volume, source in mounts if source == claim)


def _component(workload: LiveObject, application: str, state: ClusterState) -> Component | None:
    root = state.get(APPLICATION, workload.namespace, application)
    instance = workload.labels.get(labels.INSTANCE, "")
    try:
        for binding in mappings_in(root.part("spec") if root is not None else {}, "components"):
            if naming.join(get_in(binding, "instanceName", default="")) == instance:
                document = _document(state, ObjectKey(workload.namespace, application), rewrite.component_of(binding))
                return parse_component.parse_component(document).value if document is not None else None
    except errors.UndecodableError:
        pass  # the reconcile of that application reports it
    return None


def _document(state: ClusterState, application: ObjectKey, component: str) -> dict[str, Any] | None:
    """The document of a component that an application runs; None if there is none."""
    pinned = state.applications.get(application).pinned if application in state.applications else {}
    if component in pinned:
        return pinned[component].document
    live = state.get(COMPONENT, application.namespace, component)
    return live.document() if live is not None else None
