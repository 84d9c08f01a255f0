"""`rudr render`: the Kubernetes objects of documents, without a cluster."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import click

from rudr_py.cli.documents import checking, files
from rudr_py.cli.documents.workspace import Workspace, skipped_message
from rudr_py.cli.options import flags, plugins
from rudr_py.cli.output import documents
from rudr_py.cli.output.documents import OutputFormat
from rudr_py.cli.output.masking import Mask
from rudr_py.cli.output.problems import Problems
from rudr_py.settings import Settings


@click.command("render")
@flags.filenames
@flags.namespace
@flags.controller_settings
@flags.output("yaml", "json", "name", default="yaml", explanation="Output format.")
@flags.plugins
@flags.sensitive
@click.pass_context
def command(
    context: click.Context,
    /,
    filenames: tuple[str, ...],
    *,
    recursive: bool,
    namespace: str,
    settings: Settings,
    output_format: OutputFormat,
    **options: Any,
) -> None:
    """Print the Kubernetes objects that documents render to.

    These are the objects that the controller would apply on a cluster in which nothing runs yet, without owner
    references. Problems are printed on standard error. Applications with errors are omitted, and the command
    exits with 1. Sensitive values are printed as ***; add --show-sensitive to apply the output.

    \b
    Example: rudr render -f examples/
    Example: rudr render -f examples/ -o name
    """
    loaded = plugins.load(context)
    contents = files.read(filenames, recursive=recursive, stdin=sys.stdin.buffer.read)
    if skipped := files.skipped_message(contents):
        click.echo(skipped, err=True)
    workspace = Workspace.parse(
        contents.documents,
        namespace=namespace,
        definitions_namespace=settings.definitions_namespace,
        limits=settings.limits,
    )
    for document in workspace.others:
        click.echo(skipped_message(document), err=True)
    now = datetime.now(UTC)
    rules = checking.server_rules()
    checked = checking.check(workspace, loaded.catalog, now, rules, settings.image_pull_policy)
    problems = Problems.collect((*contents.problems, *checked.problems.errors), checked.problems.warnings)
    mask = Mask((document.value for document in contents.documents), options["sensitive_words"])
    for line in problems.lines(contents.files):
        click.echo(mask.text(line), err=True)
    for note in checked.notes:
        click.echo(note, err=True)
    if hint := workspace.missing_components_hint():
        click.echo(hint, err=True)
    if not workspace.applications and not problems.errors:
        click.echo("warning: the documents contain no ApplicationConfiguration", err=True)
    objects = [mask.document(manifest.body) for plan in checked.plans for manifest in plan.manifests]
    click.echo(documents.text(objects, output_format), nl=False)
    context.exit(1 if problems.errors else 0)
