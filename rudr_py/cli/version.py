"""`rudr version`: what is running here."""

from __future__ import annotations

import json
import platform

import click

import rudr_py
from rudr_py import api


@click.command("version")
@click.option("-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(form: str) -> None:
    """Print the version of rudr-py, of its plugin API, and of Python.

    Example: rudr version -o json
    """
    facts = {"rudr-py": rudr_py.__version__, "plugin API": api.API_VERSION, "Python": platform.python_version()}
    if form == "json":
        click.echo(json.dumps(facts))
    else:
        click.echo("\n".join(f"{name} {value}" for name, value in facts.items()))
