"""`rudr schema`: the schema by which an editor completes and checks documents, with every installed type."""

from __future__ import annotations

import click

from rudr_py.cli import editor_schema, installed, output


def run(context: click.Context) -> None:
    """Print the schema."""
    click.echo(output.data(editor_schema.schema(installed.types(context).catalog), "json"), nl=False)
