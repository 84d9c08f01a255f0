"""Text that changes: in place on a terminal, one after the other in a pipe. For `--watch`."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from typing import Any

import click

Text = Callable[[Sequence[dict[str, Any]]], str]
"""What documents look like; ends in a newline."""


class LiveText:
    """Shows what `text` makes of documents, when that is something else than before."""

    def __init__(self, text: Text) -> None:
        self._text = text
        self._last: str | None = None

    def __call__(self, documents: Sequence[dict[str, Any]]) -> None:
        """The documents as they are now."""
        now = self._text(documents)
        if now == self._last:
            return
        if self._last is not None:
            self._part(rows(self._last, shutil.get_terminal_size().columns))
        click.echo(now, nl=False, color=True)
        sys.stdout.flush()
        self._last = now

    @staticmethod
    def _part(height: int) -> None:
        """Go back over so many rows that were printed, or part from them."""
        if not sys.stdout.isatty():
            click.echo()
        elif height >= shutil.get_terminal_size().lines:
            click.clear()
        elif height:
            click.echo(f"\x1b[{height}F\x1b[J", nl=False)


def rows(text: str, width: int) -> int:
    """The rows that a text takes on a terminal of this width, where long lines go on in the next row."""
    return sum(max(1, -(-len(click.unstyle(line)) // width)) for line in text.splitlines())
