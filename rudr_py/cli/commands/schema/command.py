"""`rudr schema`: the schema by which an editor completes and checks documents, with every installed type."""

from __future__ import annotations

import click

from rudr_py.cli.commands.schema import editor_schema
from rudr_py.cli.options import plugins
from rudr_py.cli.output import documents


def run(context: click.Context) -> None:
    """Print the schema."""
    click.echo(documents.data(editor_schema.schema(plugins.types(context).catalog), "json"), nl=False)
