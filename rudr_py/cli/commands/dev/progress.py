"""Displays progress: on a terminal trees that are updated in place, in a pipe a line for each change."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TextIO

import click

from rudr_py.cli.commands.dev import region
from rudr_py.cli.commands.tree import text as tree_text
from rudr_py.cli.commands.tree.ownership_tree import TreeNode
from rudr_py.cli.output import colour, table

PAUSE = 0.1
"""Seconds between two updates of a terminal."""


class PlainProgress:
    """Plain lines, for a pipe, a file, or a terminal whose cursor cannot move."""

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
    """Trees below the lines about changes, updated in place. Nothing is truncated.

    If the trees are higher than the terminal, their lower levels are hidden until the end. After a change of the width
    they are printed again below, because terminals treat the printed lines differently.
    """

    def __init__(self, stream: TextIO, size: Callable[[], os.terminal_size], *, colours: bool) -> None:
        self._stream = stream
        self._size = size
        self._colours = colours
        self._lines: list[str] = []
        self._trees: Sequence[TreeNode] = ()
        self._displayed: list[str] = []
        self._width = 0
        self._scheduled: asyncio.TimerHandle | None = None

    def line(self, text: str) -> None:
        """Print a line about a change above the trees."""
        self._lines += text.splitlines() or [""]
        self._schedule()

    def update(self, trees: Sequence[TreeNode]) -> None:
        """Display the current trees."""
        self._trees = trees
        self._schedule()

    def end(self, trees: Sequence[TreeNode], statuses: Iterable[str]) -> None:
        """Display the final trees and the status lines of the applications."""
        self._trees = trees
        width = self._size().columns
        final = region.lines(trees, width, colours=self._colours)
        wrapped = (line for status in statuses for line in table.wrapped(status, width, then="    "))
        final += ["", *(part for line in wrapped for part in table.broken(line, width))]
        self._print(final)
        self._displayed = []

    def close(self) -> None:
        """Display the whole trees as the last output, unless the end was displayed."""
        if self._displayed or self._lines:
            self._print(region.lines(self._trees, self._size().columns, colours=self._colours))
            self._displayed = []
        if self._scheduled is not None:
            self._scheduled.cancel()

    def _schedule(self) -> None:
        if self._scheduled is None:
            with contextlib.suppress(RuntimeError):  # a line of the log of another thread waits for the next update
                self._scheduled = asyncio.get_running_loop().call_later(PAUSE, self._refresh)

    def _refresh(self) -> None:
        size = self._size()
        self._print(region.fitted(self._trees, size.columns, size.lines - 1, colours=self._colours))

    def _print(self, displayed: list[str]) -> None:
        """Print the lines about changes, and below them these lines in place of the earlier ones."""
        if self._scheduled is not None:
            self._scheduled.cancel()
            self._scheduled = None
        width = self._size().columns
        if not self._lines and displayed == self._displayed and width == self._width:
            return
        erased = f"\x1b[{len(self._displayed)}F\x1b[J" if self._displayed and width == self._width else ""
        changes = [line for text in self._lines for line in table.broken(text, width)]
        printed = [*(colour.paint(line, on=self._colours, dim=True) for line in changes), *displayed]
        self._stream.write(erased + "".join(f"{line}\n" for line in printed))
        self._stream.flush()
        self._lines, self._displayed, self._width = [], displayed, width


class _LogStream:
    """Passes the lines of the log to the progress, above the trees."""

    def __init__(self, progress: PlainProgress) -> None:
        self._progress = progress

    def write(self, text: str) -> None:
        """Print the lines of a record."""
        if text.strip():
            self._progress.line(click.unstyle(text.rstrip("\n")))

    def flush(self) -> None:
        """Nothing to do: each line is printed with the next update."""


@contextlib.contextmanager
def opened() -> Iterator[PlainProgress]:
    """The display for the kind of standard output."""
    if not sys.stdout.isatty() or colour.is_dumb(os.environ):
        yield PlainProgress()
        return
    colours = colour.enabled("auto", os.environ, terminal=True)
    progress = TerminalProgress(sys.stdout, shutil.get_terminal_size, colours=colours)
    with _log_above(progress):
        try:
            yield progress
        finally:
            progress.close()


@contextlib.contextmanager
def _log_above(progress: PlainProgress) -> Iterator[None]:
    """Print the log above the trees, if it is printed on a terminal."""
    handlers = [
        (handler, handler.stream)
        for handler in logging.getLogger().handlers
        if isinstance(handler, logging.StreamHandler) and handler.stream.isatty()
    ]
    for handler, _ in handlers:
        handler.setStream(_LogStream(progress))
    try:
        yield
    finally:
        for handler, stream in handlers:
            handler.setStream(stream)
