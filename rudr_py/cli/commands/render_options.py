"""What `rudr render` takes."""

from __future__ import annotations

from typing import Any

import click

from rudr_py.cli.lazy import later
from rudr_py.cli.options import shared

work = later("rudr_py.cli.commands.render.command:run")


@click.command("render")
@shared.filenames
@shared.namespace
@shared.output("yaml", "json", "name", default="yaml", explanation="How to print the objects.")
@shared.plugins
@click.pass_context
def command(context: click.Context, /, **flags: Any) -> None:
    """Print the Kubernetes objects that documents stand for.

    Shows what the controller would apply, without owners, on a cluster where nothing runs yet. Applications with
    errors are left out, told on standard error, and make the command end with 1; the others are printed all the same.

    \b
    Example: rudr render -f examples/
    Example: rudr render -f examples/ -o name
    """
    context.exit(work(context, **flags))
