"""Metrics and behavior of autoscaling/v2 as properties, for traits that scale by load.

The classes have the fields of Kubernetes, so that a part of a HorizontalPodAutoscaler is valid as properties. The
functions return the rules of its validation that a schema cannot express.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec

from rudr_py.api import forms
from rudr_py.api.forms import Quantity
from rudr_py.errors import Problem

Text = Annotated[str, msgspec.Meta(min_length=1)]

Segment = Annotated[str, msgspec.Meta(pattern=r"^\.{0,2}[^/%.][^/%]*$")]
"""A name that can be a part of the path of a URL."""


class Policy(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The maximum change in a period."""

    type: Annotated[Literal["Pods", "Percent"], msgspec.Meta(description="The unit of the value.")]
    value: Annotated[int, msgspec.Meta(ge=1, description="The most pods, or percent of them, that change.")]
    period_seconds: Annotated[int, msgspec.Meta(ge=1, le=1800, description="The period.")]


class Rules(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True):
    """The rules for changes in one direction."""

    stabilization_window_seconds: Annotated[
        Annotated[int, msgspec.Meta(ge=0, le=3600)] | None,
        msgspec.Meta(description="The period whose recommendations are compared; 0 up and 300 down by default."),
    ] = None
    select_policy: Annotated[
        Literal["Max", "Min", "Disabled"] | None,
        msgspec.Meta(
            description="Whether the policy with the greatest or the smallest change decides; Max by default."
        ),
    ] = None
    policies: Annotated[
        tuple[Policy, ...], msgspec.Meta(description="The policies; those of Kubernetes if there are none.")
    ] = ()


class Behavior(
    msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True
):
    """The rules for changes of the number of replicas, as in autoscaling/v2."""

    scale_up: Annotated[Rules | None, msgspec.Meta(description="For more replicas.")] = None
    scale_down: Annotated[Rules | None, msgspec.Meta(description="For fewer replicas.")] = None


class Target(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True):
    """The target of a metric: the field that belongs to its type."""

    type: Annotated[
        Literal["Utilization", "Value", "AverageValue"],
        msgspec.Meta(description="In percent of the requests, or a value in total or for each pod."),
    ]
    average_utilization: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | None, msgspec.Meta(description="For type Utilization.")
    ] = None
    value: Annotated[Quantity | None, msgspec.Meta(description="For type Value.")] = None
    average_value: Annotated[Quantity | None, msgspec.Meta(description="For type AverageValue.")] = None


class Requirement(
    msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True
):
    """A requirement for one label."""

    key: Text
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    values: tuple[str, ...] = ()


class Selector(
    msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True
):
    """A selector of labels, as in Kubernetes."""

    match_labels: dict[str, str] = {}
    match_expressions: tuple[Requirement, ...] = ()


class MetricName(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True):
    """A metric of a metrics adapter, restricted to labels by the selector."""

    name: Segment
    selector: Selector | None = None


class DescribedObject(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """An object of the namespace."""

    api_version: Text
    kind: Segment
    name: Segment


class ResourceSource(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A resource of all containers of each pod."""

    name: Text
    target: Target


class ContainerResourceSource(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A resource of one container of each pod."""

    name: Text
    container: Text
    target: Target


class PodsSource(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A metric of each pod."""

    metric: MetricName
    target: Target


class ObjectSource(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A metric of another object."""

    described_object: DescribedObject
    metric: MetricName
    target: Target


class ExternalSource(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A metric from outside of the cluster."""

    metric: MetricName
    target: Target


class Metric(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True, omit_defaults=True):
    """A metric: its type, and the one field that belongs to the type."""

    type: Literal["Resource", "ContainerResource", "Pods", "Object", "External"]
    resource: Annotated[ResourceSource | None, msgspec.Meta(description="For type Resource: cpu or memory.")] = None
    container_resource: Annotated[
        ContainerResourceSource | None,
        msgspec.Meta(description="For type ContainerResource; Kubernetes 1.30, or 1.27 to 1.29 as a beta feature."),
    ] = None
    pods: Annotated[PodsSource | None, msgspec.Meta(description="For type Pods; needs a metrics adapter.")] = None
    object: Annotated[ObjectSource | None, msgspec.Meta(description="For type Object; needs a metrics adapter.")] = None
    external: Annotated[
        ExternalSource | None, msgspec.Meta(description="For type External; needs a metrics adapter.")
    ] = None

    @property
    def source(self) -> Any:
        """The field that belongs to the type; None if it is missing."""
        return getattr(self, _FIELDS[self.type][0])

    @property
    def identity(self) -> Any:
        """The metric and the type of its target, without the value."""
        if self.source is None:
            return None
        return msgspec.structs.replace(self.source, target=Target(type=self.source.target.type))


_FIELDS: Final = {
    "Resource": ("resource", "resource"),
    "ContainerResource": ("container_resource", "containerResource"),
    "Pods": ("pods", "pods"),
    "Object": ("object", "object"),
    "External": ("external", "external"),
}
"""The attribute and the field of each type of metrics."""

_TARGET_TYPES: Final = {
    "Resource": ("Utilization", "AverageValue"),
    "ContainerResource": ("Utilization", "AverageValue"),
    "Pods": ("AverageValue",),
    "Object": ("Value", "AverageValue"),
    "External": ("Value", "AverageValue"),
}

_TARGET_FIELDS: Final = {
    "Utilization": ("average_utilization", "averageUtilization"),
    "Value": ("value", "value"),
    "AverageValue": ("average_value", "averageValue"),
}


def fields(value: Metric | Behavior) -> dict[str, Any]:
    """The value in the format of autoscaling/v2."""
    document: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(value))
    for part in document.values():
        target = part.get("target") if isinstance(part, dict) else None
        if target is not None:
            target.update({key: forms.quantity(target[key]) for key in {"value", "averageValue"} & target.keys()})
    return document


def problems(metrics: Sequence[Metric], containers: Collection[str], path: str) -> Iterator[Problem]:
    """The problems of a list of metrics at `path`; `containers` are the names of the containers of the pods."""
    for index, metric in enumerate(metrics):
        at = f"{path}[{index}]"
        field = _FIELDS[metric.type][1]
        for attribute, other in _FIELDS.values():
            if other != field and getattr(metric, attribute) is not None:
                yield Problem(f"a metric of type {metric.type} has no field {other}", path=f"{at}.{other}")
        if metric.source is None:
            yield Problem(f"a metric of type {metric.type} needs the field {field}", path=at)
            continue
        if metric.identity in [earlier.identity for earlier in metrics[:index]]:
            yield Problem("the metric is listed twice, with targets of one type", path=at)
        yield from _target_problems(metric, f"{at}.{field}.target")
        yield from _selector_problems(metric, f"{at}.{field}.metric.selector")
        container = getattr(metric.source, "container", None)
        if container is not None and container not in containers:
            listed = ", ".join(containers)
            message = f'the component has no container "{container}"; it has {listed}'
            yield Problem(message, path=f"{at}.{field}.container")


def _target_problems(metric: Metric, path: str) -> Iterator[Problem]:
    """The target has a type that the metric can have, and the field of that type only."""
    target = metric.source.target
    possible = _TARGET_TYPES[metric.type]
    if target.type not in possible:
        message = f"the target of a metric of type {metric.type} has the type {' or '.join(possible)}"
        yield Problem(message, path=f"{path}.type")
        return
    for kind, (attribute, field) in _TARGET_FIELDS.items():
        value = getattr(target, attribute)
        if kind == target.type and value is None:
            yield Problem(f"a target of type {kind} needs {field}", path=path)
        if kind != target.type and value is not None:
            yield Problem(f"a target of type {target.type} has no {field}", path=f"{path}.{field}")
        if value is not None and forms.amount(value) <= 0:
            yield Problem(f"{field} must be above 0", path=f"{path}.{field}")


def _selector_problems(metric: Metric, path: str) -> Iterator[Problem]:
    name = getattr(metric.source, "metric", None)
    if name is None or name.selector is None:
        return
    for index, requirement in enumerate(name.selector.match_expressions):
        if (requirement.operator in ("In", "NotIn")) != bool(requirement.values):
            needed = "has no values" if requirement.values else "needs values"
            yield Problem(f"{requirement.operator} {needed}", path=f"{path}.matchExpressions[{index}].values")
