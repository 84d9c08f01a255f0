"""auto-scaler: a number of replicas between two bounds, by the load of the pods.

The trait returns bounds and metrics; the workload type creates the autoscaler with its target.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from rudr_py.api import Health, InvalidProperties, Manifest, Ref, Rendered, Scale, Trait, TraitContext, get_in
from rudr_py.builtin import kinds
from rudr_py.builtin.traits.manual_scaler import excessive
from rudr_py.builtin.workloads.replicated import AUTOSCALER_SUFFIX

SPREAD = 10
"""The difference between `minimum` and the default of `maximum`, as in Rudr."""

Percent = Annotated[int, msgspec.Meta(ge=1)]


class Policy(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The maximum change in a period."""

    type: Literal["Pods", "Percent"]
    value: Annotated[int, msgspec.Meta(ge=1)]
    period_seconds: Annotated[int, msgspec.Meta(ge=1, le=1800)]


class Rules(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True):
    """The rules for changes in one direction."""

    stabilization_window_seconds: Annotated[int, msgspec.Meta(ge=0, le=3600)] | None = None
    select_policy: Literal["Max", "Min", "Disabled"] | None = None
    policies: tuple[Policy, ...] = ()


class Behavior(
    msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True
):
    """The rules for changes of the number of replicas, as in autoscaling/v2."""

    scale_up: Rules | None = None
    scale_down: Rules | None = None


class AutoScalerProperties(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Bounds, and the target load. Without a load, Kubernetes aims at 80 % of the CPU request."""

    minimum: Annotated[
        int, msgspec.Meta(ge=1, le=2**31 - 1, description="The minimum number of replicas.", examples=[2])
    ] = 1
    maximum: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | None,
        msgspec.Meta(description="The maximum number of replicas; minimum + 10 if omitted.", examples=[10]),
    ] = None
    cpu: Annotated[
        Percent | None,
        msgspec.Meta(
            description="The target CPU utilization in percent of the requests; 80 if neither cpu nor memory is set.",
            examples=[70],
        ),
    ] = None
    memory: Annotated[
        Percent | None, msgspec.Meta(description="The target memory utilization in percent of the requests.")
    ] = None
    behavior: Annotated[Behavior | None, msgspec.Meta(description="The scaling behavior, as in autoscaling/v2.")] = None


class AutoScaler(Trait[AutoScalerProperties]):
    """Runs as many replicas as the load needs, between two bounds."""

    name = "auto-scaler"
    aliases = ("autoscaler", "AutoScaler")
    properties = AutoScalerProperties
    renamed_properties: ClassVar[Mapping[str, str]] = {"minReplicas": "minimum", "maxReplicas": "maximum"}
    requires = frozenset({"scale"})
    observes = (kinds.AUTOSCALER,)

    def render(self, ctx: TraitContext[AutoScalerProperties]) -> Rendered:
        """A scale with the bounds and the metrics."""
        properties = ctx.properties
        maximum = properties.minimum + SPREAD if properties.maximum is None else properties.maximum
        if maximum < properties.minimum:
            raise InvalidProperties(f"maximum {maximum} is below minimum {properties.minimum}", path="$.maximum")
        # through JSON, because a manifest contains lists, not tuples
        behavior = msgspec.json.decode(msgspec.json.encode(properties.behavior)) if properties.behavior else None
        scale = Scale.between(properties.minimum, maximum, tuple(_metrics(properties)), behavior)
        return Rendered(scale=scale, warnings=excessive("maximum", maximum))

    def health(self, ctx: TraitContext[AutoScalerProperties]) -> Health:
        """The health of the autoscaler, if the workload type created one."""
        name = ctx.name(AUTOSCALER_SUFFIX)
        live = ctx.live(Ref(kinds.AUTOSCALER, name))
        manifests = () if live is None else (Manifest(kind=kinds.AUTOSCALER, name=name, body={}),)
        health = super().health(msgspec.structs.replace(ctx, manifests=manifests))
        return Health(health.state, health.reason, health.message, {**health.show, **_show(live)})


def _metrics(properties: AutoScalerProperties) -> Iterator[dict[str, Any]]:
    for name, percent in (("cpu", properties.cpu), ("memory", properties.memory)):
        if percent is not None:
            target = {"type": "Utilization", "averageUtilization": percent}
            yield {"type": "Resource", "resource": {"name": name, "target": target}}


def _show(live: Mapping[str, Any] | None) -> dict[str, str]:
    status = get_in(live, "status", default={})
    if not status:
        return {}
    current, desired = (get_in(status, field, default=0) for field in ("currentReplicas", "desiredReplicas"))
    return {"replicas": f"{current}/{desired}"}
