"""What `rudr diff` takes."""

from __future__ import annotations

from typing import Any

import click

from rudr_py.cli.lazy import later
from rudr_py.cli.options import shared
from rudr_py.cli.output import colour

work = later("rudr_py.cli.commands.diff.command:run")


@click.command("diff")
@shared.filenames
@shared.cluster(everywhere=False)
@shared.definitions_namespace()
@colour.option
@shared.plugins
@click.pass_context
def command(context: click.Context, /, **flags: Any) -> None:
    """Show what would change in the cluster if the documents were applied.

    The objects of the applications in the documents, and of those in the cluster that use a component in them, are
    rendered and sent to the server as dry runs. Components that are not among the documents are read from the cluster.
    Each field that would change is shown with its owner. The environment variable KUBECTL_EXTERNAL_DIFF names another
    program than the built-in one, as for kubectl.

    Ends with 0 when nothing differs, with 1 when something does, and with 2 when that cannot be told.

    Example: rudr diff -f examples/
    """
    context.exit(work(context, **flags))
