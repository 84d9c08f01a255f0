"""`rudr down`: stops and deletes the services that `rudr up` has started. Volumes are kept."""

from __future__ import annotations

from pathlib import Path

import click

from rudr_py.cli.commands.export import folder
from rudr_py.cli.commands.up import engines, projects


@click.command("down")
@click.argument("names", metavar="[APPLICATION]...", nargs=-1)
@projects.option()
def command(names: tuple[str, ...], output: Path) -> None:
    """Stop the applications that rudr up has started, by default all, and delete their services and files.

    Volumes are kept. An application that cannot be stopped keeps its files.

    \b
    Example: rudr down
    Example: rudr down shop
    """
    for running in projects.started(output, names):
        engines.run(running.usable.engine.down(running.project), running.folder)
        folder.delete(running.folder, (*running.project.files, folder.RECORD))
        click.echo(f"stopped {running.project.name}", err=True)
