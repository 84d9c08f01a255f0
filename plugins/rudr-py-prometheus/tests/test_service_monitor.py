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


REF = {"name": "web", "key": "value"}
AUTHORIZATION = {"credentialsRef": REF}


def _endpoint(render_one: RenderOne, **properties: Any) -> dict[str, Any]:
    (endpoint,) = _monitor(render_one, properties, http=8080)["spec"]["endpoints"]
    return dict(endpoint)


def test_references_are_keys_of_secrets_as_the_operator_names_them(render_one: RenderOne) -> None:
    tls = {"ca": {"configMapRef": REF}, "cert": {"secretRef": REF}, "keySecretRef": REF, "serverName": "web.example"}
    basic = {"usernameRef": {**REF, "key": "user"}, "passwordRef": REF}
    assert _endpoint(render_one, scheme="https", tlsConfig=tls, basicAuth=basic) == {
        "port": "http",
        "path": "/metrics",
        "scheme": "https",
        "tlsConfig": {
            "ca": {"configMap": REF},
            "cert": {"secret": REF},
            "keySecret": REF,
            "serverName": "web.example",
        },
        "basicAuth": {"username": {**REF, "key": "user"}, "password": REF},
    }


def test_a_token_and_oauth2_are_references_too(render_one: RenderOne) -> None:
    assert _endpoint(render_one, authorization=AUTHORIZATION)["authorization"] == {"credentials": REF}
    oauth2 = {"clientId": {"secretRef": REF}, "clientSecretRef": REF, "tokenUrl": "https://login.example/token"}
    assert _endpoint(render_one, oauth2=oauth2)["oauth2"] == {
        "clientId": {"secret": REF},
        "clientSecret": REF,
        "tokenUrl": "https://login.example/token",
    }


def test_relabelings_are_passed_on_unchanged(render_one: RenderOne) -> None:
    rule = {"sourceLabels": ["__address__"], "regex": "(.+):.*", "targetLabel": "host", "replacement": "${1}"}
    drop = {"action": "drop", "sourceLabels": ["__name__"], "regex": "go_.*"}
    endpoint = _endpoint(render_one, relabelings=[rule], metricRelabelings=[drop])
    assert (endpoint["relabelings"], endpoint["metricRelabelings"]) == ([rule], [drop])


def test_several_endpoints_have_their_own_properties(render_one: RenderOne) -> None:
    listed = [{"port": "http"}, {"port": 9090, "path": "/admin", "scrapeTimeout": "5s"}]
    properties = {"endpoints": listed, "sampleLimit": 1000, "targetLabels": ["team"]}
    spec = _monitor(render_one, properties, http=8080, admin=9090)["spec"]
    assert spec["endpoints"] == [
        {"port": "http", "path": "/metrics"},
        {"port": "admin", "path": "/admin", "scrapeTimeout": "5s"},
    ]
    assert (spec["sampleLimit"], spec["targetLabels"]) == (1000, ["team"])


@pytest.mark.parametrize(
    ("properties", "path"),
    [
        ({"interval": "30s", "scrapeTimeout": "1m"}, ".scrapeTimeout"),
        ({"authorization": AUTHORIZATION, "basicAuth": {"usernameRef": REF, "passwordRef": REF}}, ".authorization"),
        ({"tlsConfig": {"insecureSkipVerify": True}}, ".tlsConfig"),
        ({"scheme": "https", "tlsConfig": {"cert": {"secretRef": REF}}}, ".tlsConfig"),
        ({"scheme": "https", "tlsConfig": {"minVersion": "TLS13", "maxVersion": "TLS12"}}, ".tlsConfig.maxVersion"),
        ({"scheme": "https", "tlsConfig": {"ca": {"secretRef": REF, "configMapRef": REF}}}, ".tlsConfig.ca"),
        ({"relabelings": [{"sourceLabels": ["a"]}]}, ".relabelings[0]"),
        ({"relabelings": [{"action": "hashmod", "targetLabel": "shard"}]}, ".relabelings[0]"),
        ({"endpoints": [{"interval": "1s", "scrapeTimeout": "2s"}]}, ".endpoints[0].scrapeTimeout"),
        ({"endpoints": [{"port": "admin"}]}, ".endpoints[0].port"),
        ({"endpoints": [{}], "path": "/admin"}, ".path"),
        ({"sampleLimit": 0}, ".sampleLimit"),
    ],
)
def test_what_the_operator_would_reject_is_rejected(
    render_one: RenderOne, properties: dict[str, Any], path: str
) -> None:
    with pytest.raises(RenderError) as error:
        _monitor(render_one, properties, http=8080)
    assert [at for _, at in error.value.problems] == [f"$.spec.components[0].traits[0].properties{path}"]


def _live(status: str, generation: int = 1) -> dict[str, Any]:
    condition = {"type": "Accepted", "status": status, "reason": "InvalidConfiguration", "message": "secret not found"}
    binding = {"namespace": "monitoring", "name": "main", "conditions": [{**condition, "observedGeneration": 1}]}
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": {"name": "app-web-trait-service-monitor", "generation": generation},
        "status": {"bindings": [binding]},
    }


@pytest.mark.parametrize(
    ("live", "state", "show"),
    [
        (_live("True"), "ready", {"prometheus": "monitoring/main"}),
        (_live("False"), "failed", {}),
        (_live("False", generation=2), "ready", {}),
        ({**_live("True"), "status": {}}, "ready", {}),
    ],
)
def test_health_is_whether_each_prometheus_accepts_the_current_monitor(
    render_one: RenderOne, live: dict[str, Any], state: str, show: dict[str, str]
) -> None:
    component = {"containers": [{"name": "web", "image": "web:1", "ports": [{"name": "http", "containerPort": 80}]}]}
    health = render_one(ServiceMonitor(), component=component, observed=[live]).health
    assert (health.state, dict(health.show)) == (state, show)
    assert state == "ready" or "monitoring/main: secret not found" in health.message
