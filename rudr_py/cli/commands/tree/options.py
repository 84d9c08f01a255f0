"""What `rudr tree` takes."""

from __future__ import annotations

from typing import Any

import click

from rudr_py.cli.lazy import later
from rudr_py.cli.options import shared
from rudr_py.cli.output import colour

work = later("rudr_py.cli.commands.tree.command:run")


@click.command("tree")
@click.argument("name", default="")
@shared.cluster()
@shared.selector
@shared.watch
@shared.output("wide", "yaml", "json", "name", explanation="wide adds what the objects say, and old ReplicaSets.")
@colour.option
def command(**flags: Any) -> None:
    """Show the objects of applications as trees, by their owners, down to the pods and their reasons.

    A volume claim, which has no owner because it outlives its application, stands below the instance it was made for.

    Example: rudr tree shop
    """
    work(**shared.one_or_some(flags))
