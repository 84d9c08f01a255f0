"""Rudr's `status.components`: a word for each object, for dashboards that were made for Rudr.

Source: Rudr's status loop. New clients should use `status.instances` and the conditions.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from typing import Any

from rudr_py.api import Kind, Ref, get_in, kstatus
from rudr_py.model.kinds import CONFIG_MAP
from rudr_py.render.values.inputs import Observed
from rudr_py.render.values.plan import InstancePlan


def texts(instance: InstancePlan, observed: Observed, settled: Collection[tuple[str, Ref]]) -> dict[str, str]:
    """`kind/name` -> text for the objects of an instance. ConfigMaps are left out, as in Rudr.

    `settled` are objects, each with its instance, that completed and were deleted.
    """
    by_name = functools.cache(functools.partial(_by_name, observed, instance.name))
    texts: dict[str, str] = {}
    for ref in (*instance.workload.refs, *(ref for trait in instance.traits for ref in trait.refs)):
        if ref.kind != CONFIG_MAP:
            settled_ref = (instance.name, ref) in settled
            text = "succeeded" if settled_ref else word(ref, by_name(ref.kind).get(ref.name))
            texts[f"{ref.kind.kind.lower()}/{ref.name}"] = text
    return texts


def _by_name(observed: Observed, instance: str, kind: Kind) -> dict[str, Mapping[str, Any]]:
    """The observed objects of a kind by their names."""
    return {document["metadata"]["name"]: document for document in observed.documents(instance, kind)}


def word(ref: Ref, document: Mapping[str, Any] | None) -> str:
    """The text for an object; None where it does not exist."""
    if document is None:
        return "not existed"
    status = get_in(document, "status", default={})
    word = "created"
    # a Job or Deployment of another group has a different status
    match ref.kind.group, ref.kind.kind:
        case "apps", "Deployment":
            updated, desired = get_in(status, "updatedReplicas", default=0), _desired(document)
            updating = not _is_current(document) or updated < desired or get_in(status, "replicas", default=0) > updated
            available = get_in(status, "availableReplicas", default=0) >= desired
            word = "updating" if updating else "running" if available else "unavailable"
        case "apps", "StatefulSet":
            is_ready = get_in(status, "readyReplicas", default=0) >= _desired(document)
            word = "running" if is_ready and _is_current(document) else "updating"
        case "batch", "Job":
            failed, complete = (kstatus.condition(document, kind).get("status") for kind in ("Failed", "Complete"))
            word = "failed" if failed == "True" else "succeeded" if complete == "True" else "running"
        case "autoscaling", "HorizontalPodAutoscaler":
            word = str(get_in(status, "currentReplicas", default=0))
        case "", "PersistentVolumeClaim":
            word = str(get_in(status, "phase", default="") or "Pending")
    return word


def _desired(document: Mapping[str, Any]) -> int:
    return get_in(document, "spec", "replicas", default=1)


def _is_current(document: Mapping[str, Any]) -> bool:
    """Whether the controller of an object has observed its last change."""
    generation = get_in(document, "metadata", "generation", default=0)
    return get_in(document, "status", "observedGeneration", default=0) >= generation
