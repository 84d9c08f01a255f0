"""The Service of a component that listens: one per instance, named like it, with every port of every container."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rudr_py.api import Manifest, Problem, WorkloadContext
from rudr_py.builtin import kinds, labels
from rudr_py.builtin.workloads.container import with_paths

_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")


def render(ctx: WorkloadContext[Any], own: dict[str, str]) -> tuple[Manifest, ...]:
    """The Service with the labels `own`; empty when the component has no port."""
    if not ctx.ports:
        return ()
    # the containers of a pod share its addresses: the same port of two containers is one port of the Service
    ports = {(port.container_port, port.protocol): port.name for port in reversed(ctx.ports)}
    listed = [
        {"name": name, "protocol": protocol, "port": number, "targetPort": number}
        for (number, protocol), name in reversed(ports.items())
    ]
    body = {"spec": {"selector": labels.selector(ctx), "ports": listed}}
    return (Manifest(kind=kinds.SERVICE, name=ctx.instance, body=body, labels=own),)


def problems(ctx: WorkloadContext[Any]) -> Iterator[Problem]:
    """A name that is invalid for a Service, and ports that contradict each other."""
    if ctx.ports and not _NAME.fullmatch(ctx.instance):
        message = f'"{ctx.instance}" is not a valid Service name: it must start with a letter and contain no dot'
        yield Problem(message)
    seen: dict[str, tuple[int, str]] = {}
    for base, container in with_paths(ctx.component):
        for index, port in enumerate(container.ports):
            listens = (port.container_port, port.protocol)
            if seen.setdefault(port.name, listens) != listens:
                message = f'two ports of the component are named "{port.name}"; port names of a Service must be unique'
                yield Problem(message, path=f"{base}.ports[{index}].name")
