"""alert-rules: alerts and recorded expressions of an instance, evaluated by a Prometheus.

Texts are passed on unchanged: `{{ $labels.pod }}` in an annotation is evaluated by Prometheus.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final

import msgspec

from rudr_py.api import Kind, Manifest, Problem, Rendered, TraitContext, reject
from rudr_py.api.forms import LabelKey, LabelValue
from rudr_py_prometheus.endpoints import Duration, Limit, Part, PrometheusLabel, Text, rendered
from rudr_py_prometheus.selected import SelectedTrait

PROMETHEUS_RULE: Final = Kind("monitoring.coreos.com/v1", "PrometheusRule")

MetricName = Annotated[str, msgspec.Meta(pattern="^[a-zA-Z_:][a-zA-Z0-9_:]*$")]


class AlertRule(Part, frozen=True):
    """An alert, or a recorded expression."""

    expr: Annotated[Text, msgspec.Meta(description="The expression in PromQL.", examples=["up == 0"])]
    alert: Annotated[Text | None, msgspec.Meta(description="The name of the alert.", examples=["Down"])] = None
    record: Annotated[MetricName | None, msgspec.Meta(description="The name of the recorded metric.")] = None
    pending: Annotated[
        Duration | None, msgspec.Meta(description="The time for which the expression holds before the alert fires.")
    ] = msgspec.field(default=None, name="for")
    keep_firing_for: Annotated[
        Duration | None, msgspec.Meta(description="The time for which the alert stays after it is resolved.")
    ] = None
    labels: Annotated[dict[PrometheusLabel, str], msgspec.Meta(description="Further labels, such as severity.")] = (
        msgspec.field(default_factory=dict)
    )
    annotations: Annotated[
        dict[PrometheusLabel, str], msgspec.Meta(description="Texts of the alert, such as summary.")
    ] = msgspec.field(default_factory=dict)


class RuleGroup(Part, frozen=True):
    """Rules that are evaluated together, in order."""

    name: Annotated[Text, msgspec.Meta(description="The name of the group.", examples=["web"])]
    rules: Annotated[tuple[AlertRule, ...], msgspec.Meta(min_length=1, description="The rules.")]
    interval: Annotated[
        Duration | None, msgspec.Meta(description="The interval; by default that of the Prometheus.")
    ] = None
    limit: Annotated[Limit | None, msgspec.Meta(description="The most alerts or series of a rule.")] = None
    query_offset: Annotated[Duration | None, msgspec.Meta(description="How far back expressions are evaluated.")] = None


class AlertRulesProperties(Part, frozen=True):
    """Groups of rules."""

    groups: Annotated[tuple[RuleGroup, ...], msgspec.Meta(min_length=1, description="The groups of rules.")]
    labels: Annotated[
        dict[LabelKey, LabelValue],
        msgspec.Meta(description="Labels of the PrometheusRule, by which a Prometheus selects it."),
    ] = msgspec.field(default_factory=dict)


_NAMES: Final = {"keepFiringFor": "keep_firing_for", "queryOffset": "query_offset"}
"""Fields of the operator that are not in camel case."""

_OF_ALERTS: Final = ("for", "keepFiringFor", "annotations")


class AlertRules(SelectedTrait[AlertRulesProperties]):
    """Alerts of the instance for a Prometheus of the Prometheus Operator."""

    name = "alert-rules"
    aliases = ("PrometheusRule",)
    properties = AlertRulesProperties
    produces = (PROMETHEUS_RULE,)

    def render(self, ctx: TraitContext[AlertRulesProperties]) -> Rendered:
        """One PrometheusRule."""
        groups = [_renamed(rendered(group)) for group in ctx.properties.groups]
        reject(_problems(groups))
        for group in groups:
            group["rules"] = [_renamed(rule) for rule in group["rules"]]
        name, labels = ctx.name("trait-alert-rules"), ctx.properties.labels
        body = {"spec": {"groups": groups}}
        return Rendered(add=(Manifest(kind=PROMETHEUS_RULE, name=name, body=body, labels=labels),))


def _renamed(fields: dict[str, Any]) -> dict[str, Any]:
    return {_NAMES.get(name, name): value for name, value in fields.items()}


def _problems(groups: list[dict[str, Any]]) -> Iterator[Problem]:
    """Names that occur twice, and rules that are not either an alert or a recorded expression."""
    names: set[str] = set()
    for index, group in enumerate(groups):
        at = f"$.groups[{index}]"
        if group["name"] in names:
            yield Problem("another group has this name", path=f"{at}.name")
        names.add(group["name"])
        for number, rule in enumerate(group["rules"]):
            yield from _of_rule(rule, f"{at}.rules[{number}]")


def _of_rule(rule: dict[str, Any], at: str) -> Iterator[Problem]:
    if ("alert" in rule) == ("record" in rule):
        yield Problem("needs exactly one of alert and record", path=at)
    for field in _OF_ALERTS if "record" in rule else ():
        if field in rule:
            yield Problem("has a meaning for an alert only", path=f"{at}.{field}")
