"""What `rudr version` takes."""

from __future__ import annotations

from typing import Any

import click

from rudr_py.cli.lazy import later
from rudr_py.cli.options import shared

work = later("rudr_py.cli.commands.version.command:run")


@click.command("version")
@shared.output("yaml", "json", explanation="For machines.")
def command(**flags: Any) -> None:
    """Print the version of rudr-py, of its plugin API, and of Python.

    Example: rudr version -o json
    """
    work(**flags)
