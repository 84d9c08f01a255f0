"""Rows of cells as lines that fit a width. Nothing is truncated, because users copy names from the terminal. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from rudr_py.cli.output import colour, plain_text

GAP = 2
"""Spaces between two columns."""

_WORDS = re.compile(r"([^ ]+)( *)")

NARROWEST = 16
"""The least width of wrapped text."""


class Cell(msgspec.Struct, frozen=True):
    """A short text, and its style on a terminal with colours."""

    text: str
    colour: str = ""
    bold: bool = False
    dim: bool = False

    @property
    def plain(self) -> str:
        """The text with control characters escaped."""
        return plain_text.printable(self.text)

    @property
    def columns(self) -> int:
        """The columns that it takes on a terminal."""
        return plain_text.columns(self.plain)

    def painted(self, on: bool) -> str:
        """The text with the escape sequences of its style, if `on`."""
        return colour.paint(self.plain, self.colour, on=on, bold=self.bold, dim=self.dim)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Cells in columns, and text below them that wraps. `prefix` starts each line of the text, and of moved cells."""

    cells: tuple[Cell, ...] = ()
    below: str = ""
    prefix: str = ""


def table(rows: Sequence[Row], width: int, *, colours: bool = False) -> Iterator[str]:
    """The rows with aligned columns.

    A first cell that would push the other cells over the edge has a line of its own.
    """
    widths = _widths([row.cells for row in rows], width)
    for row in rows:
        yield from _line(row, widths, colours)
        if row.below:
            for line in wrapped(row.below, width, first=row.prefix):
                yield colour.paint(line, on=colours, dim=True)


def wrapped(text: str, width: int, *, first: str = "", then: str | None = None) -> Iterator[str]:
    """The lines of the text, each wrapped to this width. Words are not broken.

    `first` starts the first line and `then` the following lines; without `then`, `first` starts all of them.
    """
    following = first if then is None else then
    room = max(width, plain_text.columns(first) + NARROWEST)
    begin = first
    for part in text.splitlines():
        yield from _wrapped_line(plain_text.printable(part), room, begin, following)
        begin = following


def broken(text: str, width: int, then: str = "") -> Iterator[str]:
    """The text as lines of this width, broken at any character; `then` starts the following lines.

    For a terminal, where a longer line would destroy the layout.
    """
    width = max(width, NARROWEST)
    line, size = "", 0
    for character in plain_text.printable(text):
        columns = plain_text.columns(character)
        if size + columns > width:
            yield line
            line, size = then, plain_text.columns(then)
        line += character
        size += columns
    yield line


def _wrapped_line(text: str, room: int, first: str, then: str) -> Iterator[str]:
    line = first + " " * (len(text) - len(text.lstrip(" ")))
    size, empty = plain_text.columns(line), True
    for word, spaces in _WORDS.findall(text):
        needed = plain_text.columns(word)
        if not empty and size + needed > room:
            yield line.rstrip()
            line, size = then, plain_text.columns(then)
        line += word + spaces
        size += needed + len(spaces)
        empty = False
    yield line.rstrip()


def _widths(rows: Iterable[Sequence[Cell]], width: int) -> list[int]:
    columns: list[int] = []
    filled = [row for row in rows if row]
    for row in filled:
        columns += [0] * (len(row) - len(columns))
    for number in range(1, len(columns)):
        columns[number] = max((row[number].columns for row in filled if len(row) > number), default=0)
    rest = sum(size + GAP for size in columns[1:])
    room = max(width - rest, NARROWEST)
    fitting = [row[0].columns for row in filled if row[0].columns <= room or len(row) == 1]
    if columns:
        columns[0] = min(max(fitting, default=0), room)
    return columns


def _line(row: Row, widths: Sequence[int], colours: bool) -> Iterator[str]:
    if not row.cells:
        return
    first, rest = row.cells[0], row.cells[1:]
    if first.columns > widths[0] and any(cell.plain for cell in rest):
        yield first.painted(colours)
        first = Cell(row.prefix if plain_text.columns(row.prefix) <= widths[0] else "")
    line, pending = "", 0
    for cell, size in zip((first, *rest), widths, strict=False):
        if cell.plain:
            line += " " * pending + cell.painted(colours)
            pending = size - cell.columns + GAP
        else:
            pending += size + GAP
    if line:
        yield line
