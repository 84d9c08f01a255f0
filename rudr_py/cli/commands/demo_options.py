"""What `rudr demo` takes."""

from __future__ import annotations

from typing import Any

import click

from rudr_py.cli.lazy import later
from rudr_py.cli.options import shared

work = later("rudr_py.cli.commands.demo.command:run")


@click.command("demo")
@shared.filename("Documents to apply instead of the examples of the project.")
@click.option("--timeout", type=click.IntRange(1), default=120, show_default=True, help="Seconds to wait for Ready.")
@shared.plugins
@click.pass_context
def command(context: click.Context, /, **flags: Any) -> None:
    """Run the examples on a Kubernetes API in this process, until everything is Ready.

    Needs neither a cluster nor kubectl, and leaves nothing behind. Ends with 1 when not everything was Ready in time.

    Example: rudr demo
    """
    context.exit(work(context, **flags))
