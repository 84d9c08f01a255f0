"""`rudr schema`: the JSON Schema by which editors complete and check documents, with all installed types."""

from __future__ import annotations

import click

from rudr_py.cli.commands.schema import editor_schema
from rudr_py.cli.options import flags, plugins
from rudr_py.cli.output import documents


@click.command("schema")
@flags.plugins
@click.pass_context
def command(context: click.Context, /) -> None:
    """Print a JSON Schema (draft-07) of all kinds, with the properties of every installed type, for editors.

    Editors that use yaml-language-server apply it to a document that starts with this line:

    \b
        # yaml-language-server: $schema=rudr-schema.json

    Print it again after installing a package.

    \b
    Example: rudr schema > rudr-schema.json
    """
    click.echo(documents.data(editor_schema.schema(plugins.load(context).catalog), "json"), nl=False)
