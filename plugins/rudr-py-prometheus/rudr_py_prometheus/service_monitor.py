"""service-monitor: Prometheus scrapes the Service of an instance.

The Service is one of the objects of the workload type. The monitor does not select a Prometheus.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from rudr_py.api import InvalidProperties, Kind, Manifest, Rendered, Trait, TraitContext
from rudr_py.api.forms import LabelKey, LabelValue

SERVICE: Final = Kind("v1", "Service")
SERVICE_MONITOR: Final = Kind("monitoring.coreos.com/v1", "ServiceMonitor")

DURATION = r"(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?"


class ServiceMonitorProperties(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The endpoint to scrape, and the interval."""

    port: Annotated[
        Annotated[str, msgspec.Meta(min_length=1)] | Annotated[int, msgspec.Meta(ge=1, le=65535)] | None,
        msgspec.Meta(description="The port with the metrics, by name or number; required if there are several."),
    ] = None
    path: Annotated[str, msgspec.Meta(pattern="^/", description="The path of the metrics.")] = "/metrics"
    interval: Annotated[
        Annotated[str, msgspec.Meta(pattern=f"^{DURATION}$", min_length=2)] | None,
        msgspec.Meta(description="The interval, such as 30s; by default that of the Prometheus."),
    ] = None
    labels: Annotated[
        dict[LabelKey, LabelValue], msgspec.Meta(description="Labels of the monitor, by which a Prometheus selects it.")
    ] = {}


class ServiceMonitor(Trait[ServiceMonitorProperties]):
    """Configures a Prometheus of the Prometheus Operator to scrape the instance."""

    name = "service-monitor"
    aliases = ("ServiceMonitor",)
    properties = ServiceMonitorProperties
    requires = frozenset({"service"})
    produces = (SERVICE_MONITOR,)

    def render(self, ctx: TraitContext[ServiceMonitorProperties]) -> Rendered:
        """One ServiceMonitor that selects the instance's Service by its labels."""
        properties = ctx.properties
        service = next((one for one in ctx.manifests if one.kind == SERVICE and one.name == ctx.instance), None)
        if service is None:
            message = f'the component "{ctx.component.metadata.name}" has no port, so it cannot be scraped'
            raise InvalidProperties(message, path="$.port")
        # the Service has each number once, under one name, even if two containers share it
        ports = {port["name"]: port["port"] for port in service.body["spec"]["ports"]}
        endpoint: dict[str, Any] = {"port": _chosen(properties.port, ports), "path": properties.path}
        if properties.interval is not None:
            endpoint["interval"] = properties.interval
        spec = {"selector": {"matchLabels": dict(service.labels)}, "endpoints": [endpoint]}
        name = ctx.name("trait-service-monitor")
        return Rendered(add=(Manifest(kind=SERVICE_MONITOR, name=name, body={"spec": spec}, labels=properties.labels),))


def _chosen(port: str | int | None, ports: dict[str, int]) -> str:
    """The name of the port; the only port when `port` is None."""
    matching = [name for name, number in ports.items() if port in (None, name, number)]
    if len(matching) == 1:
        return matching[0]
    listed = ", ".join(f"{name} ({number})" for name, number in ports.items())
    if port is None:
        raise InvalidProperties(f"the instance has several ports; set one of: {listed}", path="$.port")
    raise InvalidProperties(f'the instance has no port "{port}"; it has {listed}', path="$.port")
