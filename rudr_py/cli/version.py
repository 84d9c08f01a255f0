"""`rudr version`: what is running here."""

from __future__ import annotations

import platform

import click

import rudr_py
from rudr_py import api
from rudr_py.cli import output


@click.command("version")
@click.option("-o", "--output", "form", type=click.Choice(["yaml", "json"]))
def command(form: str | None) -> None:
    """Print the version of rudr-py, of its plugin API, and of Python.

    Example: rudr version -o json
    """
    facts = {"rudr-py": rudr_py.__version__, "plugin API": api.API_VERSION, "Python": platform.python_version()}
    if form:
        click.echo(output.data(facts, form), nl=False)
    else:
        click.echo("\n".join(f"{name} {value}" for name, value in facts.items()))
