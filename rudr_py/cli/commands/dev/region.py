"""Trees as lines that fit the width of a terminal, and its height where they are replaced in place. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rudr_py.cli.commands.tree import text as tree_text
from rudr_py.cli.commands.tree.ownership_tree import TreeNode, describe
from rudr_py.cli.output import colour, plain_text, table


def lines(trees: Sequence[TreeNode], width: int, *, colours: bool, depth: int | None = None) -> list[str]:
    """The trees without the levels below `depth`; each line is at most as wide as the terminal.

    A name or a state that is longer continues on the next line.
    """
    return [
        line
        for row in tree_text.rows(trees)
        if depth is None or row.depth <= depth
        for line in _row(row, width, colours)
    ]


def fitted(trees: Sequence[TreeNode], width: int, height: int, *, colours: bool) -> list[str]:
    """As many levels of the trees as fit the height, and a line with the number of objects that do not."""
    whole = lines(trees, width, colours=colours)
    if len(whole) <= height:
        return whole
    depths = [row.depth for row in tree_text.rows(trees)]
    for depth in range(max(depths) - 1, -1, -1):
        displayed = lines(trees, width, colours=colours, depth=depth)
        if len(displayed) < height:
            return [*displayed, _hidden(sum(each > depth for each in depths), width)]
    displayed = lines(trees, width, colours=colours, depth=0)[: max(height - 1, 0)]
    return [*displayed, _hidden(len(depths) - len(displayed), width)]


def _hidden(count: int, width: int) -> str:
    return next(table.broken(f"({plain_text.counted(count, 'more object')}, printed at the end)", width))


def _row(row: tree_text.TreeRow, width: int, colours: bool) -> Iterator[str]:
    name, state = f"{row.before}{row.node.name}", plain_text.printable(describe(row.node))
    tint = colour.STATES[row.node.health.state]
    if plain_text.columns(name) + 2 + plain_text.columns(state) <= max(width, table.NARROWEST):
        yield f"{plain_text.printable(name)}  {colour.paint(state, tint, on=colours)}"
        return
    yield from table.broken(name, width)
    room = max(width, table.NARROWEST) - plain_text.columns(row.below)
    if room < table.NARROWEST:
        yield from (colour.paint(line, tint, on=colours) for line in table.broken(state, width))
        return
    for line in table.broken(state, room):
        yield row.below + colour.paint(line, tint, on=colours)
