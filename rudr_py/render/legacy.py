"""The words of Rudr's `status.components`: a text for each object, as dashboards of Rudr's users expect them.

Source: Rudr's status loop. New readers use `status.instances` and the conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rudr_py.api import Ref
from rudr_py.render.inputs import Observed
from rudr_py.render.plan import InstancePlan, Plan

Document = Mapping[str, Any]


def components(plan: Plan, observed: Observed) -> dict[str, dict[str, str]]:
    """Component name -> `kind/name` -> text. Two instances of one component share an entry, as they did in Rudr."""
    found: dict[str, dict[str, str]] = {}
    for instance in plan.instances:
        texts = found.setdefault(instance.component, {})
        for ref in _refs(instance):
            texts[f"{ref.kind.kind.lower()}/{ref.name}"] = _text(ref, instance.name, observed)
    return found


def _refs(instance: InstancePlan) -> tuple[Ref, ...]:
    refs = (*instance.workload.refs, *(ref for trait in instance.traits for ref in trait.refs))
    return tuple(ref for ref in refs if ref.kind.kind != "ConfigMap")


def _text(ref: Ref, instance: str, observed: Observed) -> str:
    document = next((d for d in observed.documents(instance, ref.kind) if d["metadata"]["name"] == ref.name), None)
    if document is None:
        return "not existed"
    word = _WORDS.get(ref.kind.kind)
    return word(document) if word is not None else "created"


def _status(document: Document) -> Mapping[str, Any]:
    status = document.get("status")
    return status if isinstance(status, Mapping) else {}


def _deployment(document: Document) -> str:
    status = _status(document)
    wanted = document.get("spec", {}).get("replicas", 1)
    if status.get("observedGeneration", 0) < document["metadata"].get("generation", 0):
        return "updating"
    if status.get("updatedReplicas", 0) < wanted or status.get("replicas", 0) > status.get("updatedReplicas", 0):
        return "updating"
    return "running" if status.get("availableReplicas", 0) >= wanted else "unavailable"


def _stateful_set(document: Document) -> str:
    status = _status(document)
    wanted = document.get("spec", {}).get("replicas", 1)
    current = status.get("observedGeneration", 0) >= document["metadata"].get("generation", 0)
    return "running" if current and status.get("readyReplicas", 0) >= wanted else "updating"


def _job(document: Document) -> str:
    conditions = {c.get("type") for c in _status(document).get("conditions", ()) if c.get("status") == "True"}
    if "Failed" in conditions:
        return "failed"
    return "succeeded" if "Complete" in conditions else "running"


def _autoscaler(document: Document) -> str:
    return str(_status(document).get("currentReplicas", 0))


def _claim(document: Document) -> str:
    return str(_status(document).get("phase", "Pending"))


_WORDS: Mapping[str, Callable[[Document], str]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "Job": _job,
    "HorizontalPodAutoscaler": _autoscaler,
    "PersistentVolumeClaim": _claim,
}
