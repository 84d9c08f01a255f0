"""placement: the nodes on which the pods run, and their distribution and priority."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec

from rudr_py.api import PodTemplatePlace, PodTrait, SetField, TraitContext, get_in
from rudr_py.api.forms import LabelKey, LabelValue, Name, Seconds


class Toleration(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Pods may run on nodes with this taint. Without a value, any value."""

    key: Annotated[LabelKey, msgspec.Meta(description="The key of the taint.")]
    value: Annotated[LabelValue | None, msgspec.Meta(description="The value; any value if omitted.")] = None
    effect: Annotated[
        Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None,
        msgspec.Meta(description="The effect; all effects if omitted."),
    ] = None
    seconds: Annotated[Seconds | None, msgspec.Meta(description="Seconds on a node with the effect NoExecute.")] = None


class Spread(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The pods of the instance are distributed evenly over the values of a node label."""

    topology_key: Annotated[
        LabelKey, msgspec.Meta(description="The node label.", examples=["topology.kubernetes.io/zone"])
    ]
    max_skew: Annotated[int, msgspec.Meta(ge=1, description="The greatest difference of two values.")] = 1
    required: Annotated[bool, msgspec.Meta(description="Whether pods wait until they fit.")] = False


class PlacementProperties(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Requirements of the pods for nodes."""

    node_selector: Annotated[
        dict[LabelKey, LabelValue], msgspec.Meta(description="Labels that nodes must have.", examples=[{"disk": "ssd"}])
    ] = {}
    tolerations: tuple[Toleration, ...] = ()
    spread: Annotated[tuple[Spread, ...], msgspec.Meta(description="How pods are distributed.")] = ()
    affinity: Annotated[dict[str, Any], msgspec.Meta(description="The affinity, as in a pod.")] = {}
    priority_class: Annotated[Name | None, msgspec.Meta(description="The PriorityClass.")] = None
    runtime_class: Annotated[Name | None, msgspec.Meta(description="The RuntimeClass.")] = None
    scheduler: Annotated[Name | None, msgspec.Meta(description="The scheduler.")] = None


class Placement(PodTrait[PlacementProperties]):
    """Selects the nodes of the pods, and distributes them over zones."""

    name = "placement"
    properties = PlacementProperties

    def edits(self, ctx: TraitContext[PlacementProperties], place: PodTemplatePlace) -> Iterator[SetField]:
        """Edits of the pod templates."""
        properties = ctx.properties
        for key, value in sorted(properties.node_selector.items()):
            yield place.edit(("spec", "nodeSelector", key), value)
        selector = {"matchLabels": dict(get_in(place.template, "metadata", "labels", default={}))}
        fields: dict[str, Any] = {
            "tolerations": [_toleration(toleration) for toleration in properties.tolerations],
            "topologySpreadConstraints": [_spread(spread, selector) for spread in properties.spread],
            "affinity": properties.affinity,
            "priorityClassName": properties.priority_class,
            "runtimeClassName": properties.runtime_class,
            "schedulerName": properties.scheduler,
        }
        for field, value in fields.items():
            if value:
                yield place.edit(("spec", field), value)


def _toleration(toleration: Toleration) -> dict[str, Any]:
    value = {"operator": "Exists"} if toleration.value is None else {"operator": "Equal", "value": toleration.value}
    optional = {"effect": toleration.effect, "tolerationSeconds": toleration.seconds}
    return {"key": toleration.key, **value, **{name: one for name, one in optional.items() if one is not None}}


def _spread(spread: Spread, selector: dict[str, Any]) -> dict[str, Any]:
    return {
        "topologyKey": spread.topology_key,
        "maxSkew": spread.max_skew,
        "whenUnsatisfiable": "DoNotSchedule" if spread.required else "ScheduleAnyway",
        "labelSelector": selector,
    }
