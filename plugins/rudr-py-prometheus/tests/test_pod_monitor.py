"""The trait pod-monitor: it selects the pods of the instance, and a port that a container declares."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.testing import RenderError, RenderOne
from rudr_py_prometheus.pod_monitor import PodMonitor

WORKER = {"workloadType": "core.oam.dev/v1alpha1.Worker", "containers": [{"name": "worker", "image": "worker:1"}]}


def _rendered(
    render_one: RenderOne, properties: dict[str, Any], component: dict[str, Any] | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The pod template of the Deployment, and the spec of the monitor, which selects its pods."""
    rendering = render_one(PodMonitor(), properties=properties, component=component or WORKER)
    template, spec = rendering.one("Deployment")["spec"]["template"], rendering.one("PodMonitor")["spec"]
    assert spec["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
    assert spec["selector"]["matchLabels"]["oam.dev/instance-name"] == "app-web"
    return template["spec"], spec


def _server(**ports: int) -> dict[str, Any]:
    listed = [{"name": name, "containerPort": number} for name, number in ports.items()]
    return {"containers": [{"name": "web", "image": "web:1", "ports": listed}]}


def test_the_port_of_a_worker_is_declared_and_scraped_by_its_name(render_one: RenderOne) -> None:
    pod, spec = _rendered(render_one, {"port": 9090, "interval": "30s"})
    assert pod["containers"][0]["ports"] == [{"name": "metrics-9090", "containerPort": 9090, "protocol": "TCP"}]
    assert spec["podMetricsEndpoints"] == [{"port": "metrics-9090", "path": "/metrics", "interval": "30s"}]


def test_a_worker_needs_a_port_number(render_one: RenderOne) -> None:
    for properties in ({}, {"port": "metrics"}):
        with pytest.raises(RenderError) as error:
            _rendered(render_one, properties)
        assert [path for _, path in error.value.problems] == ["$.spec.components[0].traits[0].properties.port"]


@pytest.mark.parametrize("port", ["admin", 9090])
def test_a_declared_port_is_used_without_an_edit_of_the_pods(render_one: RenderOne, port: str | int) -> None:
    component = _server(http=80, admin=9090)
    pod, spec = _rendered(render_one, {"port": port}, component)
    assert [entry["name"] for entry in pod["containers"][0]["ports"]] == ["http", "admin"]
    assert spec["podMetricsEndpoints"] == [{"port": "admin", "path": "/metrics"}]


def test_a_port_of_a_container_that_another_trait_adds_is_used_as_it_is(render_one: RenderOne) -> None:
    _, spec = _rendered(render_one, {"container": "exporter", "endpoints": [{"port": "metrics"}, {"port": 9102}]})
    assert spec["podMetricsEndpoints"] == [
        {"port": "metrics", "path": "/metrics"},
        {"portNumber": 9102, "path": "/metrics"},
    ]
    assert "container" not in spec


def test_a_container_of_the_component_limits_the_choice_to_its_ports(render_one: RenderOne) -> None:
    containers = [*_server(http=80)["containers"], {**_server(metrics=9102)["containers"][0], "name": "exporter"}]
    _, spec = _rendered(render_one, {"container": "exporter"}, {"containers": containers})
    assert spec["podMetricsEndpoints"] == [{"port": "metrics", "path": "/metrics"}]


def test_a_workload_without_a_pod_template_is_refused(render_one: RenderOne) -> None:
    component = {"workloadType": "monitoring.coreos.com/v1.Prometheus", "containers": []}
    with pytest.raises(RenderError):
        render_one(PodMonitor(), properties={"port": 9090}, component=component)
