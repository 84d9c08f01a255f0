"""auto-scaler: a number of replicas between two bounds, by the load of the pods.

The trait returns bounds and metrics; the workload type creates the autoscaler with its target.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

import msgspec

from rudr_py.api import (
    Health,
    Manifest,
    Problem,
    Ref,
    Rendered,
    Scale,
    Trait,
    TraitContext,
    autoscaling,
    get_in,
    reject,
)
from rudr_py.api.autoscaling import Behavior, Metric
from rudr_py.api.component import Container
from rudr_py.builtin import kinds
from rudr_py.builtin.traits.manual_scaler import excessive
from rudr_py.builtin.workloads.replicated import AUTOSCALER_SUFFIX

SPREAD = 10
"""The difference between `minimum` and the default of `maximum`, as in Rudr."""

Percent = Annotated[int, msgspec.Meta(ge=1)]


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
            description="The target CPU utilization in percent of the requests; 80 if no metric is set.",
            examples=[70],
        ),
    ] = None
    memory: Annotated[
        Percent | None, msgspec.Meta(description="The target memory utilization in percent of the requests.")
    ] = None
    metrics: Annotated[
        tuple[Metric, ...],
        msgspec.Meta(description="Further metrics, as in autoscaling/v2; the one that needs most replicas decides."),
    ] = ()
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
        reject([*_problems(ctx, maximum)])
        behavior = autoscaling.fields(properties.behavior) if properties.behavior else None
        scale = Scale.between(properties.minimum, maximum, tuple(_metrics(properties)), behavior)
        return Rendered(scale=scale, warnings=(*excessive("maximum", maximum), *_unmeasured(ctx)))

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
    yield from map(autoscaling.fields, properties.metrics)


def _problems(ctx: TraitContext[AutoScalerProperties], maximum: int) -> Iterator[Problem]:
    properties = ctx.properties
    if maximum < properties.minimum:
        yield Problem(f"maximum {maximum} is below minimum {properties.minimum}", path="$.maximum")
    containers = [container.name for container in ctx.component.containers]
    yield from autoscaling.problems(properties.metrics, containers, "$.metrics")
    short = {"cpu": properties.cpu, "memory": properties.memory}
    for index, metric in enumerate(properties.metrics):
        source = metric.resource
        if source is not None and source.target.type == "Utilization" and short.get(source.name) is not None:
            yield Problem(f"the property {source.name} sets its target, too", path=f"$.metrics[{index}].resource")


def _unmeasured(ctx: TraitContext[AutoScalerProperties]) -> Iterator[str]:
    """Warnings about targets in percent of requests that neither the component nor the trait resources sets."""
    for metric in ctx.properties.metrics:
        source = metric.resource or metric.container_resource
        if source is None:
            continue
        if source.name not in ("cpu", "memory"):
            yield f"the metrics server measures cpu and memory of containers, and not {source.name}"
        elif source.target.type == "Utilization" and "resources" not in {trait.name for trait in ctx.traits}:
            measured = getattr(source, "container", None)
            for container in ctx.component.containers:
                if measured in (None, container.name) and not _requested(container, source.name):
                    yield f"the target is in percent of the {source.name} that {container.name} requests, which is 0"


def _requested(container: Container, name: str) -> bool:
    amount = container.resources.cpu if name == "cpu" else container.resources.memory
    return any(digit in "123456789" for digit in amount)


def _show(live: Mapping[str, Any] | None) -> dict[str, str]:
    status = get_in(live, "status", default={})
    if not status:
        return {}
    current, desired = (get_in(status, field, default=0) for field in ("currentReplicas", "desiredReplicas"))
    return {"replicas": f"{current}/{desired}"}
