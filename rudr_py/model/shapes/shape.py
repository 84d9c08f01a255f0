"""A row of the table of old shapes, and the place of a document that its function rewrites.

A function changes a copy of the place and adds a note to each change, so that the document itself stays as it is. The
table of shapes is not visible here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec

from rudr_py.model import paths
from rudr_py.model.document import Json
from rudr_py.model.json_text import excerpt

Steps: TypeAlias = tuple[str | int, ...]
"""Keys and indices that lead from the root of a document to a place."""

Reading = Literal["read", "refused", "ignored"]
"""How the parser treats a shape: read with a warning, refused with a hint, or without effect, with a warning."""

Severity = Literal["warning", "error", "none"]
"""How `parse` reports a note; "none" if its reader of the value reports the place."""

ITEMS = "[]"
"""The step of a pattern that stands for each item of a list."""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A change of the document, or the reason why there is none.

    `steps` lead to the place in the document as written, at its key if `at_key`. `shape` is the ID of the row. A note
    with `lost` names a part of the document that the rewritten document does not contain.
    """

    shape: str
    steps: Steps
    message: str
    severity: Severity = "warning"
    at_key: bool = True
    lost: str = ""
    kept: bool = False

    @property
    def path(self) -> str:
        """The JSON path of the place."""
        return paths.child(paths.ROOT, *self.steps)


class Place:
    """A value of a document that functions of shapes rewrite. `value` is a copy as soon as it is changed."""

    def __init__(self, value: Json, steps: Steps, rewriting: Rewriting) -> None:
        self.value = value
        self.steps = steps
        self.rewriting = rewriting
        self.shape = ""
        self.is_changed = False

    def has(self, key: str) -> bool:
        """Whether the place is a map with a value for this key that is not null."""
        return isinstance(self.value, dict) and self.value.get(key) is not None

    def text(self, key: str) -> str:
        """The text of this key; empty for any other value."""
        value = self.value.get(key) if isinstance(self.value, dict) else None
        return value if isinstance(value, str) else ""

    def rename(self, old: str, new: str, message: str = "") -> bool:
        """Rename a key. Two keys with different values are an error. Returns whether the key is renamed."""
        if not self.has(old):
            return False
        if self.has(new):
            if self.value[old] == self.value[new]:
                self.note(old, f'"{old}" repeats "{new}"; remove "{old}"')
                self.remove(old)
            else:
                self.note(
                    old, f'"{old}" and "{new}" have different values; remove "{old}"', severity="error", kept=True
                )
                if not self.rewriting.keeps_conflicts:
                    self.remove(old)
            return False
        self.note(old, message or f'"{old}" is read as "{new}"; write "{new}"')
        self.move(old, new)
        return True

    def move(self, old: str, new: str) -> None:
        """Rename a key without a note."""
        self.rewriting.moved((*self.steps, old), (*self.steps, new))
        self.replace(
            {new if key == old else key: inner for key, inner in self.value.items() if key != new or key == old}
        )

    def put(self, key: str, value: Json) -> None:
        """Replace or add the value of a key without a note."""
        self.replace({**self.value, key: value})

    def read_as(self, key: str, value: Json) -> None:
        """Replace the value of a key, with the note that names both values."""
        written = excerpt(value)
        self.note(key, f"{excerpt(self.value[key])} is read as {written}; write {written}", at_key=False)
        self.put(key, value)

    def remove(self, key: str) -> None:
        """Remove a key without a note."""
        self.replace({name: inner for name, inner in self.value.items() if name != key})

    def replace(self, value: Json) -> None:
        """Replace the whole value without a note."""
        self.value = value
        self.is_changed = True

    def note(
        self,
        key: str | int,
        message: str,
        *,
        severity: Severity = "warning",
        at_key: bool = True,
        lost: str = "",
        kept: bool = False,
    ) -> None:
        """Add a note at a key of the place; "" is the place itself. `kept` means that nothing is rewritten."""
        steps = self.steps if key == "" else (*self.steps, key)
        self.rewriting.notes.append(
            Note(
                shape=self.shape,
                steps=self.rewriting.original(steps),
                message=message,
                severity=severity,
                at_key=at_key,
                lost=lost,
                kept=kept,
            )
        )


class Rewriting:
    """The notes of one document, and the places as written of the values that were moved.

    `keeps_conflicts` leaves an old key that contradicts its key of today in the document.
    """

    def __init__(self, *, keeps_conflicts: bool) -> None:
        self.keeps_conflicts = keeps_conflicts
        self.notes: list[Note] = []
        self.origins: dict[Steps, Steps] = {}

    def moved(self, old: Steps, new: Steps) -> None:
        """Record that the value at `old` is now at `new`."""
        self.origins[new] = self.original(old)

    def original(self, steps: Steps) -> Steps:
        """The steps in the document as written."""
        for length in range(len(steps), 0, -1) if self.origins else ():
            origin = self.origins.get(steps[:length])
            if origin is not None:
                return (*origin, *steps[length:])
        return steps


Rewrite: TypeAlias = Callable[[Place], None]


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table: where documents of a release differ from today's.

    `release` is the one that the shape belongs to. `kinds` are those of today. `where` is a JSON path in which `[]`
    stands for each item of a list; `old` is the shape there and `today` what to write instead, both as Markdown.
    `reading` is what `parse` does; "parsed" shapes are read by `parse` itself, and rewritten only by `rudr convert`.
    """

    id: str
    release: str
    kinds: tuple[str, ...]
    where: str
    old: str
    today: str
    rewrite: Rewrite
    reading: Reading = "read"
    parsed: bool = False

    @property
    def pattern(self) -> tuple[str, ...]:
        """The steps of `where`."""
        return tuple(step for part in self.where.split(".") for step in _pattern(part) if step)


class Table:
    """The rows for documents of some kinds, in the order in which their functions are defined."""

    def __init__(self, *kinds: str) -> None:
        self._kinds = kinds
        self.rows: list[Shape] = []

    def row(
        self, where: str, release: str, old: str, today: str, reading: Reading = "read", *, parsed: bool = False
    ) -> Callable[..., Rewrite]:
        """A decorator that adds a row; its ID is that of the call, or the name of the function with hyphens."""

        def add(rewrite: Rewrite, identifier: str = "") -> Rewrite:
            row = Shape(
                id=identifier or rewrite.__name__.replace("_", "-"),
                release=release,
                kinds=self._kinds,
                where=where,
                old=old,
                today=today,
                rewrite=rewrite,
                reading=reading,
                parsed=parsed,
            )
            self.rows.append(row)
            return rewrite

        return add

    def renamed(self, identifier: str, where: str, release: str, old: str, today: str) -> None:
        """Add the row of a key that has another name today."""

        def rename(place: Place) -> None:
            place.rename(old, today)

        self.row(where, release, f"`{old}`", f"`{today}`")(rename, identifier)


def _pattern(part: str) -> tuple[str, ...]:
    return (part.removesuffix(ITEMS), ITEMS) if part.endswith(ITEMS) else (part,)
