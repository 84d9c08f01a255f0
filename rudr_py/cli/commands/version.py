"""`rudr version`: what is running here."""

from __future__ import annotations

import platform

import click

import rudr_py
from rudr_py import api
from rudr_py.cli.output import documents


def run(*, form: str | None) -> None:
    """Print it."""
    facts = {"rudr-py": rudr_py.__version__, "plugin API": api.API_VERSION, "Python": platform.python_version()}
    if form:
        click.echo(documents.data(facts, form), nl=False)
    else:
        click.echo("\n".join(f"{name} {value}" for name, value in facts.items()))
