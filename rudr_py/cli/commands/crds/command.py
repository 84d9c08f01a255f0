"""`rudr crds`: the custom resource definitions, printed from the model."""

from __future__ import annotations

import click

from rudr_py.cli import output
from rudr_py.model import crds


def run(*, form: output.Form, short_names: bool) -> None:
    """Print them."""
    found = crds.documents(legacy_short_names=short_names)
    if form == "yaml":
        click.echo("---\n".join(map(crds.to_yaml, found)), nl=False)
    else:
        click.echo(output.text(found, form), nl=False)
