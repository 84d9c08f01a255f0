"""`rudr validate`: every problem of every document, with its location and the rule that it breaks."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import click

from rudr_py.cli.documents import checking, files
from rudr_py.cli.documents.workspace import Workspace, skipped_message
from rudr_py.cli.options import flags, plugins
from rudr_py.cli.options import limits as limits_option
from rudr_py.cli.output import plain_text
from rudr_py.cli.output.masking import Mask
from rudr_py.cli.output.problems import Problems


@click.command("validate")
@flags.filenames
@flags.namespace
@flags.definitions_namespace()
@limits_option.option()
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
    **options: Any,
) -> None:
    """Check documents and print all problems.

    Reads only files and no cluster: the components of an application must be in the files. WorkloadType, Trait and
    ApplicationScope objects in the files count as those of a cluster, and CustomResourceDefinitions as installed.
    Reports also what an API server would refuse: metadata, names, and rendered objects that violate the schema of
    their kind. Files of a directory that contain no documents of Kubernetes are skipped. Exits with 1 if there are
    errors; warnings do not count.

    Example: rudr validate -f examples/
    """
    loaded = plugins.load(context)
    contents = files.read(filenames, recursive=recursive, stdin=sys.stdin.buffer.read)
    if skipped := files.skipped_message(contents):
        click.echo(skipped, err=True)
    workspace = Workspace.parse(
        contents.documents,
        namespace=namespace,
        definitions_namespace=options["definitions_namespace"],
        limits=options["limits"],
    )
    for document in workspace.others:
        click.echo(skipped_message(document), err=True)
    checked = checking.check(workspace, loaded.catalog, datetime.now(UTC), checking.server_rules())
    problems = Problems.collect((*contents.problems, *checked.problems.errors), checked.problems.warnings)
    mask = Mask((document.value for document in contents.documents), options["sensitive_words"])
    for line in problems.lines(contents.files):
        click.echo(mask.text(line))
    for note in checked.notes:
        click.echo(note, err=True)
    if hint := workspace.missing_components_hint():
        click.echo(hint, err=True)
    count = len(contents.documents) - len(workspace.others)
    summary = _summary(problems) if count else _summary(problems, none="nothing to check")
    documents = plain_text.counted(count, "document")
    click.echo(f"{documents} in {plain_text.counted(len(contents.files), 'file')}: {summary}")
    context.exit(1 if problems.errors else 0)


def _summary(problems: Problems, *, none: str = "no problems") -> str:
    if not problems.errors and not problems.warnings:
        return none
    errors = plain_text.counted(len(problems.errors), "error")
    return f"{errors}, {plain_text.counted(len(problems.warnings), 'warning')}"
