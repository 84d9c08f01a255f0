"""`rudr schema`: the schema by which an editor completes and checks documents, with every installed type."""

from __future__ import annotations

from pathlib import Path

import click

from rudr_py.cli import editor_schema, options, output
from rudr_py.errors import ConfigError


@click.command("schema")
@click.option(
    "-o",
    "--output",
    "file",
    metavar="FILE",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write it into this file instead of to standard output.",
)
@options.plugins
@click.pass_context
def command(context: click.Context, file: Path | None) -> None:
    """Print a JSON Schema (draft-07) of all kinds, with the properties of every installed type, for editors.

    Editors that use yaml-language-server take it for a document whose first line says where it is:

    \b
        # yaml-language-server: $schema=rudr-schema.json

    Print it anew after installing a package.

    \b
    Example: rudr schema -o rudr-schema.json
    """
    text = output.data(editor_schema.schema(options.installed_types(context).catalog), "json")
    if file is None:
        click.echo(text, nl=False)
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{file} cannot be written: {error.strerror or error}") from error
    click.echo(f"{file} written; begin documents with: # yaml-language-server: $schema={file}", err=True)
