"""The metrics and the behavior of the auto-scaler, as autoscaling/v2 accepts and refuses them."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.builtin.traits.auto_scaler import AutoScaler
from rudr_py.testing import RenderError, RenderOne

PREFIX = "$.spec.components[0].traits[0].properties"
QUEUE = {"name": "queue_length", "selector": {"matchLabels": {"queue": "orders"}}}
INGRESS = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "name": "web"}

RESOURCE = {
    "type": "Resource",
    "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "500Mi"}},
}
CONTAINER = {
    "type": "ContainerResource",
    "containerResource": {
        "name": "cpu",
        "container": "main",
        "target": {"type": "Utilization", "averageUtilization": 60},
    },
}
PODS = {
    "type": "Pods",
    "pods": {"metric": {"name": "requests"}, "target": {"type": "AverageValue", "averageValue": "1k"}},
}
OBJECT = {
    "type": "Object",
    "object": {
        "describedObject": INGRESS,
        "metric": {"name": "requests"},
        "target": {"type": "Value", "value": "10k"},
    },
}
EXTERNAL = {
    "type": "External",
    "external": {"metric": QUEUE, "target": {"type": "AverageValue", "averageValue": "30"}},
}


def _spec(render_one: RenderOne, **properties: Any) -> dict[str, Any]:
    autoscaler = render_one(AutoScaler(), properties=properties, component=COMPONENT).one("HorizontalPodAutoscaler")
    spec: dict[str, Any] = autoscaler["spec"]
    return spec


COMPONENT = {
    "workloadType": "core.oam.dev/v1alpha1.Worker",
    "containers": [{"name": "main", "image": "main:1"}, {"name": "helper", "image": "helper:1"}],
}


def _refused(render_one: RenderOne, **properties: Any) -> list[str]:
    with pytest.raises(RenderError) as error:
        render_one(AutoScaler(), properties=properties, component=COMPONENT)
    return [path.removeprefix(PREFIX) for _, path in error.value.problems]


def test_metrics_of_all_types_follow_the_short_form(render_one: RenderOne) -> None:
    metrics = [RESOURCE, CONTAINER, PODS, OBJECT, EXTERNAL]
    short = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
    }
    assert _spec(render_one, cpu=70, metrics=metrics)["metrics"] == [short, *metrics]


def test_a_quantity_without_quotes_is_a_text_of_kubernetes(render_one: RenderOne) -> None:
    target = {"type": "AverageValue", "averageValue": 30}
    (metric,) = _spec(render_one, metrics=[{"type": "External", "external": {"metric": QUEUE, "target": target}}])[
        "metrics"
    ]
    assert metric["external"]["target"] == {"type": "AverageValue", "averageValue": "30"}


def test_policies_of_both_directions_reach_the_autoscaler(render_one: RenderOne) -> None:
    behavior = {
        "scaleUp": {
            "stabilizationWindowSeconds": 0,
            "selectPolicy": "Max",
            "policies": [
                {"type": "Percent", "value": 100, "periodSeconds": 15},
                {"type": "Pods", "value": 4, "periodSeconds": 15},
            ],
        },
        "scaleDown": {"selectPolicy": "Disabled"},
    }
    assert _spec(render_one, behavior=behavior)["behavior"] == behavior


def test_an_empty_list_of_policies_is_left_out_because_the_api_server_refuses_it(render_one: RenderOne) -> None:
    behavior = {"scaleUp": {"selectPolicy": "Max", "policies": []}}
    assert _spec(render_one, behavior=behavior)["behavior"] == {"scaleUp": {"selectPolicy": "Max"}}


def _changed(metric: dict[str, Any], /, **changes: Any) -> dict[str, Any]:
    """The metric with other fields in its source; None removes a field."""
    (field,) = metric.keys() - {"type"}
    source = {**metric[field], **changes}
    return {**metric, field: {key: value for key, value in source.items() if value is not None}}


@pytest.mark.parametrize(
    ("metric", "path"),
    [
        ({"type": "Pods"}, ""),
        ({**PODS, **RESOURCE, "type": "Pods"}, ".resource"),
        (_changed(CONTAINER, container="absent"), ".containerResource.container"),
        (_changed(PODS, target={"type": "Utilization", "averageUtilization": 5}), ".pods.target.type"),
        (_changed(PODS, target={"type": "Value", "value": 5}), ".pods.target.type"),
        (_changed(RESOURCE, target={"type": "Value", "value": 5}), ".resource.target.type"),
        (_changed(OBJECT, target={"type": "Utilization", "averageUtilization": 5}), ".object.target.type"),
        (_changed(EXTERNAL, target={"type": "Value", "averageValue": 5}), ".external.target"),
        (_changed(EXTERNAL, target={"type": "Value", "value": 5, "averageValue": 5}), ".external.target.averageValue"),
        (_changed(EXTERNAL, target={"type": "Value", "value": "0"}), ".external.target.value"),
        (_changed(EXTERNAL, target={"type": "Value", "value": "-1"}), ".external.target.value"),
        (_changed(EXTERNAL, target={"type": "Value", "value": "500MB"}), ".external.target.value"),
        (
            _changed(
                EXTERNAL, metric={"name": "q", "selector": {"matchExpressions": [{"key": "queue", "operator": "In"}]}}
            ),
            ".external.metric.selector.matchExpressions[0].values",
        ),
    ],
)
def test_a_metric_that_kubernetes_refuses_is_refused_at_its_place(
    render_one: RenderOne, metric: dict[str, Any], path: str
) -> None:
    assert f".metrics[0]{path}" in _refused(render_one, metrics=[metric])


@pytest.mark.parametrize(
    ("properties", "path"),
    [
        ({"metrics": [{"type": "Network"}]}, ".metrics[0].type"),
        ({"metrics": [_changed(PODS, target=None)]}, ".metrics[0].pods"),
        ({"metrics": [_changed(EXTERNAL, target={"type": "Value", "value": -1})]}, ".metrics[0].external.target.value"),
        ({"metrics": [_changed(PODS, metric={"name": "nginx/requests"})]}, ".metrics[0].pods.metric.name"),
        ({"metrics": [_changed(PODS, metric={"name": ".."})]}, ".metrics[0].pods.metric.name"),
        ({"metrics": [_changed(OBJECT, describedObject={"kind": "Ingress", "name": "web"})]}, ".metrics[0].object"),
        ({"behavior": {"scaleDown": {"stabilizationWindowSeconds": 3601}}}, ".behavior.scaleDown"),
        (
            {"behavior": {"scaleUp": {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 1801}]}}},
            ".behavior.scaleUp.policies[0].periodSeconds",
        ),
    ],
)
def test_the_schema_refuses_what_no_autoscaler_has(
    render_one: RenderOne, properties: dict[str, Any], path: str
) -> None:
    assert any(at.startswith(path) for at in _refused(render_one, **properties))


def test_one_metric_with_two_targets_is_refused(render_one: RenderOne) -> None:
    cpu = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
    }
    assert _refused(render_one, cpu=80, metrics=[cpu]) == [".metrics[0].resource"]
    assert _refused(render_one, metrics=[PODS, PODS]) == [".metrics[1]"]
    # in percent and as an amount are two metrics
    amount = _changed(cpu, target={"type": "AverageValue", "averageValue": "1"})
    assert len(_spec(render_one, cpu=80, memory=50, metrics=[amount, EXTERNAL])["metrics"]) == 4


def test_a_target_in_percent_of_no_request_is_a_warning(render_one: RenderOne) -> None:
    main, helper = COMPONENT["containers"]
    idle = {**COMPONENT, "containers": [main, {**helper, "resources": {"cpu": {"required": 0}}}]}  # type: ignore[dict-item] # the map has lists and texts
    percent = {"type": "Utilization", "averageUtilization": 60}
    pods = {"type": "Resource", "resource": {"name": "cpu", "target": percent}}
    (warning,) = render_one(AutoScaler(), properties={"metrics": [pods]}, component=idle).warnings
    assert "helper" in warning
    # the container that is measured requests cpu
    assert not render_one(AutoScaler(), properties={"metrics": [CONTAINER]}, component=idle).warnings


def test_a_resource_that_no_metrics_server_measures_is_a_warning(render_one: RenderOne) -> None:
    disk = _changed(RESOURCE, name="ephemeral-storage")
    (warning,) = render_one(AutoScaler(), properties={"metrics": [disk]}, component=COMPONENT).warnings
    assert "ephemeral-storage" in warning
