"""The health of an instance: that in the status of its application, or that of its workloads if it is worse. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, cast, get_args

from rudr_py.api import Health, get_in, kstatus, mappings_in, naming, pods

Document = Mapping[str, Any]
State = Literal["failed", "progressing", "unknown", "ready"]

_STATES: Final = get_args(State)
"""The states of health, the worst first."""

_WORKLOADS = frozenset({"CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "StatefulSet"})
"""The kinds whose health is that of an instance. The objects of traits have their own rows."""


def reported(application: Document) -> dict[str, Health]:
    """The health of the instances in the status of an application, by label, if it is that of its current documents."""
    generation = get_in(application, "metadata", "generation", default=0)
    if get_in(application, "status", "observedGeneration", default=generation) != generation:
        return {}
    return {
        naming.join(str(entry.get("name") or "x")): Health(
            cast(State, entry["state"]) if entry.get("state") in _STATES else "unknown",
            str(entry.get("reason") or "Unknown"),
            str(entry.get("message") or ""),
            {str(key): str(value) for key, value in get_in(entry, "show", default={}).items()},
        )
        for entry in mappings_in(application, "status", "instances")
    }


def of_instance(
    instance: Document, reported_health: Health | None, children: Sequence[tuple[Document, Iterable[Document]]]
) -> Health:
    """The health of a ComponentInstance with its children, each with the objects that it owns.

    `reported_health` is that in the status of the application, None if that has none.
    """
    workloads = [
        (child, [each for each in below if each.get("kind") == "Pod"])
        for child, below in children
        if child.get("kind") in _WORKLOADS
    ]
    assessed = [_assess(child, own_pods) for child, own_pods in workloads]
    assessed = assessed or ([kstatus.assess(child) for child, _ in children] if reported_health is None else [])
    candidates = [*([] if reported_health is None else [reported_health]), *assessed]
    return min(candidates, key=lambda health: _STATES.index(health.state), default=kstatus.assess(instance))


def _assess(workload: Document, own_pods: Sequence[Document]) -> Health:
    if workload.get("kind") == "Pod":
        return pods.explain(kstatus.assess(workload), [workload])
    return pods.explain(kstatus.assess(workload), own_pods)
