"""grpc-route: a GRPCRoute of the Gateway API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

import msgspec

from rudr_py.api import Kind, Problem
from rudr_py_gateway import headers
from rudr_py_gateway.headers import HeaderMatch
from rudr_py_gateway.route import Route, RouteProperties, RouteRule

GRPC_ROUTE: Final = Kind("gateway.networking.k8s.io/v1", "GRPCRoute")

_SERVICE = re.compile(r"\.?[A-Za-z_][A-Za-z_0-9]*(\.[A-Za-z_][A-Za-z_0-9]*)*")
_METHOD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")


class GrpcMatch(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Calls that have all of these."""

    service: Annotated[
        Annotated[str, msgspec.Meta(min_length=1, max_length=1024)] | None,
        msgspec.Meta(description="The service with its package, such as shop.v1.Orders; all if omitted."),
    ] = None
    method: Annotated[
        Annotated[str, msgspec.Meta(min_length=1, max_length=1024)] | None,
        msgspec.Meta(description="The method, such as List; all if omitted."),
    ] = None
    method_type: Annotated[
        Literal["Exact", "RegularExpression"],
        msgspec.Meta(description="How service and method are compared with those of a call."),
    ] = "Exact"
    headers: Annotated[tuple[HeaderMatch, ...], msgspec.Meta(description="Headers of calls.", max_length=16)] = ()

    def body(self) -> dict[str, Any]:
        """The match as a route has it."""
        names = {field: value for field, value in (("service", self.service), ("method", self.method)) if value}
        return {
            **({"method": {"type": self.method_type, **names}} if names else {}),
            **({"headers": msgspec.to_builtins(self.headers)} if self.headers else {}),
        }

    def problems(self, path: str) -> Iterator[Problem]:
        """Names that are not of Protocol Buffers, and headers that are listed twice."""
        if self.method_type != "Exact" and not (self.service or self.method):
            yield Problem("needs a service or a method", path=f"{path}.methodType")
        if self.method_type == "Exact":
            if self.service and not _SERVICE.fullmatch(self.service):
                yield Problem(f'"{self.service}" is not the name of a service', path=f"{path}.service")
            if self.method and not _METHOD.fullmatch(self.method):
                yield Problem(f'"{self.method}" is not the name of a method', path=f"{path}.method")
        yield from headers.match_problems(self.headers, f"{path}.headers")


class GrpcRule(RouteRule, frozen=True, kw_only=True):
    """Calls, and what happens to them."""

    matches: Annotated[
        tuple[GrpcMatch, ...],
        msgspec.Meta(description="Calls, by service, method and headers; by default all.", max_length=64),
    ] = ()

    @property
    def weight(self) -> int:
        """The number of matches."""
        return len(self.matches)

    def fields(self) -> dict[str, Any]:
        """Matches."""
        return {"matches": [match.body() for match in self.matches]} if self.matches else {}

    def problems(self, path: str) -> Iterator[Problem]:
        """Problems of matches."""
        for index, match in enumerate(self.matches):
            yield from match.problems(f"{path}.matches[{index}]")


class GrpcRouteProperties(RouteProperties, frozen=True, kw_only=True):
    """Parents, hosts and rules."""

    rules: Annotated[
        tuple[GrpcRule, ...],
        msgspec.Meta(description="Rules; by default, all calls reach the instance.", min_length=1, max_length=16),
    ] = (GrpcRule(),)


class GrpcRoute(Route[GrpcRouteProperties]):
    """Routes gRPC calls of Gateways to the instance, by host, service, method, headers and weight."""

    name = "grpc-route"
    aliases = ("GRPCRoute",)
    properties = GrpcRouteProperties
    kind = GRPC_ROUTE
    produces = (GRPC_ROUTE,)
