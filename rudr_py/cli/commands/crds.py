"""`rudr crds`: the custom resource definitions, printed from the model."""

from __future__ import annotations

import click

from rudr_py.cli.output import documents
from rudr_py.cli.output.documents import Form
from rudr_py.model.crd_schemas import crds


def run(*, form: Form, short_names: bool) -> None:
    """Print them."""
    found = crds.documents(legacy_short_names=short_names)
    if form == "yaml":
        click.echo("---\n".join(map(crds.to_yaml, found)), nl=False)
    else:
        click.echo(documents.text(found, form), nl=False)
