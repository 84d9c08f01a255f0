"""What `rudr crds` takes."""

from __future__ import annotations

from typing import Any

import click

from rudr_py.cli.lazy import later
from rudr_py.cli.options import shared

work = later("rudr_py.cli.commands.crds.command:run")


@click.command("crds")
@shared.output("yaml", "json", "name", default="yaml", explanation="How to print them.")
@click.option(
    "--short-names/--no-short-names",
    default=True,
    show_default=True,
    help="Rudr's short names comp and trait, which collide with KubeVela's.",
)
def command(**flags: Any) -> None:
    """Print the custom resource definitions that rudr-py needs in a cluster.

    Apply them server-side, as here: that takes new versions in later, too.

    \b
    Example: rudr crds | kubectl apply --server-side -f -
    Example: rudr crds --no-short-names -o name
    """
    work(**flags)
