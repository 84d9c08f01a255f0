"""Filters of a rule: changes of requests and responses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec

from rudr_py.api import Problem, TraitContext
from rudr_py_gateway import backends, hosts
from rudr_py_gateway.backends import Mirror, PortNumber, Ports
from rudr_py_gateway.headers import HeaderChanges

NewPath = Annotated[str, msgspec.Meta(max_length=1024)]
FullPath = Annotated[NewPath | None, msgspec.Meta(description="The new path.")]
Prefix = Annotated[NewPath | None, msgspec.Meta(description="The new prefix, instead of the one that matched.")]
HostName = Annotated[str | None, msgspec.Meta(description="The new host name.")]


class Rewrite(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Changes of the host name and the path of requests."""

    hostname: HostName = None
    path: FullPath = None
    prefix: Prefix = None

    def body(self) -> dict[str, Any]:
        """The changes as a filter has them."""
        fields: dict[str, Any] = msgspec.to_builtins(self)
        path, prefix = fields.pop("path"), fields.pop("prefix")
        if path is not None:
            fields["path"] = {"type": "ReplaceFullPath", "replaceFullPath": path}
        elif prefix is not None:
            fields["path"] = {"type": "ReplacePrefixMatch", "replacePrefixMatch": prefix}
        return {field: value for field, value in fields.items() if value is not None}

    def problems(self, path: str) -> Iterator[Problem]:
        """Fields that exclude each other, and an invalid host name."""
        if not self.body():
            yield Problem("has no effect: set at least one field", path=path)
        if self.path is not None and self.prefix is not None:
            yield Problem("path replaces the whole path: remove path or prefix", path=f"{path}.prefix")
        if self.hostname is not None and (reason := hosts.problem(self.hostname, wildcard=False)):
            yield Problem(reason, path=f"{path}.hostname")


class Redirect(Rewrite, frozen=True, kw_only=True):
    """A redirection of requests to another URL; parts that are not set stay."""

    scheme: Annotated[Literal["http", "https"] | None, msgspec.Meta(description="The new scheme.")] = None
    port: Annotated[PortNumber | None, msgspec.Meta(description="The new port; by default that of the scheme.")] = None
    status_code: Annotated[Literal[301, 302, 303, 307, 308], msgspec.Meta(description="The status of responses.")] = 302

    def problems(self, path: str) -> Iterator[Problem]:
        """As for a Rewrite."""
        if self.body().keys() == {"statusCode"}:
            yield Problem("redirects to the same URL: set a scheme, hostname, port, path or prefix", path=path)
        yield from super().problems(path)


class Filters(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Changes of requests and responses."""

    request_headers: Annotated[
        HeaderChanges | None, msgspec.Meta(description="Changes of the headers of requests.")
    ] = None
    response_headers: Annotated[
        HeaderChanges | None, msgspec.Meta(description="Changes of the headers of responses.")
    ] = None
    mirror: Annotated[
        tuple[Mirror, ...], msgspec.Meta(description="Services that receive copies of requests.", max_length=13)
    ] = ()

    def changes(self) -> dict[str, HeaderChanges | Rewrite]:
        """The filters that a rule has at most once, by the names of their properties."""
        changes = {"requestHeaders": self.request_headers, "responseHeaders": self.response_headers}
        return {name: change for name, change in changes.items() if change is not None}

    def bodies(self, ctx: TraitContext[Any], ports: Ports) -> list[dict[str, Any]]:
        """The filters as a route has them; `ports` are defaults for mirrors."""
        mirrors = (
            {"backendRef": backends.reference(ctx, mirror, ports)}
            | ({} if mirror.percent is None else {"percent": mirror.percent})
            for mirror in self.mirror
        )
        named = [(FIELDS[name], change.body()) for name, change in self.changes().items()]
        named += [("requestMirror", mirror) for mirror in mirrors]
        return [{"type": TYPES.get(field, field[:1].upper() + field[1:]), field: body} for field, body in named]

    def problems(self, ctx: TraitContext[Any], ports: Ports, path: str) -> Iterator[Problem]:
        """The problems of each filter."""
        for name, change in self.changes().items():
            yield from change.problems(f"{path}.{name}")
        for index, mirror in enumerate(self.mirror):
            yield from backends.problems(ctx, mirror, ports, f"{path}.mirror[{index}]")


class HttpFilters(Filters, frozen=True, kw_only=True):
    """Changes of requests and responses."""

    redirect: Annotated[Redirect | None, msgspec.Meta(description="A redirection; the rule has no backends.")] = None
    rewrite: Annotated[Rewrite | None, msgspec.Meta(description="Changes of the host name and the path.")] = None

    def changes(self) -> dict[str, HeaderChanges | Rewrite]:
        """As for Filters."""
        changes = {**super().changes(), "redirect": self.redirect, "rewrite": self.rewrite}
        return {name: change for name, change in changes.items() if change is not None}


FIELDS = {
    "requestHeaders": "requestHeaderModifier",
    "responseHeaders": "responseHeaderModifier",
    "redirect": "requestRedirect",
    "rewrite": "urlRewrite",
}
TYPES = {"urlRewrite": "URLRewrite"}
"""The types of filters that differ from the names of their fields by more than the first letter."""
