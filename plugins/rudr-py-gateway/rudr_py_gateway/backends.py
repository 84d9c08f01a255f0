"""Services that a rule routes to, or mirrors requests to: those of instances of the application."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from rudr_py.api import Problem, TraitContext, service_ports

PortNumber = Annotated[int, msgspec.Meta(ge=1, le=65535)]
ServicePort = Annotated[
    PortNumber | None,
    msgspec.Meta(description="The port of the Service; required only if the component has several ports."),
]
Ports = tuple[tuple[str, int | None], ...]
"""Values of `servicePort` by the paths of their objects, the most specific first."""


class Backend(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A Service, and its share of the requests."""

    instance: Annotated[
        str | None, msgspec.Meta(description="An instance of the application; by default this one.")
    ] = None
    service_port: ServicePort = None
    weight: Annotated[
        int, msgspec.Meta(ge=0, le=1_000_000, description="The share of requests, relative to the other backends.")
    ] = 1


class Mirror(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A Service that receives copies of requests; its responses are ignored."""

    instance: Annotated[str, msgspec.Meta(description="An instance of the application.")]
    service_port: ServicePort = None
    percent: Annotated[
        Annotated[int, msgspec.Meta(ge=0, le=100)] | None,
        msgspec.Meta(description="The percentage of requests that are copied; all if omitted."),
    ] = None


def reference(ctx: TraitContext[Any], target: Backend | Mirror, ports: Ports) -> dict[str, Any]:
    """The Service and the port of a target without problems; `ports` are defaults of its port."""
    _, port = _chosen("", target, ports)
    return {"name": target.instance or ctx.instance, "port": port or service_ports.only_port(ctx)}


def problems(ctx: TraitContext[Any], target: Backend | Mirror, ports: Ports, path: str) -> Iterator[Problem]:
    """An instance that does not exist, and a port that cannot be determined."""
    place, port = _chosen(path, target, ports)
    is_own = target.instance in (None, ctx.instance)
    if not is_own and ctx.application_instances and target.instance not in ctx.application_instances:
        names = ", ".join(ctx.application_instances)
        yield Problem(f'there is no instance "{target.instance}"; there are: {names}', path=f"{path}.instance")
    # the component of another instance is unknown: its port is checked only if it is that of this component
    if is_own or port is None:
        problem = service_ports.problem(ctx, port)
        if problem:
            yield Problem(problem, path=f"{place}.servicePort")


def _chosen(path: str, target: Backend | Mirror, ports: Ports) -> tuple[str, int | None]:
    """The most specific port, and the path of the object that has it."""
    candidates = ((path, target.service_port), *ports)
    return next((candidate for candidate in candidates if candidate[1] is not None), (path, None))
