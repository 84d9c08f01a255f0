"""A merged size as fields: Deployment replicas, an autoscaler, Job parallelism.

No decision about which trait wins is taken here; the core has merged them. A size that nobody gives is not
reset but let go: what the cluster runs at that moment keeps running.
"""

from __future__ import annotations

from typing import Any, Final

from rudr_py.api import DropField, Manifest, Ref, Rendered, Scale, SetField, WorkloadContext
from rudr_py.builtin import kinds, labels

REPLICAS: Final = ("spec", "replicas")
PARALLELISM: Final = ("spec", "parallelism")

AUTOSCALER_SUFFIX: Final = "trait-autoscaler"


def of_deployment(ctx: WorkloadContext[Any], size: Scale | None) -> Rendered:
    """`exact` owns the replicas; `range` leaves them to an autoscaler that it adds; else they are somebody else's."""
    target = Ref(kinds.DEPLOYMENT, ctx.instance)
    if size is not None and size.form == "exact":
        return Rendered(edit=(SetField(target, REPLICAS, size.replicas),))
    let_go = (DropField(target, REPLICAS, handover=True),)
    if size is not None and size.form == "range":
        return Rendered(add=(_autoscaler(ctx, target, size),), edit=let_go)
    return Rendered(edit=let_go)


def of_job(ctx: WorkloadContext[Any], size: Scale | None) -> Rendered:
    """`exact` is the number of pods that run at once; without a size it stays at what the Job was rendered with."""
    if size is None:
        return Rendered()
    return Rendered(edit=(SetField(Ref(kinds.JOB, ctx.instance), PARALLELISM, size.replicas),))


def _autoscaler(ctx: WorkloadContext[Any], target: Ref, size: Scale) -> Manifest:
    spec: dict[str, Any] = {
        "scaleTargetRef": {"apiVersion": target.kind.api_version, "kind": target.kind.kind, "name": target.name},
        "minReplicas": size.minimum,
        "maxReplicas": size.maximum,
    }
    # absent metrics are filled in by the API server (80 % cpu); an empty list would say "none"
    if size.metrics:
        spec["metrics"] = list(size.metrics)
    if size.behavior:
        spec["behavior"] = size.behavior
    name = ctx.name(AUTOSCALER_SUFFIX)
    return Manifest(kind=kinds.AUTOSCALER, name=name, body={"spec": spec}, labels=labels.trait(ctx))
