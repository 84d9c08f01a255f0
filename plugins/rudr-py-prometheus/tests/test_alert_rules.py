"""The trait alert-rules: one PrometheusRule with the groups, whose texts are unchanged."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.testing import RenderError, RenderOne
from rudr_py_prometheus.alert_rules import AlertRules

ALERT = {"alert": "Down", "expr": "up == 0"}


def _rule(render_one: RenderOne, *rules: dict[str, Any], **further: Any) -> dict[str, Any]:
    properties = {"groups": [{"name": "web", "rules": list(rules), **further}], "labels": {"team": "web"}}
    return render_one(AlertRules(), properties=properties).one("PrometheusRule")


def test_an_alert_is_written_in_the_names_of_the_operator(render_one: RenderOne) -> None:
    further = {"for": "10m", "keepFiringFor": "5m", "labels": {"severity": "page"}}
    document = _rule(render_one, {**ALERT, **further}, interval="1m", queryOffset="30s", limit=5)
    assert document["metadata"]["name"] == "app-web-trait-alert-rules"
    assert document["metadata"]["labels"]["team"] == "web"
    assert document["spec"]["groups"] == [
        {
            "name": "web",
            "interval": "1m",
            "query_offset": "30s",
            "limit": 5,
            "rules": [{**ALERT, "for": "10m", "keep_firing_for": "5m", "labels": {"severity": "page"}}],
        }
    ]


@pytest.mark.parametrize(
    "text",
    [
        "{{ $labels.pod }} of ${instance} is at {{ $value | humanize }}",
        'sum by (pod) (rate(errors_total{instance="$instance"}[5m]))',
        "$(web) ${web} {{ web }}",
    ],
)
def test_texts_are_passed_on_unchanged(render_one: RenderOne, text: str) -> None:
    rule = {"alert": "Errors", "expr": text, "annotations": {"summary": text}}
    properties = {"groups": [{"name": "web", "rules": [rule]}]}
    rendering = render_one(AlertRules(), properties=properties)
    assert rendering.one("PrometheusRule")["spec"]["groups"][0]["rules"] == [rule]
    assert rendering.warnings == ()


@pytest.mark.parametrize("workload", ["Server", "Worker", "Task"])
def test_any_workload_type_may_have_rules(render_one: RenderOne, workload: str) -> None:
    component = {
        "workloadType": f"core.oam.dev/v1alpha1.{workload}",
        "containers": [{"name": "main", "image": "main:1"}],
    }
    properties = {"groups": [{"name": "web", "rules": [ALERT]}]}
    assert render_one(AlertRules(), properties=properties, component=component).one("PrometheusRule")


@pytest.mark.parametrize(
    ("groups", "path"),
    [
        ([], ".groups"),
        ([{"name": "web", "rules": []}], ".groups[0].rules"),
        ([{"name": "web", "rules": [ALERT]}] * 2, ".groups[1].name"),
        ([{"name": "web", "rules": [{"expr": "up"}]}], ".groups[0].rules[0]"),
        ([{"name": "web", "rules": [{**ALERT, "record": "up:sum"}]}], ".groups[0].rules[0]"),
        ([{"name": "web", "rules": [{"record": "up:sum", "expr": "up", "for": "1m"}]}], ".groups[0].rules[0].for"),
        ([{"name": "web", "rules": [{**ALERT, "for": "10"}]}], ".groups[0].rules[0].for"),
        ([{"name": "web", "rules": [{"alert": "Down"}]}], ".groups[0].rules[0]"),
        ([{"name": "web", "rules": [{**ALERT, "labels": {"a-b": "c"}}]}], ".groups[0].rules[0].labels"),
    ],
)
def test_what_prometheus_would_reject_is_rejected(render_one: RenderOne, groups: list[Any], path: str) -> None:
    with pytest.raises(RenderError) as error:
        render_one(AlertRules(), properties={"groups": groups})
    (at,) = {at for _, at in error.value.problems}
    assert at.startswith(f"$.spec.components[0].traits[0].properties{path}")
