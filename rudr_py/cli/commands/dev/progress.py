"""Shows progress: on a terminal a tree that changes in place, in a pipe one plain line for each change."""

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
from rudr_py.cli.commands.tree.ownership_tree import TreeNode
from rudr_py.cli.output import colour


class PlainProgress:
    """Plain lines: for a pipe, a file, or a terminal without colour."""

    def line(self, text: str) -> None:
        """Something happened."""
        click.echo(text)

    def now(self, trees: Sequence[TreeNode]) -> None:
        """How everything is at the moment."""

    def end(self, trees: Sequence[TreeNode], statuses: Iterable[str]) -> None:
        """How everything is at the end, and what the applications say of themselves."""
        click.echo()
        for node in trees:
            for line in ownership_tree.lines(node):
                click.echo(line)
            click.echo()
        for line in statuses:
            click.echo(line)


class TerminalProgress(PlainProgress):
    """The trees in place, with the lines running above them."""

    def __init__(self, live: Any) -> None:
        self._live = live

    def line(self, text: str) -> None:
        """Something happened."""
        self._live.console.print(text, style="dim", highlight=False)

    def now(self, trees: Sequence[TreeNode]) -> None:
        """How everything is at the moment."""
        self._live.update(_rendered(trees))

    def end(self, trees: Sequence[TreeNode], statuses: Iterable[str]) -> None:
        """How everything is at the end, and what the applications say of themselves."""
        said = [Text(line) for line in statuses]
        self._live.update(Group(_rendered(trees), Text(), *said), refresh=True)


@contextlib.contextmanager
def opened() -> Iterator[PlainProgress]:
    """A screen for what standard output is."""
    if not sys.stdout.isatty():
        yield PlainProgress()
        return
    with Live(refresh_per_second=8) as live:
        yield TerminalProgress(live)


def _rendered(trees: Sequence[TreeNode]) -> Any:
    return Group(*(_branch(node) for node in trees))


def _branch(node: TreeNode) -> Any:
    def label(one: TreeNode) -> Text:
        return Text.assemble(one.name, "  ", (ownership_tree.describe(one), colour.STATES[one.health.state]))

    def grow(branch: Tree, one: TreeNode) -> None:
        for child in one.children:
            grow(branch.add(label(child)), child)

    root = Tree(label(node))
    grow(root, node)
    return root
