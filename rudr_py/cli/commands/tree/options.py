"""What `rudr tree` takes."""

from __future__ import annotations

from typing import Any

import click

from rudr_py.cli import colour, options
from rudr_py.cli.places import later

work = later("rudr_py.cli.show_tree:run")


@click.command("tree")
@click.argument("name", default="")
@options.cluster()
@options.selector
@options.watch
@options.output("wide", "yaml", "json", "name", explanation="wide adds what the objects say, and old ReplicaSets.")
@colour.option
def command(**flags: Any) -> None:
    """Show the objects of applications as trees, by their owners, down to the pods and their reasons.

    A volume claim, which has no owner because it outlives its application, stands below the instance it was made for.

    Example: rudr tree shop
    """
    work(**options.one_or_some(flags))
