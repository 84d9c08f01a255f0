"""service-monitor: Prometheus scrapes the Service of an instance.

The Service is one of the objects of the workload type. The monitor does not select a Prometheus.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from rudr_py.api import InvalidProperties, Kind, Manifest, Rendered, TraitContext
from rudr_py.api.forms import LabelKey
from rudr_py_prometheus import monitor
from rudr_py_prometheus.monitor import MonitorProperties
from rudr_py_prometheus.selected import SelectedTrait

SERVICE: Final = Kind("v1", "Service")
SERVICE_MONITOR: Final = Kind("monitoring.coreos.com/v1", "ServiceMonitor")


class ServiceMonitorProperties(MonitorProperties, frozen=True):
    """The endpoint to scrape, or several, and limits."""

    target_labels: Annotated[
        tuple[LabelKey, ...], msgspec.Meta(description="Labels of the Service that the metrics get.")
    ] = ()


class ServiceMonitor(SelectedTrait[ServiceMonitorProperties]):
    """Configures a Prometheus of the Prometheus Operator to scrape the instance."""

    name = "service-monitor"
    aliases = ("ServiceMonitor",)
    properties = ServiceMonitorProperties
    requires = frozenset({"service"})
    produces = (SERVICE_MONITOR,)

    def render(self, ctx: TraitContext[ServiceMonitorProperties]) -> Rendered:
        """One ServiceMonitor that selects the instance's Service by its labels."""
        service = next((one for one in ctx.manifests if one.kind == SERVICE and one.name == ctx.instance), None)
        if service is None:
            message = f'the component "{ctx.component.metadata.name}" has no port, so it cannot be scraped'
            raise InvalidProperties(message, path="$.port")
        # the Service has each number once, under one name, even if two containers share it
        ports = {port["name"]: port["port"] for port in service.body["spec"]["ports"]}
        spec = monitor.spec(
            ctx.properties,
            service.labels,
            "endpoints",
            lambda endpoint, at: {"port": monitor.choose(endpoint.port, ports, at)},
        )
        name, labels = ctx.name("trait-service-monitor"), ctx.properties.labels
        return Rendered(add=(Manifest(kind=SERVICE_MONITOR, name=name, body={"spec": spec}, labels=labels),))
