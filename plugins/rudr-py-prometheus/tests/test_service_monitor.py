"""The trait service-monitor: it selects the instance's own Service, and one port of it."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.testing import RenderError, RenderOne
from rudr_py_prometheus.service_monitor import ServiceMonitor

LABELS = {
    "app.kubernetes.io/name": "app",
    "oam.dev/instance-name": "app-web",
    "oam.dev/workload-type": "Service",
}


def _monitor(render_one: RenderOne, properties: dict[str, Any], **ports: int) -> dict[str, Any]:
    listed = [{"name": name, "containerPort": number} for name, number in ports.items()]
    component = {"containers": [{"name": "web", "image": "web:1", "ports": listed}]}
    rendering = render_one(ServiceMonitor(), properties=properties, component=component)
    # the monitor selects what the Service is labelled with
    service, monitor = rendering.one("Service"), rendering.one("ServiceMonitor")
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    return monitor


def test_the_only_port_is_scraped_by_default(render_one: RenderOne) -> None:
    monitor = _monitor(render_one, {}, http=8080)
    assert monitor["metadata"]["name"] == "app-web-trait-service-monitor"
    assert monitor["spec"] == {
        "selector": {"matchLabels": LABELS},
        "endpoints": [{"port": "http", "path": "/metrics"}],
    }


@pytest.mark.parametrize("port", ["admin", 9090])
def test_a_port_is_chosen_by_name_or_number(render_one: RenderOne, port: str | int) -> None:
    properties = {"port": port, "path": "/stats", "interval": "1m30s", "labels": {"team": "frontend"}}
    monitor = _monitor(render_one, properties, http=8080, admin=9090)
    assert monitor["spec"]["endpoints"] == [{"port": "admin", "path": "/stats", "interval": "1m30s"}]
    assert monitor["metadata"]["labels"]["team"] == "frontend"


def _refused(render_one: RenderOne, properties: dict[str, Any], match: str, **ports: int) -> None:
    with pytest.raises(RenderError, match=match):
        _monitor(render_one, properties, **ports)


def test_one_of_several_ports_must_be_selected(render_one: RenderOne) -> None:
    _refused(render_one, {}, r"http \(8080\), admin \(9090\)", http=8080, admin=9090)


def test_an_unknown_port_is_rejected(render_one: RenderOne) -> None:
    _refused(render_one, {"port": "metrics"}, 'no port "metrics"', http=8080)


def test_a_component_without_a_port_is_rejected(render_one: RenderOne) -> None:
    _refused(render_one, {}, "has no port")


@pytest.mark.parametrize("interval", ["", "often", "30", "5 m"])
def test_an_interval_is_a_duration_of_prometheus(render_one: RenderOne, interval: str) -> None:
    _refused(render_one, {"interval": interval}, "interval", http=8080)


def test_a_workload_without_a_service_is_refused(render_one: RenderOne) -> None:
    worker = {"workloadType": "core.oam.dev/v1alpha1.Worker", "containers": [{"name": "w", "image": "w:1"}]}
    with pytest.raises(RenderError, match="requires service"):
        render_one(ServiceMonitor(), component=worker)
