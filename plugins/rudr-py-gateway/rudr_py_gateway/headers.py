"""Names and values of headers and query parameters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal

import msgspec

from rudr_py.api import Problem

NAME_PATTERN = r"^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$"

HeaderName = Annotated[str, msgspec.Meta(min_length=1, max_length=256, pattern=NAME_PATTERN)]
HeaderValue = Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
HeaderValues = Annotated[dict[HeaderName, HeaderValue], msgspec.Meta(max_length=16)]


class HeaderMatch(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A header that requests have."""

    name: HeaderName
    value: HeaderValue
    type: Annotated[
        Literal["Exact", "RegularExpression"],
        msgspec.Meta(description="How the value is compared with that of a request."),
    ] = "Exact"


class QueryMatch(HeaderMatch, frozen=True, kw_only=True):
    """A query parameter that requests have."""

    value: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


class HeaderChanges(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Changes of headers."""

    set: Annotated[HeaderValues, msgspec.Meta(description="Headers that replace those of the same name.")] = {}
    add: Annotated[HeaderValues, msgspec.Meta(description="Values that are added to headers.")] = {}
    remove: Annotated[
        tuple[HeaderName, ...], msgspec.Meta(description="Names of headers that are removed.", max_length=16)
    ] = ()

    def body(self) -> dict[str, Any]:
        """The changes as a filter has them."""
        fields: dict[str, Any] = {
            "set": [{"name": name, "value": value} for name, value in self.set.items()],
            "add": [{"name": name, "value": value} for name, value in self.add.items()],
            "remove": list(self.remove),
        }
        return {field: values for field, values in fields.items() if values}

    def problems(self, path: str) -> Iterator[Problem]:
        """A header that is changed twice, or no change."""
        changes = [
            *((f"{path}.set.{name}", name) for name in self.set),
            *((f"{path}.add.{name}", name) for name in self.add),
            *((f"{path}.remove[{index}]", name) for index, name in enumerate(self.remove)),
        ]
        yield from repeated(((place, name.casefold()) for place, name in changes), "header")
        if not changes:
            yield Problem("changes no header: set, add or remove at least one", path=path)


def repeated(names: Iterable[tuple[str, str]], noun: str) -> Iterator[Problem]:
    """A problem for each name, with its path, that was listed before."""
    seen: set[str] = set()
    for path, name in names:
        if name in seen:
            yield Problem(f'the {noun} "{name}" is listed twice', path=path)
        seen.add(name)


def match_problems(headers: Iterable[HeaderMatch], path: str) -> Iterator[Problem]:
    """Headers that are listed twice; their names are not case-sensitive."""
    yield from repeated(((f"{path}[{index}].name", one.name.casefold()) for index, one in enumerate(headers)), "header")
