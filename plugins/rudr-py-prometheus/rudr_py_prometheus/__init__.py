"""Prometheus for rudr_py, by the kinds of the Prometheus Operator.

service_monitor   the trait service-monitor: an instance's Service is scraped
server            the workload type monitoring.coreos.com/v1.Prometheus
"""

from __future__ import annotations

from typing import Any

from rudr_py.api import Type, hookimpl
from rudr_py_prometheus.server import Prometheus
from rudr_py_prometheus.service_monitor import ServiceMonitor

__version__ = "0.1.0"


@hookimpl
def rudr_register_types() -> list[Type[Any]]:
    """The trait and the workload type."""
    return [ServiceMonitor(), Prometheus()]
