"""Trees of objects as a table with one row for each object, within a width. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from rudr_py.cli.commands.tree import ownership_tree
from rudr_py.cli.commands.tree.ownership_tree import TreeNode
from rudr_py.cli.output import age, colour, plain_text, table
from rudr_py.cli.output.table import GAP, Cell, Row
from rudr_py.render import holds


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """The columns of the table. Ages are blank without `now`. `width` is None for an unlimited one."""

    now: datetime | None
    width: int | None = None
    namespaces: bool = False
    messages: bool = False
    headers: bool = True
    colours: bool = False


class TreeRow(NamedTuple):
    """A node with its depth, the lines of the tree before its name, and those before text below it."""

    node: TreeNode
    depth: int = 0
    before: str = ""
    below: str = ""


def lines(roots: Sequence[TreeNode], layout: Layout) -> Iterator[str]:
    """The trees, separated by empty lines.

    Images and messages that do not fit into the width are printed below the rows; names have lines of their own if
    they do not fit. Nothing is truncated.
    """
    listed = list(rows(roots))
    place = max((plain_text.columns(row.node.namespace) for row in listed), default=0)
    place = max(place, len("NAMESPACE")) + GAP if layout.namespaces else 0
    width = layout.width or sum(map(_bound, listed)) + place + 200
    beside = _fits([_header(layout, place, beside=True), *_separated(listed, layout, place, beside=True)], width)
    header = [_header(layout, place, beside=beside)] if layout.headers else []
    body = _separated(listed, layout, place, beside=beside)
    yield from table.table([*header, *body], width, colours=layout.colours)


def rows(roots: Iterable[TreeNode]) -> Iterator[TreeRow]:
    """A row for each object."""
    for root in roots:
        yield from _walk(root)


def status(node: TreeNode) -> str:
    """The state of an object in a few words, without its restarts, which have a column."""
    details = "" if node.restarts is not None else " ".join(node.health.show.values())
    has_reason = node.health.state != "ready" or node.health.reason in holds.REASONS or not details
    word = node.health.reason if has_reason else "Ready"
    return f"{word} {details}".rstrip()


def _separated(listed: Sequence[TreeRow], layout: Layout, place: int, *, beside: bool) -> Iterator[Row]:
    for number, row in enumerate(listed):
        if number and row.depth == 0:
            yield Row(below=" ")
        yield _row(row, layout, place, beside=beside)


def _walk(node: TreeNode, before: str = "", indent: str = "", depth: int = 0) -> Iterator[TreeRow]:
    yield TreeRow(node, depth, before, indent + ("│ " if node.children else "  "))
    for number, child in enumerate(node.children):
        last = number == len(node.children) - 1
        yield from _walk(
            child, f"{indent}{'└── ' if last else '├── '}", indent + ("    " if last else "│   "), depth + 1
        )


def _bound(row: TreeRow) -> int:
    """A number of columns that no line of the row exceeds."""
    texts = (row.before, row.node.name, status(row.node), row.node.health.message, *row.node.images)
    return sum(len(text) * 2 for text in texts)


def _header(layout: Layout, place: int, *, beside: bool) -> Row:
    names = ["STATUS", "RESTARTS", "AGE"]
    names += ["IMAGE", *(["MESSAGE"] if layout.messages else [])] if beside else []
    namespace = plain_text.padded("NAMESPACE", place) if place else ""
    return Row(cells=tuple(Cell(name, bold=True) for name in (f"{namespace}NAME", *names)))


def _row(row: TreeRow, layout: Layout, place: int, *, beside: bool) -> Row:
    node = row.node
    image = ",".join(node.images)
    message = node.health.message.partition("\n")[0] if layout.messages and not node.health.ok else ""
    namespace = plain_text.padded(plain_text.printable(node.namespace), place) if place else ""
    cells = [
        Cell(f"{namespace}{row.before}{node.name}"),
        Cell(status(node), colour.STATES[node.health.state]),
        Cell("" if node.restarts is None else str(node.restarts)),
        Cell(age.age(node.created, layout.now) if layout.now is not None and node.created else ""),
    ]
    if beside:
        cells += [Cell(image), *([Cell(message)] if layout.messages else [])]
        return Row(cells=tuple(cells))
    below = "\n".join(filter(None, (image, message)))
    return Row(cells=tuple(cells), below=below, prefix=f"{' ' * place}{row.below}")


def _fits(rows: Sequence[Row], width: int) -> bool:
    """Whether all cells fit beside each other."""
    filled = [row.cells for row in rows if row.cells]
    sizes: list[int] = [max(cell.columns for cell in column) for column in zip(*filled, strict=True)]
    return sum(sizes) + GAP * (len(sizes) - 1) <= width


def descriptions(roots: Sequence[TreeNode]) -> Iterator[str]:
    """Each tree with a line for each object and its state, without a table."""
    for row in rows(roots):
        yield f"{row.before}{row.node.name}  {ownership_tree.describe(row.node)}"
