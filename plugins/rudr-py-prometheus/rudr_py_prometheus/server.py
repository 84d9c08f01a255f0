"""The workload type Prometheus: the Prometheus Operator runs it from the one setting `spec`, as in Rudr.

The spec is passed on unchanged.
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
from rudr_py_prometheus.selected import is_stale

PROMETHEUS: Final = Kind("monitoring.coreos.com/v1", "Prometheus")
REPLICAS: Final = ("spec", "replicas")


class PrometheusProperties(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The workload settings."""

    spec: Annotated[
        dict[str, Any],
        msgspec.Meta(
            description="The spec of a Prometheus of the Prometheus Operator.",
            examples=[{"serviceMonitorSelector": {}}],
        ),
    ]


class Prometheus(WorkloadType[PrometheusProperties]):
    """A Prometheus that the Prometheus Operator runs, named like the instance."""

    name = "monitoring.coreos.com/v1.Prometheus"
    properties = PrometheusProperties
    produces = (PROMETHEUS,)
    scale_forms = frozenset({"exact", "external"})
    provides = frozenset({"scale"})

    def render(self, ctx: WorkloadContext[PrometheusProperties]) -> Rendered:
        """The object with the setting as its spec."""
        warnings = []
        if ctx.component.containers:
            warnings.append("a Prometheus is defined by its workloadSettings only; the containers have no effect")
        return Rendered(
            add=(Manifest(kind=PROMETHEUS, name=ctx.instance, body={"spec": dict(ctx.properties.spec)}),),
            warnings=tuple(warnings),
        )

    def scale(self, ctx: WorkloadContext[PrometheusProperties], scale: Scale | None) -> Rendered:
        """The replicas of each shard; a scale takes precedence over the setting, with a warning."""
        if scale is None or scale.form == "external":
            return Rendered()
        written = ctx.properties.spec.get("replicas")
        overruled = f"spec.replicas {written} has no effect: a trait sets {scale.replicas}"
        return Rendered(
            edit=(SetField(Ref(PROMETHEUS, ctx.instance), REPLICAS, scale.replicas),),
            warnings=(overruled,) if written not in (None, scale.replicas) else (),
        )

    def pods(self, ctx: WorkloadContext[PrometheusProperties]) -> Mapping[str, str] | None:
        """The labels that the operator sets on pods; podMetadata cannot change them."""
        return {"app.kubernetes.io/name": "prometheus", "operator.prometheus.io/name": ctx.instance}

    def health(self, ctx: WorkloadContext[PrometheusProperties]) -> Health:
        """The conditions Reconciled and Available of this generation."""
        live = ctx.live(Ref(PROMETHEUS, ctx.instance))
        if live is None:
            return Health("progressing", "Missing", "the Prometheus does not exist yet")
        for name in ("Reconciled", "Available"):
            condition = kstatus.condition(live, name)
            if not condition or is_stale(condition, live):
                return Health("progressing", "NotObserved", "the Prometheus Operator has not observed it yet")
            if condition.get("status") != "True":
                failed = name == "Reconciled" and condition.get("status") == "False"
                reason = get_in(condition, "reason", default="") or f"Not{name}"
                return Health("failed" if failed else "progressing", reason, get_in(condition, "message", default=""))
        return Health("ready", "Ready", "", _show(live))


def _show(live: Mapping[str, Any]) -> dict[str, str]:
    if "replicas" not in get_in(live, "status", default={}):
        return {}
    available, replicas = (get_in(live, "status", field, default=0) for field in ("availableReplicas", "replicas"))
    return {"replicas": f"{available}/{replicas}"}
