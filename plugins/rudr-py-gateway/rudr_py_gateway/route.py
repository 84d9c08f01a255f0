"""The common part of the traits http-route and grpc-route: parents, hosts, and rules with backends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, TypeVar

import msgspec

from rudr_py.api import Health, InvalidProperties, Kind, Manifest, Problem, Rendered, Trait, TraitContext
from rudr_py_gateway import backends, hosts, parents, route_health
from rudr_py_gateway.backends import Backend, Ports, ServicePort
from rudr_py_gateway.filters import Filters
from rudr_py_gateway.parents import LABEL, Parent

MOST_MATCHES = 128


class RouteRule(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Requests, and what happens to them."""

    service_port: ServicePort = None
    backends: Annotated[
        tuple[Backend, ...],
        msgspec.Meta(description="Services that share the requests; by default that of this instance.", max_length=16),
    ] = ()
    filters: Annotated[Filters, msgspec.Meta(description="Changes of requests and responses.")] = Filters()

    @property
    def targets(self) -> tuple[Backend, ...]:
        """The Services that requests are routed to."""
        return self.backends or (Backend(),)

    @property
    def weight(self) -> int:
        """The number of matches; those of a route are limited."""
        raise NotImplementedError

    def fields(self) -> dict[str, Any]:
        """The fields of the rule besides filters and backends."""
        raise NotImplementedError

    def problems(self, path: str) -> Iterator[Problem]:
        """The problems of the rule besides those of filters and backends."""
        raise NotImplementedError


Rules = Annotated[tuple[RouteRule, ...], msgspec.Meta(min_length=1, max_length=16)]


class RouteProperties(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Parents, hosts and rules."""

    parents: Annotated[
        tuple[Parent, ...],
        msgspec.Meta(description="Gateways that serve the route.", min_length=1, max_length=32),
    ]
    hosts: Annotated[
        tuple[str, ...],
        msgspec.Meta(
            description="Host names of requests, also *.example.com; by default those of the listeners.",
            examples=[["shop.example.com"]],
            max_length=16,
        ),
    ] = ()
    service_port: ServicePort = None
    rules: Rules = (RouteRule(),)
    name: Annotated[
        Annotated[str, msgspec.Meta(max_length=63, pattern=LABEL)] | None,
        msgspec.Meta(description="A name, if the instance has several routes of this kind; part of the object's name."),
    ] = None

    def paths(self) -> Iterator[tuple[str, RouteRule, Ports]]:
        """The rules with their paths and the ports of their Services."""
        for index, rule in enumerate(self.rules):
            path = f"$.rules[{index}]"
            yield path, rule, ((path, rule.service_port), ("$", self.service_port))


P = TypeVar("P", bound=RouteProperties)


class Route(Trait[P]):
    """A route of the Gateway API to the Services of instances."""

    requires = frozenset({"service"})
    exposes = True
    repeatable = True

    kind: ClassVar[Kind]

    def render(self, ctx: TraitContext[P]) -> Rendered:
        """One route."""
        problems = list(_problems(ctx, self.name))
        if problems:
            raise InvalidProperties(*problems)
        properties = ctx.properties
        spec: dict[str, Any] = {"parentRefs": [parent.body() for parent in properties.parents]}
        if properties.hosts:
            spec["hostnames"] = list(properties.hosts)
        spec["rules"] = [_rule(ctx, rule, ports) for _, rule, ports in properties.paths()]
        word = self.name.replace("-", "")
        name = ctx.name(properties.name, word) if properties.name else ctx.name(f"trait-{self.name}")
        return Rendered(
            add=(Manifest(kind=self.kind, name=name, body={"spec": spec}),),
            warnings=tuple(
                f"{path}: all weights are 0, so requests are answered with an error"
                for path, rule, _ in properties.paths()
                if rule.backends and not any(backend.weight for backend in rule.backends)
            ),
        )

    def health(self, ctx: TraitContext[P]) -> Health:
        """The default health, and the conditions of the controllers of all parents."""
        properties = ctx.properties
        health = super().health(ctx)
        live = ctx.live(ctx.manifests[0].ref) if ctx.manifests else None
        if health.ok and live is not None:
            health = route_health.assess(live, properties.parents, ctx.namespace)
        show = {"hosts": ", ".join(properties.hosts) or "*", "parents": ", ".join(map(str, properties.parents))}
        return Health(health.state, health.reason, health.message, show)


def _rule(ctx: TraitContext[Any], rule: RouteRule, ports: Ports) -> dict[str, Any]:
    body = rule.fields()
    if filters := rule.filters.bodies(ctx, ports):
        body["filters"] = filters
    if rule.targets:
        body["backendRefs"] = [
            {**backends.reference(ctx, target, ports), "weight": target.weight} for target in rule.targets
        ]
    return body


def _problems(ctx: TraitContext[P], name: str) -> Iterator[Problem]:
    properties = ctx.properties
    same = [trait for trait in ctx.traits if trait.name == name and trait.properties.get("name") == properties.name]
    if len(same) > 1:
        yield Problem(f"two {name} traits of the instance need different names: set name of one", path="$.name")
    yield from parents.problems(properties.parents, ctx.namespace)
    for index, host in enumerate(properties.hosts):
        if reason := hosts.problem(host):
            yield Problem(reason, path=f"$.hosts[{index}]")
    for path, rule, ports in properties.paths():
        yield from rule.problems(path)
        yield from rule.filters.problems(ctx, ports, f"{path}.filters")
        for index, target in enumerate(rule.targets):
            place = f"{path}.backends[{index}]" if rule.backends else "$"
            yield from backends.problems(ctx, target, ports, place)
    matches = sum(rule.weight for rule in properties.rules)
    if matches > MOST_MATCHES:
        yield Problem(f"a route has at most {MOST_MATCHES} matches, not {matches}", path="$.rules")
