"""`rudr plugin new`: writes a complete package for a new type, without any network."""

from __future__ import annotations

from pathlib import Path

import click

from rudr_py.plugins import scaffold
from rudr_py.plugins.scaffold import Sort


def run(sort: Sort, name: str, folder: Path) -> None:
    """Write it, and say what is next. Raises ConfigError."""
    written = scaffold.write(sort, name, folder)
    click.echo(f"{written} is written; next:")
    click.echo(f"  cd {written} && python -m pytest")
    click.echo("  pip install --editable . && rudr plugins")
