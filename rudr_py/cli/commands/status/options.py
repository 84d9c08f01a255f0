"""What `rudr status` takes."""

from __future__ import annotations

from typing import Any

import click

from rudr_py.cli.lazy import later
from rudr_py.cli.options import shared
from rudr_py.cli.output import colour

work = later("rudr_py.cli.commands.status.command:run")


@click.command("status")
@click.argument("name", default="")
@shared.cluster()
@shared.selector
@shared.watch
@shared.output("wide", "yaml", "json", "name", explanation="wide shows healthy pods and nodes, too.")
@shared.no_headers
@colour.option
@click.pass_context
def command(context: click.Context, /, **flags: Any) -> None:
    """Show how applications are doing: conditions, instances, traits, and pods that are not ready.

    Ends with 0 when every application asked for is Ready in its present form, with 1 when one is not, is not there, or
    cannot be read. --watch goes on until Ctrl-C, and then ends with 130.

    Example: rudr status shop
    """
    context.exit(work(**shared.one_or_some(flags)))
