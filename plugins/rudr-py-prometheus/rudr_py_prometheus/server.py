"""The workload type Prometheus: the Prometheus Operator runs it from the one setting `spec`, as in Rudr.

The spec is the operator's matter and passed on as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec

from rudr_py.api import (
    Health,
    Kind,
    Manifest,
    Ref,
    Rendered,
    Scale,
    SetField,
    WorkloadContext,
    WorkloadType,
    get_in,
    kstatus,
)

PROMETHEUS: Final = Kind("monitoring.coreos.com/v1", "Prometheus")
REPLICAS: Final = ("spec", "replicas")


class Properties(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The workload settings."""

    spec: Annotated[
        dict[str, Any],
        msgspec.Meta(
            description="The spec of a Prometheus, as the Prometheus Operator reads it.",
            examples=[{"serviceMonitorSelector": {}}],
        ),
    ]


class Prometheus(WorkloadType[Properties]):
    """A Prometheus that the Prometheus Operator runs, named like the instance."""

    name = "monitoring.coreos.com/v1.Prometheus"
    properties = Properties
    produces = (PROMETHEUS,)
    scale_forms = frozenset({"exact", "external"})
    provides = frozenset({"scale"})

    def render(self, ctx: WorkloadContext[Properties]) -> Rendered:
        """The object with the setting as its spec."""
        warnings = []
        if ctx.component.containers:
            warnings.append("a Prometheus is made of its workloadSettings only; the containers have no effect")
        return Rendered(
            add=(Manifest(kind=PROMETHEUS, name=ctx.instance, body={"spec": dict(ctx.properties.spec)}),),
            warnings=tuple(warnings),
        )

    def scale(self, ctx: WorkloadContext[Properties], size: Scale | None) -> Rendered:
        """Replicas of each shard; a size from a trait wins over one in the setting, and says so."""
        if size is None or size.form == "external":
            return Rendered()
        written = ctx.properties.spec.get("replicas")
        overruled = f"spec.replicas {written} has no effect: a trait asks for {size.replicas}"
        return Rendered(
            edit=(SetField(Ref(PROMETHEUS, ctx.instance), REPLICAS, size.replicas),),
            warnings=(overruled,) if written not in (None, size.replicas) else (),
        )

    def pods(self, ctx: WorkloadContext[Properties]) -> Mapping[str, str] | None:
        """The labels that the operator gives the pods, and that no podMetadata can change."""
        return {"app.kubernetes.io/name": "prometheus", "operator.prometheus.io/name": ctx.instance}

    def health(self, ctx: WorkloadContext[Properties]) -> Health:
        """What the operator says in the conditions Reconciled and Available, of this generation."""
        live = ctx.live(Ref(PROMETHEUS, ctx.instance))
        if live is None:
            return Health("progressing", "Missing", "the Prometheus does not exist yet")
        for name in ("Reconciled", "Available"):
            condition = kstatus.condition(live, name)
            if not condition or _stale(condition, live):
                return Health("progressing", "NotObserved", "the Prometheus Operator has not taken it up yet")
            if condition.get("status") != "True":
                failed = name == "Reconciled" and condition.get("status") == "False"
                reason = get_in(condition, "reason", default="") or f"Not{name}"
                return Health("failed" if failed else "progressing", reason, get_in(condition, "message", default=""))
        return Health("ready", "Ready", "", _show(live))


def _stale(condition: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    """Whether a condition is about an older generation; the operator records the generation in each condition."""
    generation = get_in(live, "metadata", "generation", default=0)
    return get_in(condition, "observedGeneration", default=generation) < generation


def _show(live: Mapping[str, Any]) -> dict[str, str]:
    if "replicas" not in get_in(live, "status", default={}):
        return {}
    available, replicas = (get_in(live, "status", field, default=0) for field in ("availableReplicas", "replicas"))
    return {"replicas": f"{available}/{replicas}"}
