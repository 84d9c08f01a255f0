"""Prometheus for rudr_py, by the kinds of the Prometheus Operator.

service_monitor   the trait service-monitor: an instance's Service is scraped
pod_monitor       the trait pod-monitor: an instance's pods are scraped
alert_rules       the trait alert-rules: alerts and recorded expressions
server            the workload type monitoring.coreos.com/v1.Prometheus
endpoints         the properties of an endpoint
monitor           what both monitors have in common
selected          the health of objects that a Prometheus selects
"""

from __future__ import annotations

from typing import Any

from rudr_py.api import Type, hookimpl
from rudr_py_prometheus.alert_rules import AlertRules
from rudr_py_prometheus.pod_monitor import PodMonitor
from rudr_py_prometheus.server import Prometheus
from rudr_py_prometheus.service_monitor import ServiceMonitor

__version__ = "0.1.0"


@hookimpl
def rudr_register_types() -> list[Type[Any]]:
    """The traits and the workload type."""
    return [AlertRules(), PodMonitor(), ServiceMonitor(), Prometheus()]
