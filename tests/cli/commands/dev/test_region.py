"""Trees in the width and the height of a terminal."""

from __future__ import annotations

import click
import pytest

from rudr_py.api import Health
from rudr_py.cli.commands.dev import region
from rudr_py.cli.commands.tree.ownership_tree import TreeNode
from rudr_py.cli.output import plain_text, table

READY = Health("ready", "Ready")


def tree(*names: str, depth: int = 3) -> TreeNode:
    """A tree in which each object has one child with each name."""
    children = tuple(tree(*names, depth=depth - 1) for _ in range(1)) if depth else ()
    leaves = tuple(TreeNode(name=name, health=READY) for name in names)
    return TreeNode(name=f"level/{depth}", health=READY, children=(*children, *leaves))


WIDE = tree("pod/名前-web", f"pod/{'x' * 120}")


@pytest.mark.parametrize("width", [1, 20, 80, 140])
@pytest.mark.parametrize("colours", [False, True])
def test_no_line_is_wider_than_the_terminal(width: int, *, colours: bool) -> None:
    lines = [click.unstyle(line) for line in region.lines([WIDE], width, colours=colours)]
    assert max(map(plain_text.columns, lines)) <= max(width, table.NARROWEST)
    text = "".join(line.strip("│ ") for line in lines)
    assert text.count("x" * 120) == text.count("pod/名前-web") == 4 or width < 80


def test_levels_that_do_not_fit_the_height_are_counted() -> None:
    whole = region.lines([WIDE], 200, colours=False)
    assert region.fitted([WIDE], 200, len(whole), colours=False) == whole
    shown = region.fitted([WIDE], 200, 6, colours=False)
    assert len(shown) <= 6
    assert shown[-1] == "(8 more objects, printed at the end)"


@pytest.mark.parametrize("height", [0, 1, 2, 5])
def test_more_applications_than_lines_are_cut_with_their_number(height: int) -> None:
    trees = [TreeNode(name=f"application/{number}", health=READY) for number in range(20)]
    shown = region.fitted(trees, 80, height, colours=False)
    assert len(shown) == max(height, 1)
    assert shown[-1] == f"({20 - len(shown) + 1} more objects, printed at the end)"
