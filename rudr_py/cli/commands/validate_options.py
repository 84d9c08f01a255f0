"""What `rudr validate` takes."""

from __future__ import annotations

from typing import Any

import click

from rudr_py.cli.lazy import later
from rudr_py.cli.options import shared

work = later("rudr_py.cli.commands.validate.command:run")


@click.command("validate")
@shared.filenames
@shared.namespace
@shared.plugins
@click.pass_context
def command(context: click.Context, /, **flags: Any) -> None:
    """Check documents and print everything that is wrong.

    Reads files only and asks no cluster: components that an application uses must be among the files. Ends with 1
    when there are errors; warnings alone do not count.

    Example: rudr validate -f examples/
    """
    context.exit(work(context, **flags))
