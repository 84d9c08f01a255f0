"""pod-monitor: Prometheus scrapes the pods of an instance, also without a Service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec

from rudr_py.api import (
    InvalidProperties,
    Kind,
    Manifest,
    PodTemplatePlace,
    Rendered,
    SetField,
    TraitContext,
    mappings_in,
)
from rudr_py.api.forms import Name
from rudr_py_prometheus import monitor
from rudr_py_prometheus.endpoints import Endpoint
from rudr_py_prometheus.monitor import MonitorProperties
from rudr_py_prometheus.selected import SelectedTrait

POD_MONITOR: Final = Kind("monitoring.coreos.com/v1", "PodMonitor")


class PodMonitorProperties(MonitorProperties, frozen=True):
    """The endpoint to scrape, or several, and limits."""

    container: Annotated[
        Name | None,
        msgspec.Meta(description="The container that listens, if it is one that another trait adds, such as sidecar."),
    ] = None


class PodMonitor(SelectedTrait[PodMonitorProperties]):
    """Configures a Prometheus of the Prometheus Operator to scrape the pods of the instance."""

    name = "pod-monitor"
    aliases = ("PodMonitor",)
    properties = PodMonitorProperties
    requires = frozenset({"pod-template"})
    produces = (POD_MONITOR,)

    def render(self, ctx: TraitContext[PodMonitorProperties]) -> Rendered:
        """A PodMonitor for each pod template; a port that no container declares is added to the first one."""
        add, edit = [], []
        for index, place in enumerate(ctx.pod_templates):
            ports = _Ports(place, ctx.properties.container)
            spec = monitor.spec(ctx.properties, place.labels, "podMetricsEndpoints", ports.fields)
            # almost every type has one template
            name = ctx.name("trait-pod-monitor", *((str(index),) if index else ()))
            add.append(Manifest(kind=POD_MONITOR, name=name, body={"spec": spec}, labels=ctx.properties.labels))
            edit += ports.edits
        return Rendered(add=tuple(add), edit=tuple(edit))


class _Ports:
    """The ports of a pod template, and edits that declare further ones: Prometheus selects declared ports only."""

    def __init__(self, place: PodTemplatePlace, container: str | None) -> None:
        self._place = place
        self._other = container is not None and container not in place.containers
        selected = [container] if container in place.containers else place.containers
        declared = [port for name in selected for port in mappings_in(place.container(name), "ports")]
        self._numbers = {str(port["name"]): int(port["containerPort"]) for port in declared if "name" in port}
        self.edits: list[SetField] = []

    def fields(self, endpoint: Endpoint, at: str) -> Mapping[str, str | int]:
        """The field `port`, or `portNumber` for a port of a container that another trait adds."""
        port = endpoint.port
        if port is None and (self._other or not self._numbers):
            raise InvalidProperties("the component has no port; set the port with the metrics", path=f"{at}.port")
        if self._other:
            return {"port": port} if isinstance(port, str) else {"portNumber": int(port or 0)}
        if isinstance(port, int) and port not in self._numbers.values():
            return {"port": self._declare(port)}
        return {"port": monitor.choose(port, self._numbers, at)}

    def _declare(self, number: int) -> str:
        name = f"metrics-{number}"
        entry: dict[str, Any] = {"name": name, "containerPort": number, "protocol": "TCP"}
        self.edits.append(self._place.edit_container(self._place.containers[0], ("ports", {"name": name}), entry))
        return name
