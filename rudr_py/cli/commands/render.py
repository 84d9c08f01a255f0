"""`rudr render`: the Kubernetes objects of documents, without a cluster."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from rudr_py.cli.cluster import documents as cluster_documents
from rudr_py.cli.documents import checking, document_set
from rudr_py.cli.options import flags, plugins
from rudr_py.cli.options.flags import DocumentOptions
from rudr_py.cli.output import documents as document_texts
from rudr_py.cli.output import plain_text
from rudr_py.cli.output.documents import OutputFormat
from rudr_py.cli.output.masking import Mask


@click.command("render")
@flags.documents
@flags.output("yaml", "json", "name", default="yaml", explanation="Output format.")
@flags.plugins
@flags.sensitive
@click.pass_context
def command(
    context: click.Context,
    /,
    document_options: DocumentOptions,
    *,
    output_format: OutputFormat,
    sensitive_words: tuple[str, ...],
) -> None:
    """Print the Kubernetes objects that documents render to.

    These are the objects that the controller would apply on a cluster in which nothing runs yet, without owner
    references. The problems that rudr validate reports are printed on standard error. Applications with errors are
    omitted, with --strict also those with warnings, and the command exits with 1. Sensitive values are printed as ***;
    add --show-sensitive to apply the output.

    \b
    Example: rudr render -f examples/
    Example: rudr render -f examples/ -o name
    """
    loaded = plugins.load(context)
    documents = document_set.read(document_options, cluster_documents.read)
    checked = checking.check(documents, loaded.catalog, datetime.now(UTC), strict=document_options.strict)
    contents, workspace = documents.contents, documents.workspace
    mask = Mask((document.value for document in contents.documents), sensitive_words)
    for line in checked.problems.masked(mask.text).lines(contents.files):
        click.echo(line, err=True)
    for note in checked.notes:
        click.echo(plain_text.printable(mask.text(note)), err=True)
    if hint := workspace.missing_components_hint():
        click.echo(hint, err=True)
    if not workspace.applications and not checked.problems.errors:
        click.echo("warning: the documents contain no ApplicationConfiguration", err=True)
    objects = [mask.document(manifest.body) for plan in checked.plans for manifest in plan.manifests]
    click.echo(document_texts.text(objects, output_format), nl=False)
    context.exit(1 if checked.problems.errors else 0)
