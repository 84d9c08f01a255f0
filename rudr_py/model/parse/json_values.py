"""Finds the values of a document that JSON cannot represent, and nesting that later steps cannot follow."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Final

import msgspec

from rudr_py.model import paths
from rudr_py.model.parse.fields import ProblemList
from rudr_py.model.size import NO_LIMIT, Size
from rudr_py.model.stepwise import Stepwise, run

MAX_DEPTH = 100
"""Maximum nesting of a document. Later steps may therefore recurse over its values."""

CHUNK = 2000
"""Number of values that are checked in one step."""

FIRST = 250
"""The number of values that are checked before the first step: most documents are smaller."""

CHEAP = 4
"""A check of a value takes this part of the time of rendering it."""

MAX_PATH = 4096
"""Maximum characters of the keys that lead to a value. Later steps may therefore keep the paths of values."""

_LARGE_NUMBER: Final = re.compile(rb"[0-9]{19}")
"""A part of each number beyond 64 bits, and of some others."""


def is_small_json(value: object, size: Size) -> bool:
    """Whether a value of this size is short, and the same after it was written as JSON, so that all of it is valid.

    Most documents are, and this takes a tenth of the time of a check of each value. False proves nothing.
    """
    if size.text > MAX_PATH or size.values > MAX_PATH:
        return False
    try:
        text = msgspec.json.encode(value)
        is_same = len(text) <= MAX_PATH and bool(msgspec.json.decode(text) == value)
    except (msgspec.MsgspecError, TypeError, ValueError, RecursionError):
        return False
    return is_same and text.count(b"[") + text.count(b"{") <= MAX_DEPTH and _LARGE_NUMBER.search(text) is None


def has_invalid_json(value: object, problems: ProblemList) -> bool:
    """The result of `invalid_json_steps` for all values."""
    return run(invalid_json_steps(value, problems))


def invalid_json_steps(value: object, problems: ProblemList, most: int = NO_LIMIT) -> Stepwise[bool]:
    """Whether the first `most` values of a document contain some that JSON cannot represent; each is an error.

    These are: nesting deeper than MAX_DEPTH, keys that are together longer than MAX_PATH, numbers beyond 64 bits or not
    finite, text with lone surrogates, keys that are not text, and Python values without a JSON type.
    """
    errors_before = problems.error_count
    stack: list[tuple[object, _Place]] = [(value, _Place())]
    count = 0
    while stack and most >= 0:
        if count == FIRST or (count and count % CHUNK == 0):
            yield CHUNK // CHEAP
        item, place = stack.pop()
        count, most = count + 1, most - 1
        if isinstance(item, dict | list):
            if len(item) > most:
                break
            if place.depth >= MAX_DEPTH:
                problems.error(place.path, f"nested deeper than {MAX_DEPTH} levels")
            elif isinstance(item, dict):
                stack += _entries(item, place, problems)
            else:
                stack += ((inner, _Place(place, index)) for index, inner in enumerate(item))
        elif message := _scalar_error(item):
            problems.error(place.path, message)
    return problems.error_count > errors_before


class _Place:
    """A place in a document. Its path is a text only where it is needed: one text for each value is too much."""

    __slots__ = ("_outer", "_step", "depth", "length")

    def __init__(self, outer: _Place | None = None, step: str | int = "") -> None:
        self._outer = outer
        self._step = step
        self.depth: int = 0 if outer is None else outer.depth + 1
        self.length: int = 0 if outer is None else outer.length + len(str(step))

    @property
    def path(self) -> str:
        steps: list[str | int] = []
        place: _Place | None = self
        while place is not None and place._outer is not None:
            steps.append(place._step)
            place = place._outer
        return paths.child(paths.ROOT, *reversed(steps))


def _entries(item: dict[object, object], place: _Place, problems: ProblemList) -> Iterator[tuple[object, _Place]]:
    for key, inner in item.items():
        if not isinstance(key, str) or _scalar_error(key):
            problems.error(place.path, "a key must be text")
        elif place.length + len(key) > MAX_PATH:
            problems.error(place.path, f"the keys that lead to a value are longer than {MAX_PATH} characters")
        else:
            yield inner, _Place(place, key)


def _scalar_error(item: object) -> str:
    if item is None or isinstance(item, bool):
        return ""
    if isinstance(item, str):
        return "" if _has_whole_characters(item) else "the text contains half a character (a lone surrogate)"
    if isinstance(item, int):
        return "" if -(2**63) <= item < 2**64 else "the number does not fit into 64 bits"
    if isinstance(item, float):
        return "" if math.isfinite(item) else "the number is not finite"
    return f"a {type(item).__name__} is not a JSON value"


def _has_whole_characters(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
