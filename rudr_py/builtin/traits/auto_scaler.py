"""auto-scaler: a number of replicas between two bounds, by the load of the pods.

Says bounds and metrics only; the workload type makes the autoscaler, and knows what it points at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from rudr_py.api import Health, InvalidProperties, Manifest, Ref, Rendered, Scale, Trait, TraitContext, get_in
from rudr_py.builtin import kinds
from rudr_py.builtin.traits import scaling

SPREAD = 10
"""How far above `minimum` the maximum lies when none is given, as in Rudr."""

Percent = Annotated[int, msgspec.Meta(ge=1)]


class Policy(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """How much may change in a time."""

    type: Literal["Pods", "Percent"]
    value: Annotated[int, msgspec.Meta(ge=1)]
    period_seconds: Annotated[int, msgspec.Meta(ge=1, le=1800)]


class Rules(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True):
    """How the number changes in one direction."""

    stabilization_window_seconds: Annotated[int, msgspec.Meta(ge=0, le=3600)] | None = None
    select_policy: Literal["Max", "Min", "Disabled"] | None = None
    policies: tuple[Policy, ...] = ()


class Behavior(
    msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True
):
    """How fast the number changes, as in autoscaling/v2."""

    scale_up: Rules | None = None
    scale_down: Rules | None = None


class Properties(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Bounds, and the load to aim at. Without any load, Kubernetes aims at 80 % of the CPU request."""

    minimum: Annotated[
        int, msgspec.Meta(ge=1, le=2**31 - 1, description="The least number of replicas.", examples=[2])
    ] = 1
    maximum: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | None,
        msgspec.Meta(
            description="The greatest number of replicas; 10 more than minimum when it is left out.", examples=[10]
        ),
    ] = None
    cpu: Annotated[
        Percent | None,
        msgspec.Meta(
            description="The CPU use to aim at, in percent of what the pods request; without cpu and memory, 80.",
            examples=[70],
        ),
    ] = None
    memory: Annotated[
        Percent | None, msgspec.Meta(description="The memory use to aim at, in percent of what the pods request.")
    ] = None
    behavior: Annotated[
        Behavior | None, msgspec.Meta(description="How fast the number changes, as in autoscaling/v2.")
    ] = None


class AutoScaler(Trait[Properties]):
    """Runs as many replicas as the load needs, between two bounds."""

    name = "auto-scaler"
    aliases = ("autoscaler", "AutoScaler")
    properties = Properties
    renamed_properties: ClassVar[Mapping[str, str]] = {"minReplicas": "minimum", "maxReplicas": "maximum"}
    requires = frozenset({"scale"})
    observes = (kinds.AUTOSCALER,)

    def render(self, ctx: TraitContext[Properties]) -> Rendered:
        """The bounds and the metrics."""
        given = ctx.properties
        maximum = given.minimum + SPREAD if given.maximum is None else given.maximum
        if maximum < given.minimum:
            raise InvalidProperties(f"maximum {maximum} is below minimum {given.minimum}", path="$.maximum")
        # by way of JSON, because a manifest has lists, not tuples
        behavior = msgspec.json.decode(msgspec.json.encode(given.behavior)) if given.behavior else None
        return Rendered(scale=Scale.between(given.minimum, maximum, tuple(_metrics(given)), behavior))

    def health(self, ctx: TraitContext[Properties]) -> Health:
        """What the autoscaler says of itself, where the workload type made one."""
        name = ctx.name(scaling.AUTOSCALER_SUFFIX)
        live = ctx.live(Ref(kinds.AUTOSCALER, name))
        manifests = () if live is None else (Manifest(kind=kinds.AUTOSCALER, name=name, body={}),)
        health = super().health(msgspec.structs.replace(ctx, manifests=manifests))
        return Health(health.state, health.reason, health.message, {**health.show, **_show(live)})


def _metrics(given: Properties) -> Iterator[dict[str, Any]]:
    for name, percent in (("cpu", given.cpu), ("memory", given.memory)):
        if percent is not None:
            target = {"type": "Utilization", "averageUtilization": percent}
            yield {"type": "Resource", "resource": {"name": name, "target": target}}


def _show(live: Mapping[str, Any] | None) -> dict[str, str]:
    status = get_in(live, "status", default={})
    if not status:
        return {}
    current, desired = (get_in(status, field, default=0) for field in ("currentReplicas", "desiredReplicas"))
    return {"replicas": f"{current}/{desired}"}
