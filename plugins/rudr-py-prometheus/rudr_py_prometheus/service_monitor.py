"""service-monitor: Prometheus scrapes the Service of an instance.

Looks for the Service among what the workload type rendered; says nothing about which Prometheus reads the monitor.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec

from rudr_py.api import InvalidProperties, Kind, Manifest, Rendered, Trait, TraitContext

SERVICE: Final = Kind("v1", "Service")
SERVICE_MONITOR: Final = Kind("monitoring.coreos.com/v1", "ServiceMonitor")

LABEL_NAME = r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
LABEL_VALUE = r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?"
DURATION = r"(\d+y)?(\d+w)?(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?"

Name = Annotated[str, msgspec.Meta(pattern=f"^{LABEL_NAME}$")]
Value = Annotated[str, msgspec.Meta(pattern=f"^{LABEL_VALUE}$")]


class Properties(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """What is scraped, and how often."""

    port: Annotated[
        Annotated[str, msgspec.Meta(min_length=1)] | Annotated[int, msgspec.Meta(ge=1, le=65535)] | None,
        msgspec.Meta(description="The port with the metrics, by name or number; needed where there are several."),
    ] = None
    path: Annotated[str, msgspec.Meta(pattern="^/", description="The path of the metrics.")] = "/metrics"
    interval: Annotated[
        Annotated[str, msgspec.Meta(pattern=f"^(?=\\d){DURATION}$")] | None,
        msgspec.Meta(description="How often, such as 30s; the default is that of the Prometheus."),
    ] = None
    labels: Annotated[
        dict[Name, Value], msgspec.Meta(description="Labels of the monitor, by which a Prometheus chooses it.")
    ] = {}


class ServiceMonitor(Trait[Properties]):
    """Has a Prometheus of the Prometheus Operator scrape the instance."""

    name = "service-monitor"
    aliases = ("ServiceMonitor",)
    properties = Properties
    requires = frozenset({"service"})
    produces = (SERVICE_MONITOR,)

    def render(self, ctx: TraitContext[Properties]) -> Rendered:
        """One ServiceMonitor that selects the instance's Service by the labels that its type gave it."""
        given = ctx.properties
        service = next((one for one in ctx.manifests if one.kind == SERVICE and one.name == ctx.instance), None)
        if service is None:
            message = f'the component "{ctx.component.metadata.name}" has no port, so there is nothing to scrape'
            raise InvalidProperties(message, path="$.port")
        # the Service has each number once, under one name, even where two containers share it
        ports = {port["name"]: port["port"] for port in service.body["spec"]["ports"]}
        endpoint: dict[str, Any] = {"port": _chosen(given.port, ports), "path": given.path}
        if given.interval is not None:
            endpoint["interval"] = given.interval
        spec = {"selector": {"matchLabels": dict(service.labels)}, "endpoints": [endpoint]}
        name = ctx.name("trait-service-monitor")
        return Rendered(add=(Manifest(kind=SERVICE_MONITOR, name=name, body={"spec": spec}, labels=given.labels),))


def _chosen(wanted: str | int | None, ports: dict[str, int]) -> str:
    """The name of the wanted port; the only one when none is wanted."""
    found = [name for name, number in ports.items() if wanted in (None, name, number)]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(f"{name} ({number})" for name, number in ports.items())
    if wanted is None:
        raise InvalidProperties(
            f"the instance has several ports; say which one has the metrics: {listed}", path="$.port"
        )
    raise InvalidProperties(f'the instance has no port "{wanted}"; it has {listed}', path="$.port")
