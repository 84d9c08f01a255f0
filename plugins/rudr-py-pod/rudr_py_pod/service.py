"""service: the type, the ports and the annotations of the Service of an instance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

import msgspec

from rudr_py.api import (
    InvalidProperties,
    Kind,
    Problem,
    Ref,
    Rendered,
    SetField,
    Trait,
    TraitContext,
    mappings_in,
    reject,
)
from rudr_py.api.forms import PortNumber

SERVICE: Final = Kind("v1", "Service")


class ServiceProperties(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Fields of the Service. `headless`: names of the Service resolve to the pods; fixed when it is created."""

    type: Annotated[
        Literal["ClusterIP", "NodePort", "LoadBalancer"] | None,
        msgspec.Meta(description="How the Service is reached.", examples=["LoadBalancer"]),
    ] = None
    headless: Annotated[bool, msgspec.Meta(description="Whether it has no address of its own.")] = False
    ports: Annotated[
        dict[str, PortNumber], msgspec.Meta(description="Port numbers of the Service by the names of the ports.")
    ] = {}
    node_ports: Annotated[dict[str, PortNumber], msgspec.Meta(description="Ports of nodes by the names of ports.")] = {}
    annotations: Annotated[dict[str, str], msgspec.Meta(description="Annotations, which load balancers read.")] = {}
    load_balancer_class: Annotated[str | None, msgspec.Meta(description="The class of the load balancer.")] = None
    external_traffic: Annotated[
        Literal["Cluster", "Local"] | None, msgspec.Meta(description="Whether only pods of the node get its requests.")
    ] = None
    session_affinity: Annotated[
        Literal["ClientIP", "None"] | None, msgspec.Meta(description="Whether a client always gets the same pod.")
    ] = None


class Service(Trait[ServiceProperties]):
    """Changes the Service of a Server: type, port numbers, annotations."""

    name = "service"
    properties = ServiceProperties
    requires = frozenset({"service"})

    def render(self, ctx: TraitContext[ServiceProperties]) -> Rendered:
        """Edits of the Service."""
        service = next((one for one in ctx.manifests if one.ref == Ref(SERVICE, ctx.instance)), None)
        if service is None:
            raise InvalidProperties("the component has no port, so it has no Service")
        names = [str(port.get("name")) for port in mappings_in(service.body, "spec", "ports")]
        routed = [*_routed(ctx, service.body)]
        reject([*_problems(ctx.properties, names), *(routed if len(names) == 1 else ())])
        edits = (SetField(service.ref, path, value) for path, value in _fields(ctx.properties))
        return Rendered(edit=tuple(edits), warnings=tuple(f"{problem.path}: {problem.message}" for problem in routed))


def _routed(ctx: TraitContext[ServiceProperties], body: dict[str, Any]) -> Iterator[Problem]:
    """Ports with a new number to which a route may refer by the number of the component."""
    routes = [trait.name for trait in ctx.traits if trait.exposes]
    for port in mappings_in(body, "spec", "ports") if routes else ():
        new = ctx.properties.ports.get(port["name"], port["port"])
        if new != port["port"]:
            message = f"the trait {routes[0]} routes to port {port['port']}, not {new}: remove this number or the trait"
            yield Problem(message, path=f"$.ports.{port['name']}")


def _fields(properties: ServiceProperties) -> Iterator[tuple[Any, Any]]:
    fields = {
        "type": properties.type,
        "clusterIP": "None" if properties.headless else None,
        "loadBalancerClass": properties.load_balancer_class,
        "externalTrafficPolicy": properties.external_traffic,
        "sessionAffinity": properties.session_affinity,
    }
    for field, value in fields.items():
        if value is not None:
            yield ("spec", field), value
    for field, numbers in (("port", properties.ports), ("nodePort", properties.node_ports)):
        for name, number in sorted(numbers.items()):
            yield ("spec", "ports", {"name": name}, field), number
    for key, value in sorted(properties.annotations.items()):
        yield ("metadata", "annotations", key), value


def _problems(properties: ServiceProperties, names: list[str]) -> Iterator[Problem]:
    """Ports that the component does not have, and fields that the type of the Service does not have."""
    for field, numbers in (("ports", properties.ports), ("nodePorts", properties.node_ports)):
        for name in numbers:
            if name not in names:
                yield Problem(f'there is no port "{name}"; there are: {", ".join(names)}', path=f"$.{field}.{name}")
    is_external = properties.type in ("NodePort", "LoadBalancer")
    if properties.headless and is_external:
        yield Problem(f"a {properties.type} has an address", path="$.headless")
    if not is_external and properties.node_ports:
        yield Problem("needs type NodePort or LoadBalancer", path="$.nodePorts")
    if not is_external and properties.external_traffic:
        yield Problem("needs type NodePort or LoadBalancer", path="$.externalTraffic")
    if properties.type != "LoadBalancer" and properties.load_balancer_class:
        yield Problem("needs type LoadBalancer", path="$.loadBalancerClass")
