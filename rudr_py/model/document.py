"""A document with positions, and the result of parsing one.

`Document` is one YAML or JSON document with the places of its keys and values; `Parsed` is a typed value
with its problems and warnings. Nothing here reads text or depends on an OAM kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Generic, TypeAlias, TypeVar

import msgspec

from rudr_py.errors import Location, MoreProblems, Problem
from rudr_py.model import paths
from rudr_py.model.size import Size

Json: TypeAlias = Any
"""A JSON value: None, bool, int, float, str, list or dict with str keys.

Any instead of a recursive alias: lists are invariant, so the alias would refuse a plain list of str.
"""

T = TypeVar("T")


class Positions(msgspec.Struct, frozen=True, kw_only=True):
    """The (line, column) of the keys and values of one document, by JSON path; both count from 1.

    `surprises` is advice for values that look different from their text in the file, by path.
    """

    file: str
    keys: dict[str, tuple[int, int]] = {}
    values: dict[str, tuple[int, int]] = {}
    surprises: dict[str, str] = {}

    def of_key(self, path: str) -> Location | None:
        """The location of the key at `path`; of its value when it has no key (an item of a list)."""
        place = self.keys.get(path)
        return Location(self.file, *place) if place else self.of_value(path)

    def of_value(self, path: str) -> Location | None:
        """The location of the value at `path`, or of the nearest enclosing value that the file has.

        None when no enclosing value has a location.
        """
        while path != paths.ROOT and path not in self.values:
            path = paths.parent(path)
        place = self.values.get(path)
        return Location(self.file, *place) if place else None


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One document of a file. `name` is the file's, `index` counts the file's documents from 0.

    The items of a `kind: List` are documents of their own, with the index of the list.
    """

    value: dict[str, Json]
    positions: Positions
    name: str
    index: int


class Parsed(msgspec.Struct, Generic[T], frozen=True, kw_only=True, dict=True):
    """The result of parsing a document.

    `value` is None when the document is not of the kind at all (not a map, no name); with `problems` it may
    be present but must only be used for further checks. `warnings` never block anything. `size` is that of the
    document. `origins` leads from the JSON path of a value in today's spelling to that in the document, for values that
    the document has in another place.
    """

    value: T | None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    size: Size = Size()
    origins: Mapping[str, str] = {}

    def has_problem_in(self, path: str) -> bool:
        """Whether a problem is at this path or below it. Problems that are not listed may be anywhere."""
        return self._has_more_problems or path in self._paths_with_problems

    @cached_property
    def _has_more_problems(self) -> bool:
        return any(isinstance(problem, MoreProblems) for problem in self.problems)

    @cached_property
    def _paths_with_problems(self) -> frozenset[str]:
        """The paths of all problems, with the paths of the values around them."""
        with_problems: set[str] = set()
        for problem in self.problems:
            path = problem.path
            while path not in with_problems:
                with_problems.add(path)
                path = paths.parent(path)
        return frozenset(with_problems)
