"""What `rudr plugins` takes."""

from __future__ import annotations

from typing import Any

import click

from rudr_py.cli.lazy import later
from rudr_py.cli.options import shared

work = later("rudr_py.cli.commands.plugins.command:run")
off_the_list = later("rudr_py.cli.commands.plugins.command:release")


@click.group("plugins", invoke_without_command=True)
@shared.output("wide", "yaml", "json", "name", explanation="wide has the names of plugins.")
@shared.no_headers
@shared.plugins
@click.pass_context
def group(context: click.Context, /, **flags: Any) -> None:
    """List the installed plugins with version, state and types.

    Ends with 0 whatever the states are; with --strict-plugins, with 1 when one cannot be used. Why one cannot
    be used is told below the table, with -o wide in its row; -o yaml and json have the traceback.

    Example: rudr plugins -o wide
    """
    if context.invoked_subcommand is None:
        context.exit(work(context, **flags))


@group.command("release")
@click.argument("name")
@click.pass_context
def release(context: click.Context, /, name: str) -> None:
    """Take a type or a plugin off the quarantine list, so that the next start uses it again.

    Example: rudr plugins --state-dir ./state release cron-hpa
    """
    off_the_list(context, name)
