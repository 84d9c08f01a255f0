"""`rudr validate`: every problem of every document, with its location and the rule that it breaks."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import click

from rudr_py.catalog import Catalog
from rudr_py.cli.documents import files
from rudr_py.cli.documents.workspace import Workspace, skipped_message
from rudr_py.cli.options import flags, plugins
from rudr_py.cli.options import limits as limits_option
from rudr_py.cli.output import plain_text
from rudr_py.cli.output.masking import Mask
from rudr_py.cli.output.problems import Problems


@click.command("validate")
@flags.filenames
@flags.namespace
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

    Reads only files and no cluster: the components of an application must be in the files. Exits with 1 if there are
    errors; warnings do not count.

    Example: rudr validate -f examples/
    """
    loaded = plugins.load(context)
    contents = files.read(filenames, recursive=recursive, stdin=sys.stdin.buffer.read)
    if skipped := files.skipped_message(contents):
        click.echo(skipped, err=True)
    workspace = Workspace.parse(contents.documents, namespace=namespace, limits=options["limits"])
    for document in workspace.others:
        click.echo(skipped_message(document), err=True)
    problems = check(workspace, loaded.catalog, datetime.now(UTC))
    problems = Problems.collect((*contents.problems, *problems.errors), problems.warnings)
    mask = Mask((document.value for document in contents.documents), options["sensitive_words"])
    for line in problems.lines(contents.files):
        click.echo(mask.text(line))
    if hint := workspace.missing_components_hint():
        click.echo(hint, err=True)
    checked = len(contents.documents) - len(workspace.others)
    summary = _summary(problems) if checked else _summary(problems, none="nothing to check")
    documents = plain_text.counted(checked, "document")
    click.echo(f"{documents} in {plain_text.counted(len(contents.files), 'file')}: {summary}")
    context.exit(1 if problems.errors else 0)


def check(workspace: Workspace, catalog: Catalog, now: datetime) -> Problems:
    """All problems of the documents, alone and together."""
    plans = [workspace.plan(application, catalog, now) for application in workspace.applications]
    return Problems.collect(
        (
            *workspace.problems,
            *workspace.unused_component_problems(catalog),
            *(problem for plan in plans for problem in plan.problems),
        ),
        (*workspace.warnings, *(warning for plan in plans for warning in plan.warnings)),
    )


def _summary(problems: Problems, *, none: str = "no problems") -> str:
    if not problems.errors and not problems.warnings:
        return none
    errors = plain_text.counted(len(problems.errors), "error")
    return f"{errors}, {plain_text.counted(len(problems.warnings), 'warning')}"
