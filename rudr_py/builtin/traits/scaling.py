"""Translates a merged scale into fields: Deployment replicas, an autoscaler, Job parallelism.

The core has merged the scales of all traits before. Without a scale, the field is dropped with a handover, so that the
current number of replicas continues to run.
"""

from __future__ import annotations

from typing import Any, Final

from rudr_py.api import DropField, Manifest, Ref, Rendered, Scale, SetField, WorkloadContext
from rudr_py.builtin import kinds, labels

REPLICAS: Final = ("spec", "replicas")
PARALLELISM: Final = ("spec", "parallelism")

AUTOSCALER_SUFFIX: Final = "trait-autoscaler"


def of_deployment(ctx: WorkloadContext[Any], scale: Scale | None) -> Rendered:
    """`exact` sets the replicas; `range` adds an autoscaler that owns them; otherwise another manager owns them."""
    target = Ref(kinds.DEPLOYMENT, ctx.instance)
    if scale is not None and scale.form == "exact":
        return Rendered(edit=(SetField(target, REPLICAS, scale.replicas),))
    dropped = (DropField(target, REPLICAS, handover=True),)
    if scale is not None and scale.form == "range":
        return Rendered(add=(_autoscaler(ctx, target, scale),), edit=dropped)
    return Rendered(edit=dropped)


def of_job(ctx: WorkloadContext[Any], scale: Scale | None) -> Rendered:
    """`exact` is the number of parallel pods; without a scale, the Job keeps the value that it was rendered with."""
    if scale is None:
        return Rendered()
    return Rendered(edit=(SetField(Ref(kinds.JOB, ctx.instance), PARALLELISM, scale.replicas),))


def _autoscaler(ctx: WorkloadContext[Any], target: Ref, scale: Scale) -> Manifest:
    spec: dict[str, Any] = {
        "scaleTargetRef": {"apiVersion": target.kind.api_version, "kind": target.kind.kind, "name": target.name},
        "minReplicas": scale.minimum,
        "maxReplicas": scale.maximum,
    }
    # the API server adds default metrics (80 % cpu) only when the list is absent
    if scale.metrics:
        spec["metrics"] = list(scale.metrics)
    if scale.behavior:
        spec["behavior"] = scale.behavior
    name = ctx.name(AUTOSCALER_SUFFIX)
    return Manifest(kind=kinds.AUTOSCALER, name=name, body={"spec": spec}, labels=labels.trait(ctx))
