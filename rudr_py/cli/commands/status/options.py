"""What `rudr status` takes."""

from __future__ import annotations

from typing import Any

import click

from rudr_py.cli import colour, options
from rudr_py.cli.places import later

work = later("rudr_py.cli.status:run")


@click.command("status")
@click.argument("name", default="")
@options.cluster()
@options.selector
@options.watch
@options.output("wide", "yaml", "json", "name", explanation="wide shows healthy pods and nodes, too.")
@options.no_headers
@colour.option
@click.pass_context
def command(context: click.Context, /, **flags: Any) -> None:
    """Show how applications are doing: conditions, instances, traits, and pods that are not ready.

    Ends with 0 when every application asked for is Ready in its present form, with 1 when one is not, is not there, or
    cannot be read. --watch goes on until Ctrl-C, and then ends with 130.

    Example: rudr status shop
    """
    context.exit(work(**options.one_or_some(flags)))
