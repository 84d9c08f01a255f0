"""`rudr plugin new`: writes a complete package for a new type, without any network."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from rudr_py.plugins import scaffold
from rudr_py.plugins.scaffold import Sort


@click.group("plugin")
def group() -> None:
    """Write a new plugin."""


@group.command("new")
@click.argument("sort", type=click.Choice(get_args(Sort)))
@click.argument("name")
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Where the package's folder is made; default: here.",
)
def new(sort: Sort, name: str, folder: Path) -> None:
    """Write a package with a trait, a workload type or a scope: module, tests, README and rights.

    NAME is what users will write in documents: pod-budget for a trait, example.org/v1.Function for the others. The
    tests of the package pass as they are written, before it is installed.

    Example: rudr plugin new trait pod-budget
    """
    written = scaffold.write(sort, name, folder)
    click.echo(f"{written} is written; next:")
    click.echo(f"  cd {written} && python -m pytest")
    click.echo("  pip install --editable . && rudr plugins")
