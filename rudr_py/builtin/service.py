"""The Service of a component that listens: one per instance, named like it, with every port of every container."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rudr_py.api import Component, Context, Manifest
from rudr_py.builtin import kinds, labels, problem


def render(ctx: Context[Any], own: dict[str, str]) -> tuple[Manifest, ...]:
    """The Service, labelled `own`; nothing when the component has no port."""
    ports = {(port.container_port, port.protocol): port for port in reversed(ctx.ports)}
    body = {
        "selector": labels.selector(ctx),
        "ports": [
            {
                "name": port.name,
                "protocol": port.protocol,
                "port": port.container_port,
                "targetPort": port.container_port,
            }
            for port in ctx.ports
            if ports[port.container_port, port.protocol] is port
        ],
    }
    return (Manifest(kind=kinds.SERVICE, name=ctx.instance, body={"spec": body}, labels=own),) if ctx.ports else ()


def problems(component: Component) -> Iterator[problem.Problem]:
    """Ports that cannot be in one Service, by JSON path in the ComponentSchematic."""
    seen: dict[str, tuple[int, str]] = {}
    for base, container in problem.containers(component):
        for index, port in enumerate(container.ports):
            listens = (port.container_port, port.protocol)
            if seen.setdefault(port.name, listens) != listens:
                message = (
                    f'two ports of the component are called "{port.name}"; one Service has both, so name them apart'
                )
                yield message, f"{base}.ports[{index}].name"
