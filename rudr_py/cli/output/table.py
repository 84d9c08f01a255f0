"""Rows of cells as lines that fit a width. Nothing is truncated, because users copy names from the terminal. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from rudr_py.cli.output import colour, plain_text

GAP = 2
"""Spaces between two columns."""

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

    def painted(self, on: bool) -> str:
        """The text with the escape sequences of its style, if `on`."""
        return colour.paint(self.plain, self.colour, on=on, bold=self.bold, dim=self.dim)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Cells in columns, and text below them that wraps. `prefix` starts each line of the text."""

    cells: tuple[Cell, ...] = ()
    below: str = ""
    prefix: str = ""


def table(rows: Sequence[Row], width: int, *, colours: bool = False) -> Iterator[str]:
    """The rows with aligned columns.

    A first cell that would push the other cells over the edge has a line of its own.
    """
    widths = _widths([row.cells for row in rows], width)
    for row in rows:
        yield from _line(row.cells, widths, colours)
        if row.below:
            for line in wrapped(row.below, width, first=row.prefix):
                yield colour.paint(line, on=colours, dim=True)


def wrapped(text: str, width: int, *, first: str = "", then: str | None = None) -> Iterator[str]:
    """The lines of the text, each wrapped to this width. Words are not broken.

    `first` starts the first line and `then` the following lines; without `then`, `first` starts all of them.
    """
    following = first if then is None else then
    room = max(width, len(first) + NARROWEST)
    begin = first
    for part in text.splitlines():
        lines = textwrap.wrap(
            plain_text.printable(part),
            room,
            initial_indent=begin,
            subsequent_indent=following,
            break_long_words=False,
            break_on_hyphens=False,
        )
        yield from lines or [begin.rstrip()]
        begin = following


def _widths(rows: Iterable[Sequence[Cell]], width: int) -> list[int]:
    columns: list[int] = []
    filled = [row for row in rows if row]
    for row in filled:
        columns += [0] * (len(row) - len(columns))
    for number in range(1, len(columns)):
        columns[number] = max((len(row[number].plain) for row in filled if len(row) > number), default=0)
    rest = sum(size + GAP for size in columns[1:])
    room = max(width - rest, NARROWEST)
    fitting = [len(row[0].plain) for row in filled if len(row[0].plain) <= room or len(row) == 1]

    if columns:
        columns[0] = min(max(fitting, default=0), room)
    return columns


def _line(cells: Sequence[Cell], widths: Sequence[int], colours: bool) -> Iterator[str]:
    if not cells:
        return
    first, rest = cells[0], cells[1:]
    if len(first.plain) > widths[0] and any(cell.plain for cell in rest):
        yield first.painted(colours)
        first = Cell("")
    line, pending = "", 0
    for cell, size in zip((first, *rest), widths, strict=False):
        if cell.plain:
            line += " " * pending + cell.painted(colours)
            pending = size - len(cell.plain) + GAP
        else:
            pending += size + GAP
    if line:
        yield line
