"""The option --dry-run of commands that write, with a value as in kubectl."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, get_args

import click

from rudr_py.cli.options.decorators import F

DryRun = Literal["none", "client", "server"]

SUFFIXES: Final[Mapping[DryRun, str]] = {"none": "", "client": " (dry run)", "server": " (server dry run)"}
"""The end of a line about a write, as kubectl prints it."""


def option(explanation: str) -> Callable[[F], F]:
    """Add `--dry-run`."""
    choice = click.Choice(get_args(DryRun))
    return click.option("--dry-run", type=choice, default="none", show_default=True, help=explanation)
