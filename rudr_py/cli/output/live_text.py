"""Text that changes: replaced in place on a terminal, printed again in a pipe. For `--watch`."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

from rudr_py.cli.output import plain_text

Text = Callable[[Sequence[dict[str, Any]]], str]
"""The text for documents, ending in a newline."""


class LiveText:
    """Prints the text for documents whenever it differs from the last one."""

    def __init__(self, text: Text, compared: Text | None = None) -> None:
        """`compared` is the part of the text whose change is printed; default: all of it."""
        self._text = text
        self._compared = compared or text
        self._last: str | None = None
        self._last_compared = ""
        self._width = 0

    def __call__(self, documents: Sequence[dict[str, Any]]) -> None:
        """Print the text for these documents, unless it is printed already."""
        compared = self._compared(documents)
        if self._last is not None and compared == self._last_compared:
            return
        text = self._text(documents)
        width = shutil.get_terminal_size().columns
        if self._last is not None and (width == self._width or not sys.stdout.isatty()):
            # after a change of the width, the rows that the last text takes depend on the terminal
            self._separate(rows(self._last, width))
        self._width = width
        click.echo(text, nl=False, color=True)
        sys.stdout.flush()
        self._last, self._last_compared = text, compared

    @staticmethod
    def _separate(height: int) -> None:
        """Move the cursor up over the rows of the last text and erase them; in a pipe, print an empty line."""
        if not sys.stdout.isatty():
            click.echo()
        elif height >= shutil.get_terminal_size().lines:
            click.clear()
        elif height:
            click.echo(f"\x1b[{height}F\x1b[J", nl=False)


def rows(text: str, width: int) -> int:
    """The rows that a text takes on a terminal of this width, which wraps long lines."""
    return sum(max(1, -(-plain_text.columns(click.unstyle(line)) // width)) for line in text.splitlines())
