"""`rudr crds`: the custom resource definitions, printed from the model."""

from __future__ import annotations

from typing import Literal

import click

from rudr_py.cli import output
from rudr_py.model import crds


@click.command("crds")
@click.option("-o", "--output", "form", type=click.Choice(output.FORMS), default="yaml", show_default=True)
@click.option(
    "--short-names/--no-short-names",
    default=True,
    show_default=True,
    help="Rudr's short names comp and trait, which collide with KubeVela's.",
)
def command(form: Literal["yaml", "json", "name"], short_names: bool) -> None:
    """Print the custom resource definitions that rudr-py needs in a cluster.

    Apply them server-side, as here: that takes new versions in later, too.

    \b
    Example: rudr crds | kubectl apply --server-side -f -
    Example: rudr crds --no-short-names -o name
    """
    found = crds.documents(legacy_short_names=short_names)
    if form == "yaml":
        click.echo("---\n".join(map(crds.to_yaml, found)), nl=False)
    else:
        click.echo(output.text(found, form), nl=False)
