"""`rudr logs`: the logs of the services that `rudr up` has started."""

from __future__ import annotations

from pathlib import Path

import click

from rudr_py.cli.commands.up import engines, projects
from rudr_py.cli.process import CommandFailure


@click.command("logs")
@click.argument("names", metavar="[APPLICATION]...", nargs=-1)
@click.option("-f", "--follow", is_flag=True, help="Print new lines until Ctrl-C; for one application.")
@projects.option()
def command(names: tuple[str, ...], output: Path, *, follow: bool) -> None:
    """Print the logs of the applications that rudr up has started, by default of all.

    \b
    Example: rudr logs shop
    Example: rudr logs shop --follow
    """
    started = projects.started(output, names)
    if follow and len(started) != 1:
        raise CommandFailure("--follow needs one application: name it")
    for running in started:
        engines.run(running.usable.engine.logs(running.project, follow=follow), running.folder)
