"""Reads one JSON value field by field, and collects all errors instead of raising the first.

`ProblemList` collects errors and warnings; `FieldReader` reads one map of the document. The keys that a caller reads
are the fields of that map: every other key becomes a warning. Nothing here depends on an OAM kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import msgspec

from rudr_py.errors import Location, Problem
from rudr_py.model import paths, size
from rudr_py.model.advice import amounts, fields, lists, words
from rudr_py.model.document import Json, Parsed, Positions
from rudr_py.model.json_text import excerpt, type_in_words
from rudr_py.model.size import Size
from rudr_py.settings import DEFAULT_LIMITS, Limits

T = TypeVar("T")

_TRUE = frozenset({"y", "yes", "on", "true"})
_FALSE = frozenset({"n", "no", "off", "false"})


class ProblemList:
    """Errors and warnings of one document, in the order of detection.

    Of each, those beyond the limit of the settings are only counted. `size` is that of the document. `origins` are the
    places as written of values that were moved to their place of today; problems have the paths as written.
    """

    def __init__(self, positions: Positions | None = None, limits: Limits = DEFAULT_LIMITS) -> None:
        self.limits = limits
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []
        self.error_count = 0
        self.size = Size()
        self.origins: Mapping[str, str] = {}
        self._warning_count = 0
        self._positions = positions
        self._unreadable: set[str] = set()

    def error(self, path: str, message: str, rule: str = "", *, at_key: bool = False) -> None:
        """Add an error, unless it is inside a value that was reported as unreadable."""
        if self.error_count >= self.limits.problems:
            self.error_count += 1
        elif not (self._unreadable and any(outer in self._unreadable for outer in paths.enclosing(path))):
            self.error_count += 1
            self.errors.append(self._problem(path, message, rule, at_key))

    def too_large(self, limit: str, counted: str, path: str = paths.ROOT) -> None:
        """Add the error that the document exceeds a limit; see `size.too_large`."""
        problem = size.too_large(limit, counted, self.limits, path)
        self.error_count += 1
        self.errors.append(msgspec.structs.replace(problem, location=self._location(path, at_key=False)))

    def check_limit(self, limit: str, number: int, unit: str, path: str) -> None:
        """Add an error if a number of entries exceeds the limit of this name."""
        if number > getattr(self.limits, limit):
            self.too_large(limit, f"{number} {unit}", path)

    def warn(self, path: str, message: str, rule: str = "", *, at_key: bool = False) -> None:
        """Add a warning: a problem that does not block anything."""
        self._warning_count += 1
        if self._warning_count <= self.limits.problems:
            self.warnings.append(self._problem(path, message, rule, at_key))

    def count_warnings(self, number: int) -> None:
        """Count warnings that are not listed."""
        self._warning_count += number

    def warn_of_surprises(self) -> None:
        """Warn of scalars of a file whose values look different from their text.

        `no` and `1.10` are usual where a document declares the type, so they count only as values of any type.
        """
        for path, advice in self._positions.surprises.items() if self._positions is not None else ():
            is_octal_or_grouped = "octal" in advice or "_" in advice.partition(" ")[0]
            if is_octal_or_grouped or path.endswith((".value", ".default")):
                self.warn(path, advice)

    @property
    def lists_warnings(self) -> bool:
        """Whether a further warning is listed."""
        return self._warning_count < self.limits.problems

    def unreadable(self, path: str, message: str, rule: str = "") -> None:
        """Add an error for an unreadable value, and ignore later errors inside it."""
        self.error(path, message, rule)
        if self.error_count <= self.limits.problems:
            self._unreadable.add(path)

    def repeated(self, values: Iterable[str], path: str, rule: str, *, key: str = "name") -> None:
        """Add an error for each repeated value of `key` in the list at `path`.

        "" stands for a value that already has an error.
        """
        first: dict[str, int] = {}
        for index, value in enumerate(values):
            if value and value in first:
                before = paths.child(path, first[value])
                self.error(paths.child(path, index, key), f"{excerpt(value)} is already used by {before}", rule)
            first.setdefault(value, index)

    def parsed(self, value: T | None) -> Parsed[T]:
        """`value` with these errors and warnings."""
        return Parsed(
            value=value,
            problems=self._listed(self.errors, self.error_count),
            warnings=self._listed(self.warnings, self._warning_count),
            size=self.size,
            origins=self.origins,
        )

    def _listed(self, problems: list[Problem], count: int) -> tuple[Problem, ...]:
        further = count - len(problems)
        return (*problems, size.more(further, self._location(paths.ROOT, at_key=False))) if further else (*problems,)

    def _location(self, path: str, *, at_key: bool) -> Location | None:
        if self._positions is None:
            return None
        return self._positions.of_key(path) if at_key else self._positions.of_value(path)

    def _problem(self, path: str, message: str, rule: str, at_key: bool) -> Problem:
        path = paths.original(path, self.origins)
        return Problem(message=message, path=path, location=self._location(path, at_key=at_key), rule=rule)


class FieldReader:
    """Reads one map of a document. Absent and null are the same to every method but `has`."""

    def __init__(self, value: dict[str, Json], path: str, problems: ProblemList) -> None:
        self.value = value
        self.path = path
        self.problems = problems
        self._read: set[str] = set()

    def at(self, *steps: str | int) -> str:
        """The JSON path of a place in this map."""
        return paths.child(self.path, *steps)

    def has(self, key: str) -> bool:
        """Whether the key is present, even with null."""
        self._read.add(key)
        return key in self.value

    def raw(self, key: str) -> Json:
        """The unchecked value; None when it is absent."""
        self._read.add(key)
        return self.value.get(key)

    def text(self, key: str, *, required: bool = False, rule: str = "", default: str = "") -> str:
        """A string; `default` when it is absent, or is another type, which is an error."""
        value = self.raw(key)
        if isinstance(value, str) and (value or not required):
            return value
        if value is None or value == "":
            if required:
                self.problems.error(self.path, f'"{key}" is missing', rule)
            return default
        hint = "; put it in quotes" if isinstance(value, bool | int | float) else ""
        self.problems.error(self.at(key), f'"{key}" must be text, not {type_in_words(value)}{hint}', rule)
        return default

    def choice(self, key: str, choices: Sequence[str], *, default: str, rule: str = "") -> str:
        """A string out of `choices`."""
        value = self.text(key, default=default, rule=rule)
        if value not in choices:
            allowed = ", ".join(choices)
            hint = words.nearest(value, choices)
            self.problems.error(self.at(key), f'"{key}" must be one of {allowed}, not {excerpt(value)}.{hint}', rule)
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
            self.problems.warn(self.at(key), f'"{key}" is the text {excerpt(value)}; write true or false', rule)
            return folded in _TRUE
        self.problems.error(self.at(key), f'"{key}" must be true or false, not {type_in_words(value)}', rule)
        return default

    def integer(self, key: str, *, default: int = 0, minimum: int = 0, maximum: int = 2**31 - 1, rule: str = "") -> int:
        """A whole number from `least` to `most`, both included."""
        value = self.raw(key)
        if value is None:
            return default
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            hint = amounts.whole_number(value) if isinstance(value, str) else ""
            message = f'"{key}" must be a whole number, not {type_in_words(value)}{hint}'
            self.problems.error(self.at(key), message, rule)
            return default
        if not minimum <= value <= maximum:
            self.problems.error(self.at(key), f'"{key}" must be between {minimum} and {maximum}, not {value}', rule)
            return default
        return value

    def number(self, key: str, *, default: float = 0.0, rule: str = "") -> float:
        """A number."""
        value = self.raw(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.problems.error(self.at(key), f'"{key}" must be a number, not {type_in_words(value)}', rule)
            return default
        return float(value)

    def list(self, key: str, rule: str = "") -> list[Json]:
        """The unchecked items of a list; empty when it is absent or not a list, which is an error."""
        value = self.raw(key)
        if value is None:
            return []
        if not isinstance(value, list):
            hint = lists.of_value(key, value)
            self.problems.unreadable(self.at(key), f'"{key}" must be a list, not {type_in_words(value)}{hint}', rule)
            return []
        return value

    def texts(self, key: str, rule: str = "") -> tuple[str, ...]:
        """A list of strings. Other items are errors and omitted."""
        texts: list[str] = []
        for index, item in enumerate(self.list(key, rule)):
            if isinstance(item, str):
                texts.append(item)
            else:
                path = self.at(key, index)
                self.problems.error(path, f'"{key}" must contain only text, not {type_in_words(item)}', rule)
        return tuple(texts)

    def items(self, key: str, rule: str = "") -> Iterator[FieldReader]:
        """A list of maps. Any other item is an error and is replaced by an empty map, so that indices stay valid."""
        for index, item in enumerate(self.list(key, rule)):
            path = self.at(key, index)
            if not isinstance(item, dict):
                message = f'"{key}" must contain only maps, not {type_in_words(item)}{lists.of_item(key, item)}'
                self.problems.unreadable(path, message, rule)
            yield FieldReader(item if isinstance(item, dict) else {}, path, self.problems)

    def map(self, key: str, rule: str = "") -> FieldReader | None:
        """A map; None when it is absent or not a map, which is an error."""
        value = self.raw(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.problems.unreadable(self.at(key), f'"{key}" must be a map, not {type_in_words(value)}', rule)
            return None
        return FieldReader(value, self.at(key), self.problems)

    def unread(self) -> tuple[str, ...]:
        """The keys that no method has read."""
        return tuple(key for key in self.value if key not in self._read)

    def warn_unread(self) -> None:
        """Add a warning for each key that no method has read."""
        unread = self.unread()
        for number, key in enumerate(unread):
            if not self.problems.lists_warnings:
                self.problems.count_warnings(len(unread) - number)
                break
            hint = fields.advice(key, self._read)
            self.problems.warn(self.at(key), f"unknown field {excerpt(key)}; it has no effect.{hint}", at_key=True)
