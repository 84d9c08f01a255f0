"""The claims that a workload mounts: the index of the caches of workloads. Pure."""

from __future__ import annotations

from typing import Any

from rudr_py import errors
from rudr_py.api import Kind, get_in, kstatus
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.kinds import APPLICATION, COMPONENT, COMPONENT_INSTANCE, CONFIG_MAP, JOB, POD
from rudr_py.render import claims
from rudr_py.render.values import labels, volumes

_WITHOUT_TEMPLATE = frozenset({APPLICATION, COMPONENT, COMPONENT_INSTANCE, CONFIG_MAP, POD, claims.CLAIM})


def has_templates(kind: Kind) -> bool:
    """Whether objects of a kind may have pod templates."""
    return kind not in _WITHOUT_TEMPLATE


def mounted(live: LiveObject) -> frozenset[str]:
    """The claims that the pods of a managed workload mount; none for a run that has ended."""
    try:
        if b'"persistentVolumeClaim"' not in live.body or not labels.is_managed(live.labels):
            return frozenset()
        if live.kind == JOB.kind and _has_ended(live.part("status")):
            return frozenset()
        return frozenset(claim for _, claim in volumes.claim_sources(live.part("spec")))
    except errors.UndecodableError:
        return frozenset()


def _has_ended(status: Any) -> bool:
    conditions = (kstatus.condition({"status": status or {}}, name) for name in ("Complete", "Failed"))
    return any(get_in(condition, "status", default="") == "True" for condition in conditions)
