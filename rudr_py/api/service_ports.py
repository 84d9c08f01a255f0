"""The ports of the Service of an instance, for traits that route requests to one of them.

A workload type that provides `service` has a Service with the ports of the component.
"""

from __future__ import annotations

from typing import Any

from rudr_py.api.context import InstanceContext


def tcp_ports(ctx: InstanceContext[Any]) -> dict[int, str]:
    """The names of the TCP ports of the component by their numbers, the first one of a number."""
    return {port.container_port: port.name for port in reversed(ctx.ports) if port.protocol == "TCP"}


def only_port(ctx: InstanceContext[Any]) -> int:
    """The port of a property `servicePort` that is omitted and has no `problem`."""
    return next(iter(tcp_ports(ctx)))


def problem(ctx: InstanceContext[Any], service_port: int | None) -> str:
    """The reason why a property `servicePort` selects no port, or ""; it is required if there are several ports."""
    ports = tcp_ports(ctx)
    listed = ", ".join(f"{number} ({name})" if name else str(number) for number, name in ports.items())
    if not ports:
        return "the component declares no TCP port, so the instance has no Service; add a port to a container"
    if service_port is None:
        several = f"servicePort is missing, and the component has several ports; name one of {listed}"
        return several if len(ports) > 1 else ""
    if service_port not in ports:
        return f"servicePort {service_port} is not a port of the component; it has {listed}"
    return ""
