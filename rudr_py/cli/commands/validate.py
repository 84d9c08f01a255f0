"""`rudr validate`: every problem of every document, with its place, its rule, and what to do about it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from rudr_py.catalog import Catalog
from rudr_py.cli.documents import files, workspace
from rudr_py.cli.documents.workspace import Workspace
from rudr_py.cli.options import plugins
from rudr_py.cli.output import problems
from rudr_py.cli.output.problems import Problems


def run(context: click.Context, filenames: tuple[str, ...], *, recursive: bool, namespace: str) -> int:
    """Print every problem; the exit code."""
    loaded = plugins.types(context)
    reading = files.read(filenames, recursive=recursive, stdin=sys.stdin.buffer.read)
    gathered = workspace.gather(reading.documents, namespace=namespace)
    for document in gathered.others:
        click.echo(workspace.passed_over(document), err=True)
    found = check(gathered, loaded.catalog, datetime.now(UTC))
    found = problems.collect((*reading.problems, *found.errors), found.warnings)
    for line in problems.lines(found, reading.files):
        click.echo(line)
    if hint := workspace.lacking(gathered):
        click.echo(hint, err=True)
    checked = len(reading.documents) - len(gathered.others)
    place = f"{problems.counted(checked, 'document')} in {problems.counted(len(reading.files), 'file')}"
    click.echo(f"{place}: {_summary(found) if checked else _summary(found, good='nothing to check')}")
    return 1 if found.errors else 0


def check(gathered: Workspace, catalog: Catalog, now: datetime) -> Problems:
    """Everything that is wrong with the documents by themselves and with each other."""
    plans = [workspace.plan(gathered, application, catalog, now) for application in gathered.applications]
    return problems.collect(
        (
            *gathered.problems,
            *workspace.unused(gathered, catalog),
            *(problem for plan in plans for problem in plan.problems),
        ),
        (*gathered.warnings, *(warning for plan in plans for warning in plan.warnings)),
    )


def _summary(found: Problems, *, good: str = "no problems") -> str:
    if not found.errors and not found.warnings:
        return good
    errors = problems.counted(len(found.errors), "error")
    warnings = problems.counted(len(found.warnings), "warning")
    return f"{errors}, {warnings}"
