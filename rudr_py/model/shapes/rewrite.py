"""Rewrites the old shapes of a document: the functions of the table, at their places, in the order of the table.

A place is copied only when it changes. The document itself is never changed.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from rudr_py.model import paths
from rudr_py.model.document import Json
from rudr_py.model.shapes.shape import ITEMS, Note, Place, Rewriting, Shape, Steps
from rudr_py.model.shapes.table import SHAPES

_PARSER: Final = tuple(shape for shape in SHAPES if not shape.parsed and shape.reading != "refused")


_MOST_ROUNDS: Final = 4
"""A shape may appear only after another one is rewritten; no published document needs a second round."""


class Rewritten(msgspec.Struct, frozen=True, kw_only=True):
    """A document in today's spelling, with the notes on its old shapes in the order of the table.

    `origins` leads from a place of `value` to the place in the document as written, for values that moved.
    """

    value: Json
    notes: tuple[Note, ...] = ()
    origins: Mapping[Steps, Steps] = {}


def for_parser(document: dict[str, Json], kind: str) -> Rewritten:
    """The document of a kind as `parse` reads it."""
    return _rewritten(document, _grouped(kind, parser=True), Rewriting(keeps_conflicts=False))


def scopes_for_parser(document: dict[str, Json]) -> Rewritten:
    """An application of which only the scopes are rewritten."""
    groups = _grouped("ApplicationConfiguration", parser=True)
    scopes = tuple(group for group in groups if group[0][:2] == ("spec", "scopes"))
    return _rewritten(document, scopes, Rewriting(keeps_conflicts=False))


def current(document: Mapping[str, Json]) -> Mapping[str, Json]:
    """The document of a cluster in today's spelling, for readers that do not parse it; any other one unchanged."""
    kind = document.get("kind")
    if not isinstance(kind, str):
        return document
    value: Mapping[str, Json] = for_parser(dict(document), kind).value
    return value


def component_of(binding: Mapping[str, Json]) -> str:
    """The name of the component in an entry of `components`; empty without one."""
    name = binding.get("componentName") or binding.get("name")
    return name if isinstance(name, str) else ""


def for_conversion(document: dict[str, Json]) -> Rewritten:
    """The document with every old shape rewritten. The kind of a document of Hydra or of a draft is changed first."""
    rewriting = Rewriting(keeps_conflicts=True)
    first = _rewritten(document, _grouped("", parser=False), rewriting)
    kind = first.value.get("kind")
    if not isinstance(kind, str):
        return first
    result = _rewritten(first.value, _grouped(kind, parser=False), rewriting)
    for _ in range(_MOST_ROUNDS):
        count = len(rewriting.notes)
        again = _rewritten(result.value, _grouped(kind, parser=False), rewriting)
        if again.value == result.value:
            # the notes of what is kept are those of the first round
            return msgspec.structs.replace(again, notes=tuple(rewriting.notes[:count]))
        result = again
    return result


_Group = tuple[tuple[str, ...], tuple[Shape, ...]]


@functools.cache
def _grouped(kind: str, *, parser: bool) -> tuple[_Group, ...]:
    """The shapes of a kind, those at one place together; "" stands for any kind."""
    shapes = (shape for shape in (_PARSER if parser else SHAPES) if (kind in shape.kinds if kind else not shape.kinds))
    return tuple((pattern, tuple(group)) for pattern, group in itertools.groupby(shapes, key=lambda s: s.pattern))


def _rewritten(document: Json, groups: Sequence[_Group], rewriting: Rewriting) -> Rewritten:
    for pattern, shapes in groups:
        document = _at(document, pattern, (), shapes, rewriting)
    return Rewritten(value=document, notes=tuple(rewriting.notes), origins=rewriting.origins)


def _at(value: Json, pattern: tuple[str, ...], steps: Steps, shapes: tuple[Shape, ...], rewriting: Rewriting) -> Json:
    """The value with the shapes rewritten at each place below it that the pattern matches."""
    if not pattern:
        place = Place(value, steps, rewriting)
        for shape in shapes:
            place.shape = shape.id
            shape.rewrite(place)
        return place.value
    step, rest = pattern[0], pattern[1:]
    if step == ITEMS:
        if not isinstance(value, list):
            return value
        items = [_at(item, rest, (*steps, index), shapes, rewriting) for index, item in enumerate(value)]
        return value if all(new is old for new, old in zip(items, value, strict=True)) else items
    if not isinstance(value, dict) or step not in value:
        return value
    inner = _at(value[step], rest, (*steps, step), shapes, rewriting)
    return value if inner is value[step] else {**value, step: inner}


def origin_paths(origins: Mapping[Steps, Steps]) -> dict[str, str]:
    """The same places as JSON paths."""
    return {paths.child(paths.ROOT, *new): paths.child(paths.ROOT, *old) for new, old in origins.items()}
