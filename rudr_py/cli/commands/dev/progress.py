"""Displays progress: on a terminal trees that are updated in place, in a pipe a line for each change."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import click
from rich.console import Group
from rich.live import Live
from rich.text import Text
from rich.tree import Tree

from rudr_py.cli.commands.tree import ownership_tree
from rudr_py.cli.commands.tree import text as tree_text
from rudr_py.cli.commands.tree.ownership_tree import TreeNode
from rudr_py.cli.output import colour


class PlainProgress:
    """Plain lines, for a pipe or a file."""

    def line(self, text: str) -> None:
        """Print a line about a change."""
        click.echo(text)

    def update(self, trees: Sequence[TreeNode]) -> None:
        """Display the current trees. Plain lines do not."""

    def end(self, trees: Sequence[TreeNode], statuses: Iterable[str]) -> None:
        """Display the final trees and the status lines of the applications."""
        click.echo()
        for node in trees:
            for line in tree_text.descriptions([node]):
                click.echo(line)
            click.echo()
        for line in statuses:
            click.echo(line)


class TerminalProgress(PlainProgress):
    """Trees that are updated in place, with the lines about changes above them."""

    def __init__(self, live: Any) -> None:
        self._live = live

    def line(self, text: str) -> None:
        """Print a line about a change above the trees."""
        self._live.console.print(text, style="dim", highlight=False)

    def update(self, trees: Sequence[TreeNode]) -> None:
        """Display the current trees."""
        self._live.update(_rendered(trees))

    def end(self, trees: Sequence[TreeNode], statuses: Iterable[str]) -> None:
        """Display the final trees and the status lines of the applications."""
        self._live.update(Group(_rendered(trees), Text(), *map(Text, statuses)), refresh=True)


@contextlib.contextmanager
def opened() -> Iterator[PlainProgress]:
    """The display for the kind of standard output."""
    if not sys.stdout.isatty():
        yield PlainProgress()
        return
    with Live(refresh_per_second=8) as live:
        yield TerminalProgress(live)


def _rendered(trees: Sequence[TreeNode]) -> Any:
    return Group(*(_branch(node) for node in trees))


def _branch(node: TreeNode) -> Any:
    def label(labelled_node: TreeNode) -> Text:
        state_colour = colour.STATES[labelled_node.health.state]
        return Text.assemble(labelled_node.name, "  ", (ownership_tree.describe(labelled_node), state_colour))

    def grow(branch: Tree, parent: TreeNode) -> None:
        for child in parent.children:
            grow(branch.add(label(child)), child)

    root = Tree(label(node))
    grow(root, node)
    return root
