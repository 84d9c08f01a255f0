"""http-route: an HTTPRoute of the Gateway API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

import msgspec

from rudr_py.api import Kind, Problem
from rudr_py_gateway import headers
from rudr_py_gateway.backends import Backend
from rudr_py_gateway.filters import HttpFilters
from rudr_py_gateway.headers import HeaderMatch, QueryMatch
from rudr_py_gateway.route import Route, RouteProperties, RouteRule

HTTP_ROUTE: Final = Kind("gateway.networking.k8s.io/v1", "HTTPRoute")

PATH_TYPES = {"Prefix": "PathPrefix", "Exact": "Exact", "RegularExpression": "RegularExpression"}
"""The types of matches by the values of `pathType`, which are those of the trait ingress."""

DURATION = r"^([0-9]{1,5}(h|m|s|ms)){1,4}$"
MILLISECONDS = {"h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
Duration = Annotated[str, msgspec.Meta(pattern=DURATION)]

_PATH = re.compile(r"/([-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F][0-9a-fA-F])*")
_REFUSED = re.compile(r"//|/\.\.?(/|$)|%2[fF]")


class HttpMatch(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Requests that have all of these."""

    path: Annotated[str, msgspec.Meta(description="The path of requests.", max_length=1024)] = "/"
    path_type: Annotated[
        Literal["Prefix", "Exact", "RegularExpression"],
        msgspec.Meta(description="How the path is compared with the path of a request."),
    ] = "Prefix"
    method: Annotated[
        Literal["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"] | None,
        msgspec.Meta(description="The method of requests; all if omitted."),
    ] = None
    headers: Annotated[tuple[HeaderMatch, ...], msgspec.Meta(description="Headers of requests.", max_length=16)] = ()
    query_params: Annotated[
        tuple[QueryMatch, ...], msgspec.Meta(description="Query parameters of requests.", max_length=16)
    ] = ()

    def body(self) -> dict[str, Any]:
        """The match as a route has it."""
        fields = {
            "path": {"type": PATH_TYPES[self.path_type], "value": self.path},
            "method": self.method,
            "headers": msgspec.to_builtins(self.headers),
            "queryParams": msgspec.to_builtins(self.query_params),
        }
        return {field: value for field, value in fields.items() if value}

    def problems(self, path: str) -> Iterator[Problem]:
        """A path that the Gateway API refuses, and names that are listed twice."""
        if self.path_type != "RegularExpression" and not _is_plain(self.path):
            message = (
                f'"{self.path}" is not a path: it must start with /, and contain only characters of a URL path and '
                "none of //, /./, /../, %2F"
            )
            yield Problem(message, path=f"{path}.path")
        yield from headers.match_problems(self.headers, f"{path}.headers")
        names = ((f"{path}.queryParams[{index}].name", one.name) for index, one in enumerate(self.query_params))
        yield from headers.repeated(names, "query parameter")


class Timeouts(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Times after which requests are answered with an error."""

    request: Annotated[
        Duration | None, msgspec.Meta(description="For the whole request, such as 10s; 0s for no limit.")
    ] = None
    backend_request: Annotated[
        Duration | None, msgspec.Meta(description="For each request to a backend, also one of a retry.")
    ] = None

    def problems(self, path: str) -> Iterator[Problem]:
        """A part that takes longer than the whole."""
        if self.request is None or self.backend_request is None:
            return
        whole, part = _milliseconds(self.request), _milliseconds(self.backend_request)
        if 0 < whole < part:
            message = f"{self.backend_request} is longer than {self.request} of timeouts.request"
            yield Problem(message, path=f"{path}.backendRequest")


class HttpRule(RouteRule, frozen=True, kw_only=True):
    """Requests, and what happens to them."""

    matches: Annotated[
        tuple[HttpMatch, ...],
        msgspec.Meta(description="Requests, by path, method, headers and query; by default all.", max_length=64),
    ] = ()
    filters: Annotated[HttpFilters, msgspec.Meta(description="Changes of requests and responses.")] = HttpFilters()
    timeouts: Annotated[Timeouts, msgspec.Meta(description="Time limits of requests.")] = Timeouts()

    @property
    def targets(self) -> tuple[Backend, ...]:
        """As for each rule; a redirection has none."""
        return () if self.filters.redirect else super().targets

    @property
    def weight(self) -> int:
        """The number of matches."""
        return len(self.matches) or 1

    def fields(self) -> dict[str, Any]:
        """Matches and time limits."""
        limits = {name: value for name, value in msgspec.to_builtins(self.timeouts).items() if value is not None}
        matches = [match.body() for match in self.matches or (HttpMatch(),)]
        return {"matches": matches, **({"timeouts": limits} if limits else {})}

    def problems(self, path: str) -> Iterator[Problem]:
        """Problems of matches and time limits, and filters that exclude each other or do not fit the matches."""
        for index, match in enumerate(self.matches):
            yield from match.problems(f"{path}.matches[{index}]")
        yield from self.timeouts.problems(f"{path}.timeouts")
        redirect, rewrite = self.filters.redirect, self.filters.rewrite
        if redirect is not None and rewrite is not None:
            yield Problem("a rule has a redirect or a rewrite, not both", path=f"{path}.filters.rewrite")
        if redirect is not None and self.backends:
            yield Problem("a redirected request reaches no backend: remove backends or redirect", f"{path}.backends")
        is_one_prefix = len(self.matches) <= 1 and all(match.path_type == "Prefix" for match in self.matches)
        for name, change in (("redirect", redirect), ("rewrite", rewrite)):
            if change is not None and change.prefix is not None and not is_one_prefix:
                message = "prefix needs one match of the rule, with pathType Prefix"
                yield Problem(message, path=f"{path}.filters.{name}.prefix")


class HttpRouteProperties(RouteProperties, frozen=True, kw_only=True):
    """Parents, hosts and rules."""

    rules: Annotated[
        tuple[HttpRule, ...],
        msgspec.Meta(description="Rules; by default, all requests reach the instance.", min_length=1, max_length=16),
    ] = (HttpRule(),)


class HttpRoute(Route[HttpRouteProperties]):
    """Routes HTTP requests of Gateways to the instance, by host, path, headers and weight."""

    name = "http-route"
    aliases = ("HTTPRoute",)
    properties = HttpRouteProperties
    kind = HTTP_ROUTE
    produces = (HTTP_ROUTE,)


def _is_plain(path: str) -> bool:
    return _PATH.fullmatch(path) is not None and _REFUSED.search(path) is None


def _milliseconds(duration: str) -> int:
    return sum(int(number) * MILLISECONDS[unit] for number, unit in re.findall(r"([0-9]{1,5})(ms|h|m|s)", duration))
