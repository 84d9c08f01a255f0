"""What `rudr plugin new` takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rudr_py.cli.lazy import later
from rudr_py.cli.options import shared

work = later("rudr_py.cli.commands.plugin_new.command:run")


@click.group("plugin")
def group() -> None:
    """Write a new plugin."""


@group.command("new")
@click.argument("sort", type=click.Choice(shared.SORTS))
@click.argument("name")
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Where the package's folder is made; default: here.",
)
@click.pass_context
def new(context: click.Context, /, **flags: Any) -> None:
    """Write a package with a trait, a workload type or a scope: module, tests, README and rights.

    NAME is what users will write in documents: pod-budget for a trait, example.org/v1.Function for the others. The
    tests of the package pass as they are written, before it is installed. A name that an installed type has is
    refused, for the package could not be loaded.

    Example: rudr plugin new trait pod-budget
    """
    work(context, **flags)
