"""The Service of a component that listens: one per instance, named like it, with every port of every container."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from rudr_py.api import Manifest, Problem, WorkloadContext
from rudr_py.builtin import kinds, labels, problem

_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")


def render(ctx: WorkloadContext[Any], own: dict[str, str]) -> tuple[Manifest, ...]:
    """The Service, labelled `own`; nothing when the component has no port."""
    if not ctx.ports:
        return ()
    # two containers of a pod share its addresses: the same port twice is one port of the Service
    ports = {(port.container_port, port.protocol): port.name for port in reversed(ctx.ports)}
    listed = [
        {"name": name, "protocol": protocol, "port": number, "targetPort": number}
        for (number, protocol), name in reversed(ports.items())
    ]
    body = {"spec": {"selector": labels.selector(ctx), "ports": listed}}
    return (Manifest(kind=kinds.SERVICE, name=ctx.instance, body=body, labels=own),)


def problems(ctx: WorkloadContext[Any]) -> Iterator[Problem]:
    """A name that no Service can have, and ports that cannot be in one Service."""
    if ctx.ports and not _NAME.fullmatch(ctx.instance):
        message = (
            f'no Service can be called "{ctx.instance}": the instance name must begin with a letter and have no dot'
        )
        yield Problem(message)
    seen: dict[str, tuple[int, str]] = {}
    for base, container in problem.containers(ctx.component):
        for index, port in enumerate(container.ports):
            listens = (port.container_port, port.protocol)
            if seen.setdefault(port.name, listens) != listens:
                message = (
                    f'two ports of the component are called "{port.name}"; one Service has both, so name them apart'
                )
                yield Problem(message, path=f"{base}.ports[{index}].name")
