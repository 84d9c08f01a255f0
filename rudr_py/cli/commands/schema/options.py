"""What `rudr schema` takes."""

from __future__ import annotations

import click

from rudr_py.cli.lazy import later
from rudr_py.cli.options import shared

work = later("rudr_py.cli.commands.schema.command:run")


@click.command("schema")
@shared.plugins
@click.pass_context
def command(context: click.Context, /) -> None:
    """Print a JSON Schema (draft-07) of all kinds, with the properties of every installed type, for editors.

    Editors that use yaml-language-server take it for a document whose first line says where it is:

    \b
        # yaml-language-server: $schema=rudr-schema.json

    Print it anew after installing a package.

    \b
    Example: rudr schema > rudr-schema.json
    """
    work(context)
