"""`rudr crds`: the custom resource definitions, generated from the model."""

from __future__ import annotations

import click

from rudr_py.cli.options import flags
from rudr_py.cli.output import documents
from rudr_py.cli.output.documents import OutputFormat
from rudr_py.model.crd_schemas import crds


@click.command("crds")
@flags.output("yaml", "json", "name", default="yaml", explanation="Output format.")
@click.option(
    "--short-names/--no-short-names",
    default=False,
    show_default=True,
    help="Include those short names of Rudr's charts that conflict with KubeVela's: comp, scope, trait.",
)
def command(output_format: OutputFormat, short_names: bool) -> None:
    """Print the custom resource definitions that rudr-py needs in a cluster.

    Use server-side apply, as in the example; it also installs later versions.

    \b
    Example: rudr crds | kubectl apply --server-side -f -
    Example: rudr crds --short-names -o name
    """
    definitions = crds.documents(legacy_short_names=short_names)
    if output_format == "yaml":
        click.echo("---\n".join(map(crds.to_yaml, definitions)), nl=False)
    else:
        click.echo(documents.text(definitions, output_format), nl=False)
