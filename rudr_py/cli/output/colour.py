"""Colours and width of the output, which depend on the terminal, the user and `NO_COLOR`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

MODES = ("auto", "always", "never")

STATES: Mapping[str, str] = {"ready": "green", "progressing": "yellow", "failed": "red", "unknown": "magenta"}
"""The colour of each state of health."""


def option(command: F) -> F:
    """Add `--color`; the command gets a bool `color`."""
    return click.option(
        "--color",
        type=click.Choice(MODES),
        default="auto",
        show_default=True,
        callback=lambda _context, _parameter, value: enabled(value, os.environ, sys.stdout.isatty()),
        help="Colour the output; auto: on a terminal, unless NO_COLOR is set.",
    )(command)


def enabled(mode: str, environ: Mapping[str, str], terminal: bool) -> bool:
    """Whether to colour. An explicit `always` overrides NO_COLOR, as https://no-color.org recommends."""
    if mode != "auto":
        return mode == "always"
    return terminal and not environ.get("NO_COLOR") and not is_dumb(environ)


def is_dumb(environ: Mapping[str, str]) -> bool:
    """Whether the terminal interprets no escape sequences."""
    return environ.get("TERM") in ("", "dumb", "unknown")


def width() -> int:
    """The columns of the terminal: COLUMNS if it is set, 80 in a pipe."""
    return shutil.get_terminal_size((80, 24)).columns


def table_width() -> int | None:
    """The columns for the rows of a table: those of the terminal, or COLUMNS if it is set; None in a pipe."""
    return width() if sys.stdout.isatty() or os.environ.get("COLUMNS") else None


def paint(text: str, colour: str = "", *, on: bool, bold: bool = False, dim: bool = False) -> str:
    """The text with escape sequences for its style, if `on`."""
    if not on or not text or not (colour or bold or dim):
        return text
    return click.style(text, fg=colour or None, bold=bold or None, dim=dim or None)
