"""`rudr version`: the versions of the package, of its plugin API and of Python."""

from __future__ import annotations

import platform

import click

import rudr_py
from rudr_py import api
from rudr_py.cli.options import flags
from rudr_py.cli.output import documents


@click.command("version")
@flags.output("yaml", "json", explanation="Output format for programs.")
def command(output_format: str | None) -> None:
    """Print the versions of rudr-py, of its plugin API and of Python.

    Example: rudr version -o json
    """
    versions = {"rudr-py": rudr_py.__version__, "plugin API": api.API_VERSION, "Python": platform.python_version()}
    if output_format:
        click.echo(documents.data(versions, output_format), nl=False)
    else:
        click.echo("\n".join(f"{name} {version}" for name, version in versions.items()))
