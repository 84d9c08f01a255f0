"""Options for the removal of instances and objects that a change of the documents removes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, get_args

import click

from rudr_py.cli.options import durations
from rudr_py.settings import RemovalPolicy

F = TypeVar("F", bound=Callable[..., Any])


def policy(explanation: str = "As in rudr run.", *, default: RemovalPolicy | None = None) -> Callable[[F], F]:
    """Add `--removal-policy`."""
    return click.option(
        "--removal-policy",
        type=click.Choice(get_args(RemovalPolicy)),
        default=default,
        envvar="RUDR_REMOVAL_POLICY",
        help=explanation,
    )


deadline = click.option(
    "--removal-deadline",
    callback=durations.option,
    metavar="DURATION",
    default="10m",
    show_default=True,
    envvar="RUDR_REMOVAL_DEADLINE",
    help="Time after which an added instance that is not ready is reported as failed; the removed one stays.",
)
"""Add `--removal-deadline`; the command gets it in seconds."""
