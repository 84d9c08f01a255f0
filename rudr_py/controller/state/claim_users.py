"""The workloads of applications that mount a volume claim, and the applications that share one. Sends nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
    for kind, live in state.children(application):
        cache = state.cache(kind, live.namespace)
        if cache is not None and live.namespace == application.namespace:
            for claim in cache.index_values(live):
                users.setdefault(claim, []).append(live)
    return users


def others(state: ClusterState, application: ObjectKey, claims: Iterable[str]) -> Iterator[tuple[str, str, LiveObject]]:
    """The other applications that mount claims of their namespace: (claim, application, workload), in a stable order.

    Claims that no other application mounts are left out.
    """
    caches = state.caches_with_templates(application.namespace)
    for claim in claims:
        users = [live for cache in caches for live in cache.by_index(application.namespace, claim)]
        for live in sorted(users, key=lambda live: (live.kind, live.name)) if len(users) > 1 else users:
            name = application_of(state, live)
            if name not in ("", application.name):
                yield claim, name, live
