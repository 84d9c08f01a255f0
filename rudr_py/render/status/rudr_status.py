"""Rudr's `status.components`: a word for each object, for dashboards that were made for Rudr.

Source: Rudr's status loop. New clients should use `status.instances` and the conditions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from rudr_py.api import Ref, get_in, kstatus
from rudr_py.model.kinds import CONFIG_MAP
from rudr_py.render.values.inputs import Observed
from rudr_py.render.values.plan import InstancePlan, Plan

Document = Mapping[str, Any]


def components(plan: Plan, observed: Observed, settled: Collection[tuple[str, Ref]] = ()) -> dict[str, dict[str, str]]:
    """Component name -> `kind/name` -> text. Two instances of one component share an entry, as in Rudr.

    `settled` are objects, each with its instance, that completed and were deleted.
    """
    components: dict[str, dict[str, str]] = {}
    for instance in plan.instances:
        texts = components.setdefault(instance.component, {})
        for ref in _refs(instance):
            text = "succeeded" if (instance.name, ref) in settled else _text(ref, instance.name, observed)
            texts[f"{ref.kind.kind.lower()}/{ref.name}"] = text
    return components


def _refs(instance: InstancePlan) -> tuple[Ref, ...]:
    """The objects of the instance without ConfigMaps, which Rudr did not list."""
    refs = (*instance.workload.refs, *(ref for trait in instance.traits for ref in trait.refs))
    return tuple(ref for ref in refs if ref.kind != CONFIG_MAP)


def _text(ref: Ref, instance: str, observed: Observed) -> str:
    document = next((d for d in observed.documents(instance, ref.kind) if d["metadata"]["name"] == ref.name), None)
    if document is None:
        return "not existed"
    # a Job or Deployment of another group has a different status
    word = _WORDS.get((ref.kind.group, ref.kind.kind))
    return word(document) if word is not None else "created"


def _current(document: Document) -> bool:
    """Whether the status is that of the current generation."""
    observed = get_in(document, "status", "observedGeneration", default=0)
    return observed >= get_in(document, "metadata", "generation", default=0)


def _deployment(document: Document) -> str:
    status = get_in(document, "status", default={})
    desired = get_in(document, "spec", "replicas", default=1)
    updated = get_in(status, "updatedReplicas", default=0)
    if not _current(document) or updated < desired or get_in(status, "replicas", default=0) > updated:
        return "updating"
    return "running" if get_in(status, "availableReplicas", default=0) >= desired else "unavailable"


def _stateful_set(document: Document) -> str:
    desired = get_in(document, "spec", "replicas", default=1)
    ready = get_in(document, "status", "readyReplicas", default=0)
    return "running" if _current(document) and ready >= desired else "updating"


def _job(document: Document) -> str:
    if kstatus.condition(document, "Failed").get("status") == "True":
        return "failed"
    return "succeeded" if kstatus.condition(document, "Complete").get("status") == "True" else "running"


def _autoscaler(document: Document) -> str:
    return str(get_in(document, "status", "currentReplicas", default=0))


def _claim(document: Document) -> str:
    return str(get_in(document, "status", "phase", default="") or "Pending")


_WORDS: Mapping[tuple[str, str], Callable[[Document], str]] = {
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _stateful_set,
    ("batch", "Job"): _job,
    ("autoscaling", "HorizontalPodAutoscaler"): _autoscaler,
    ("", "PersistentVolumeClaim"): _claim,
}
