"""The contract of every type, for the types of this package."""

from __future__ import annotations

from typing import Any

from rudr_py.testing import conformance
from rudr_py_prometheus.alert_rules import AlertRules
from rudr_py_prometheus.pod_monitor import PodMonitor
from rudr_py_prometheus.server import Prometheus
from rudr_py_prometheus.service_monitor import ServiceMonitor

WORKER: dict[str, Any] = {
    "workloadType": "core.oam.dev/v1alpha1.Worker",
    "containers": [{"name": "worker", "image": "registry.example/worker:1"}],
}
ENDPOINT: dict[str, Any] = {
    "scheme": "https",
    "path": "/probe",
    "params": {"module": ["http_2xx"]},
    "interval": "1m",
    "scrapeTimeout": "10s",
    "honorLabels": True,
    "honorTimestamps": False,
    "followRedirects": False,
    "enableHttp2": False,
    "tlsConfig": {
        "ca": {"configMapRef": {"name": "authority", "key": "ca.crt"}},
        "cert": {"secretRef": {"name": "client", "key": "tls.crt"}},
        "keySecretRef": {"name": "client", "key": "tls.key"},
        "serverName": "web.example",
        "insecureSkipVerify": True,
        "minVersion": "TLS12",
        "maxVersion": "TLS13",
    },
    "relabelings": [
        {"sourceLabels": ["__meta_kubernetes_pod_node_name"], "targetLabel": "node"},
        {"action": "hashmod", "sourceLabels": ["__address__"], "modulus": 4, "targetLabel": "shard"},
    ],
    "metricRelabelings": [{"action": "drop", "sourceLabels": ["__name__"], "regex": "go_.*"}],
}
BASIC = {"basicAuth": {"usernameRef": {"name": "web", "key": "user"}, "passwordRef": {"name": "web", "key": "pass"}}}
BEARER = {"authorization": {"credentialsRef": {"name": "web", "key": "token"}}}
OAUTH2 = {
    "oauth2": {
        "clientId": {"secretRef": {"name": "web", "key": "id"}},
        "clientSecretRef": {"name": "web", "key": "secret"},
        "tokenUrl": "https://login.example/token",
        "scopes": ["metrics"],
        "endpointParams": {"audience": "web"},
    }
}
LIMITS = {"labels": {"team": "web"}, "podTargetLabels": ["app"], "jobLabel": "app", "sampleLimit": 5000}
RULES: dict[str, Any] = {
    "alert": "HighLatency",
    "expr": 'histogram_quantile(0.99, rate(latency_bucket{pod=~"web-.*"}[5m])) > 1',
    "for": "10m",
    "keepFiringFor": "5m",
    "labels": {"severity": "page"},
    "annotations": {"summary": "{{ $labels.pod }} is slow: {{ $value }}"},
}

test_service_monitor_conforms = conformance.suite(
    ServiceMonitor(),
    properties=[
        {},
        {"port": 80, "interval": "30s", "labels": {"team": "frontend"}},
        {**ENDPOINT, **BASIC, **LIMITS, "targetLabels": ["team"], "targetLimit": 10, "labelLimit": 30},
        {"endpoints": [{**ENDPOINT, **BEARER}, {**ENDPOINT, **OAUTH2}]},
    ],
)
test_pod_monitor_conforms = conformance.suite(
    PodMonitor(),
    properties=[{"port": 9090}, {**ENDPOINT, **BASIC, **LIMITS, "port": 9090}],
    component=WORKER,
)
test_pod_monitor_of_a_sidecar_conforms = conformance.suite(
    PodMonitor(), properties=[{"container": "exporter", "port": 9102}, {"container": "exporter", "port": "metrics"}]
)
test_alert_rules_conforms = conformance.suite(
    AlertRules(),
    properties=[
        {"groups": [{"name": "web", "rules": [RULES]}], "labels": {"team": "web"}},
        {
            "groups": [
                {
                    "name": "web",
                    "interval": "1m",
                    "limit": 10,
                    "queryOffset": "30s",
                    "rules": [{"record": "web:requests:rate5m", "expr": "sum(rate(requests_total[5m]))"}],
                }
            ]
        },
    ],
)
test_prometheus_conforms = conformance.suite(
    Prometheus(), properties=[{"spec": {}}, {"spec": {"replicas": 2}}], component={"containers": []}
)
