"""What `rudr version` takes."""

from __future__ import annotations

from typing import Any

import click

from rudr_py.cli import options
from rudr_py.cli.places import later

work = later("rudr_py.cli.version:run")


@click.command("version")
@options.output("yaml", "json", explanation="For machines.")
def command(**flags: Any) -> None:
    """Print the version of rudr-py, of its plugin API, and of Python.

    Example: rudr version -o json
    """
    work(**flags)
