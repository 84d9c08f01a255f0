"""The progress of `rudr status --wait` on standard error: one line on a terminal, a line for each change in a log."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping

import click

from rudr_py.cli.output import colour, plain_text, table
from rudr_py.cli.output.plain_text import counted

Causes = Mapping[str, str]
"""The application, and the reason why it has not reached the goal; for those that wait."""


class Progress:
    """Prints nothing, for output that another program reads."""

    def update(self, causes: Causes, total: int) -> None:
        """Show the applications that wait; `total` is the number of all."""

    def warn(self, text: str) -> None:
        """Print a warning."""
        click.echo(text, err=True)

    def end(self) -> None:
        """Erase what is not part of the log."""


class LogProgress(Progress):
    """A line for each change, for a log."""

    def __init__(self) -> None:
        self._causes: Causes = {}

    def update(self, causes: Causes, total: int) -> None:
        """Print the applications whose reason to wait has changed, and those that do not wait any more."""
        del total
        for name, cause in causes.items():
            if self._causes.get(name) != cause:
                click.echo(plain_text.printable(f"waiting for {name}: {cause}"), err=True)
        for name in self._causes.keys() - causes.keys():
            click.echo(plain_text.printable(f"{name}: done"), err=True)
        self._causes = dict(causes)


class LineProgress(Progress):
    """One line that is replaced, cut to the width of the terminal."""

    def __init__(self) -> None:
        self._line = ""
        self._width = 0

    def update(self, causes: Causes, total: int) -> None:
        """Replace the line."""
        name, cause = next(iter(causes.items()), ("", ""))
        number = f"{len(causes)} of {counted(total, 'application')}: " if total > 1 else ""
        self._show(plain_text.printable(f"waiting for {number}{name}: {cause}") if name else "")

    def warn(self, text: str) -> None:
        """Print a warning above the line."""
        line = self._line
        self.end()
        click.echo(text, err=True)
        self._show(line)

    def end(self) -> None:
        """Erase the line."""
        self._show("")

    def _show(self, line: str) -> None:
        width = shutil.get_terminal_size().columns
        if (line, width) == (self._line, self._width):
            return
        # after a change of the width, the rows that the last line takes depend on the terminal
        erased = "\x1b[1F\x1b[J" if self._line and width == self._width else ""
        printed = f"{_cut(line, width)}\n" if line else ""
        sys.stderr.write(erased + printed)
        sys.stderr.flush()
        self._line, self._width = line, width


def _cut(line: str, width: int) -> str:
    first = next(table.broken(line, width - 1))
    return first if first == line else f"{first[:-3]}..."


def chosen(output_format: str) -> Progress:
    """The progress for the kind of standard error and the format of the output."""
    if output_format not in ("text", "wide"):
        return Progress()
    return LineProgress() if sys.stderr.isatty() and not colour.is_dumb(os.environ) else LogProgress()
