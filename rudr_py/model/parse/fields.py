"""Reading one JSON value field by field, with every mistake noted instead of raised.

`Notes` collects problems and warnings; `Fields` is one map of the document. What a reader asks a map for is what
that map may hold: keys that nobody asked for become warnings. Nothing here knows an OAM kind.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence

from rudr_py.errors import Problem
from rudr_py.model import paths, suggest
from rudr_py.model.document import Json, Positions

MAX_DEPTH = 100
"""How deep a document may nest. Every later step may therefore recurse over its values."""

_TRUE = frozenset({"y", "yes", "on", "true"})
_FALSE = frozenset({"n", "no", "off", "false"})


class ProblemList:
    """Everything found in one document, in order of finding."""

    def __init__(self, positions: Positions | None = None) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._positions = positions
        self._broken: list[str] = []

    def error(self, path: str, message: str, rule: str = "", *, at_key: bool = False) -> None:
        """Note a mistake; one inside a value that is broken as a whole is not worth a second note."""
        if not any(paths.below(path, broken) for broken in self._broken):
            self.problems.append(self._problem(path, message, rule, at_key))

    def warn(self, path: str, message: str, rule: str = "", *, at_key: bool = False) -> None:
        """Note what deserves attention but hinders nothing."""
        self.warnings.append(self._problem(path, message, rule, at_key))

    def broken(self, path: str, message: str, rule: str = "") -> None:
        """Note that the value at `path` cannot be read at all, and keep silent about its inside."""
        self.error(path, message, rule)
        self._broken.append(path)

    def _problem(self, path: str, message: str, rule: str, at_key: bool) -> Problem:
        location = None
        if self._positions:
            location = self._positions.of_key(path) if at_key else self._positions.of_value(path)
        return Problem(message=message, path=path, location=location, rule=rule)


class FieldReader:
    """One map of a document. Absent and null are the same to every method but `has`."""

    def __init__(self, value: dict[str, Json], path: str, notes: ProblemList) -> None:
        self.value = value
        self.path = path
        self.notes = notes
        self._asked: set[str] = set()

    def at(self, *steps: str | int) -> str:
        """The JSON path of a place in this map."""
        return paths.child(self.path, *steps)

    def has(self, key: str) -> bool:
        """Whether the key is there, be it null."""
        self._asked.add(key)
        return key in self.value

    def raw(self, key: str) -> Json:
        """The value as it is; None when it is absent."""
        self._asked.add(key)
        return self.value.get(key)

    def text(self, key: str, *, required: bool = False, rule: str = "", default: str = "") -> str:
        """A string; `default` when it is absent or is something else, which is noted."""
        value = self.raw(key)
        if isinstance(value, str) and (value or not required):
            return value
        if value is None or value == "":
            if required:
                self.notes.error(self.path, f'"{key}" is missing', rule)
            return default
        hint = "; put it in quotes" if isinstance(value, bool | int | float) else ""
        self.notes.error(self.at(key), f'"{key}" must be text, not {kind_of(value)}{hint}', rule)
        return default

    def choice(self, key: str, choices: Sequence[str], *, default: str, rule: str = "") -> str:
        """A string out of `choices`."""
        value = self.text(key, default=default, rule=rule)
        if value not in choices:
            known = ", ".join(choices)
            hint = suggest.nearest(value, choices)
            self.notes.error(self.at(key), f'"{key}" must be one of {known}, not {shown(value)}.{hint}', rule)
            return default
        return value

    def boolean(self, key: str, *, default: bool = False, rule: str = "") -> bool:
        """True or false; `Y`, `n`, `"yes"` and the like are read with a warning."""
        value = self.raw(key)
        if isinstance(value, bool):
            return value
        if value is None:
            return default
        folded = value.casefold() if isinstance(value, str) else ""
        if folded in _TRUE or folded in _FALSE:
            self.notes.warn(self.at(key), f'"{key}" is the text {shown(value)}; write true or false', rule)
            return folded in _TRUE
        self.notes.error(self.at(key), f'"{key}" must be true or false, not {kind_of(value)}', rule)
        return default

    def integer(self, key: str, *, default: int = 0, least: int = 0, most: int = 2**31 - 1, rule: str = "") -> int:
        """A whole number from `least` to `most`, both included."""
        value = self.raw(key)
        if value is None:
            return default
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            self.notes.error(self.at(key), f'"{key}" must be a whole number, not {kind_of(value)}', rule)
            return default
        if not least <= value <= most:
            self.notes.error(self.at(key), f'"{key}" must be {least} to {most}, not {value}', rule)
            return default
        return value

    def number(self, key: str, *, default: float = 0.0, rule: str = "") -> float:
        """A number."""
        value = self.raw(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.notes.error(self.at(key), f'"{key}" must be a number, not {kind_of(value)}', rule)
            return default
        return float(value)

    def list(self, key: str, rule: str = "") -> list[Json]:
        """A list as it is; empty when it is absent or no list."""
        value = self.raw(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.notes.broken(self.at(key), f'"{key}" must be a list, not {kind_of(value)}', rule)
            return []
        return value

    def texts(self, key: str, rule: str = "") -> tuple[str, ...]:
        """A list of strings. What is no string is noted and left out."""
        found: list[str] = []
        for index, item in enumerate(self.list(key, rule)):
            if isinstance(item, str):
                found.append(item)
            else:
                path = self.at(key, index)
                self.notes.error(path, f'"{key}" must hold text only, not {kind_of(item)}', rule)
        return tuple(found)

    def items(self, key: str, rule: str = "") -> Iterator[FieldReader]:
        """A list of maps. In the place of what is no map stands an empty one, so that indices stay true."""
        for index, item in enumerate(self.list(key, rule)):
            path = self.at(key, index)
            if not isinstance(item, dict):
                self.notes.broken(path, f'"{key}" must hold maps only, not {kind_of(item)}', rule)
            yield FieldReader(item if isinstance(item, dict) else {}, path, self.notes)

    def map(self, key: str, rule: str = "") -> FieldReader | None:
        """A map; None when it is absent or no map."""
        value = self.raw(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.notes.broken(self.at(key), f'"{key}" must be a map, not {kind_of(value)}', rule)
            return None
        return FieldReader(value, self.at(key), self.notes)

    def renamed(self, old: str, new: str) -> str:
        """The key to read for `new`: `old`, with a warning, when only that one is there."""
        if self.has(old) and not self.has(new):
            self.notes.warn(self.at(old), f'"{old}" is read as "{new}"; write "{new}"', at_key=True)
            return old
        return new

    def unread(self) -> tuple[str, ...]:
        """The keys that nobody asked for."""
        return tuple(key for key in self.value if key not in self._asked)

    def warn_unread(self) -> None:
        """Note each key that nobody asked for; it has no effect."""
        for key in self.unread():
            hint = suggest.nearest(key, self._asked)
            self.notes.warn(self.at(key), f"{shown(key)} is not known here and has no effect.{hint}", at_key=True)


def kind_of(value: Json) -> str:
    """What a value is, in words for a message."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a map"


def shown(value: Json) -> str:
    """A value as JSON for a message, cut to a readable length. Only for values that `unfit` passed."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def unfit(value: object, notes: ProblemList) -> bool:
    """Whether the document holds something that is no JSON on the wire; each is noted.

    That is: nesting deeper than MAX_DEPTH, numbers beyond 64 bits or not finite, text with lone surrogates, keys
    that are no text, and Python values that are none of JSON's.
    """
    before = len(notes.problems)
    stack: list[tuple[object, str, int]] = [(value, paths.ROOT, 0)]
    while stack:
        item, path, depth = stack.pop()
        if isinstance(item, dict | list):
            if depth >= MAX_DEPTH:
                notes.error(path, f"nested deeper than {MAX_DEPTH} levels")
            elif isinstance(item, dict):
                stack += _entries(item, path, depth, notes)
            else:
                stack += ((inner, paths.child(path, index), depth + 1) for index, inner in enumerate(item))
        elif message := _unfit_scalar(item):
            notes.error(path, message)
    return len(notes.problems) > before


def _entries(
    item: dict[object, object], path: str, depth: int, notes: ProblemList
) -> Iterator[tuple[object, str, int]]:
    for key, inner in item.items():
        if not isinstance(key, str) or _unfit_scalar(key):
            notes.error(path, "a key is not text")
        else:
            yield inner, paths.child(path, key), depth + 1


def _unfit_scalar(item: object) -> str:
    if item is None or isinstance(item, bool):
        return ""
    if isinstance(item, str):
        surrogate = not item.isascii() and any("\ud800" <= character <= "\udfff" for character in item)
        return "the text holds half a character (a lone surrogate)" if surrogate else ""
    if isinstance(item, int):
        return "" if -(2**63) <= item < 2**64 else "the number does not fit 64 bits"
    if isinstance(item, float):
        return "" if math.isfinite(item) else "the number is not finite"
    return f"a {type(item).__name__} is no JSON value"
