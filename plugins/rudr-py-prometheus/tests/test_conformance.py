"""The contract of every type, for the types of this package."""

from __future__ import annotations

from rudr_py.testing import conformance
from rudr_py_prometheus.server import Prometheus
from rudr_py_prometheus.service_monitor import ServiceMonitor

test_service_monitor_conforms = conformance.suite(
    ServiceMonitor(), properties=[{}, {"port": 80, "interval": "30s", "labels": {"team": "frontend"}}]
)
test_prometheus_conforms = conformance.suite(
    Prometheus(), properties=[{"spec": {}}, {"spec": {"replicas": 2}}], component={"containers": []}
)
