"""The workloads of applications that mount a volume claim, and the applications that share one. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterator

from rudr_py.api import Kind
from rudr_py.controller.state.claim_index import has_templates
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION, COMPONENT_INSTANCE


def application_of(state: ClusterState, live: LiveObject) -> str:
    """The name of the application of a workload; empty where it has none."""
    if live.owner_kind == APPLICATION.kind:
        return live.owner_name
    owner = state.get(COMPONENT_INSTANCE, live.namespace, live.owner_name)
    return owner.owner_name if owner is not None and owner.uid == live.owner_uid else ""


def own(state: ClusterState, application: LiveObject) -> dict[str, list[LiveObject]]:
    """The claims that the workloads of an application mount, each with these workloads."""
    users: dict[str, list[LiveObject]] = {}
    owners = (application.uid, *(live.uid for live in state.component_instances(application)))
    caches = (state.cache(kind, application.namespace) for kind in state.kinds() if has_templates(kind))
    for cache in (cache for cache in caches if cache is not None):
        for live in (live for owner in owners if owner for live in cache.by_owner(owner)):
            if live.namespace == application.namespace:
                for claim in cache.index_values(live):
                    users.setdefault(claim, []).append(live)
    return users


def others(state: ClusterState, application: ObjectKey, claim: str) -> Iterator[tuple[str, LiveObject]]:
    """The other applications that mount a claim of their namespace, each with a workload, in a stable order."""
    users = (live for kind in state.kinds() if has_templates(kind) for live in _users(state, kind, application, claim))
    for live in sorted(users, key=lambda live: (live.kind, live.name)):
        name = application_of(state, live)
        if name not in ("", application.name):
            yield name, live


def _users(state: ClusterState, kind: Kind, application: ObjectKey, claim: str) -> tuple[LiveObject, ...]:
    cache = state.cache(kind, application.namespace)
    return cache.by_index(application.namespace, claim) if cache is not None else ()
