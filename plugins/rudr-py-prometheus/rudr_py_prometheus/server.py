"""The workload type Prometheus: the Prometheus Operator runs it from the one setting `spec`, as in Rudr.

The spec is the operator's matter and passed on as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec

from rudr_py.api import Context, Health, Kind, Manifest, Ref, Rendered, Scale, Set, WorkloadType, kstatus

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
    takes = frozenset({"exact", "external"})
    offers = frozenset({"scale"})

    def render(self, ctx: Context[Properties]) -> Rendered:
        """The object with the setting as its spec."""
        warnings = []
        if ctx.component.containers:
            warnings.append("a Prometheus is made of its workloadSettings only; the containers have no effect")
        return Rendered(
            add=(Manifest(kind=PROMETHEUS, name=ctx.instance, body={"spec": dict(ctx.properties.spec)}),),
            warnings=tuple(warnings),
        )

    def scale(self, ctx: Context[Properties], size: Scale | None) -> Rendered:
        """Replicas of each shard; a size from a trait wins over one in the setting, and says so."""
        if size is None or size.form == "external":
            return Rendered()
        written = ctx.properties.spec.get("replicas")
        overruled = f"spec.replicas {written} has no effect: a trait asks for {size.replicas}"
        return Rendered(
            edit=(Set(Ref(PROMETHEUS, ctx.instance), REPLICAS, size.replicas),),
            warnings=(overruled,) if written not in (None, size.replicas) else (),
        )

    def pods(self, ctx: Context[Properties]) -> Mapping[str, str] | None:
        """The labels that the operator gives the pods, and that no podMetadata can change."""
        return {"app.kubernetes.io/name": "prometheus", "operator.prometheus.io/name": ctx.instance}

    def health(self, ctx: Context[Properties]) -> Health:
        """What the operator says in the conditions Reconciled and Available, of this generation."""
        live = ctx.live(Ref(PROMETHEUS, ctx.instance))
        if live is None:
            return Health("progressing", "Missing", "the Prometheus is not there yet")
        for wanted in ("Reconciled", "Available"):
            found = kstatus.condition(live, wanted)
            if not found or _stale(found, live):
                return Health("progressing", "NotObserved", "the Prometheus Operator has not taken it up yet")
            if found.get("status") != "True":
                failed = wanted == "Reconciled" and found.get("status") == "False"
                reason = str(found.get("reason") or f"Not{wanted}")
                return Health("failed" if failed else "progressing", reason, str(found.get("message") or ""))
        return Health("ready", "Ready", "", _show(live))


def _stale(found: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    """Whether a condition is about an older generation; the operator notes that in each condition by itself."""
    observed, generation = found.get("observedGeneration"), live["metadata"].get("generation")
    return isinstance(observed, int) and isinstance(generation, int) and observed < generation


def _show(live: Mapping[str, Any]) -> dict[str, str]:
    status = live.get("status")
    if not isinstance(status, dict) or "replicas" not in status:
        return {}
    return {"replicas": f"{status.get('availableReplicas', 0)}/{status['replicas']}"}
