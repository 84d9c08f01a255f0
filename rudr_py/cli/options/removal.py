"""Options for the removal of instances and objects that a change of the documents removes."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import click

from rudr_py.cli.options import durations
from rudr_py.cli.options.decorators import F, setting
from rudr_py.settings import RemovalPolicy


def policy(explanation: str = "As in rudr run.", *, default: RemovalPolicy | None = None) -> Callable[[F], F]:
    """Add `--removal-policy`."""
    return setting("--removal-policy", type=click.Choice(get_args(RemovalPolicy)), default=default, help=explanation)


deadline = setting(
    "--removal-deadline",
    callback=durations.option,
    metavar="DURATION",
    default="10m",
    show_default=True,
    help="Time after which an added instance that is not ready is reported as failed; the removed one stays.",
)
"""Add `--removal-deadline`; the command gets it in seconds."""
