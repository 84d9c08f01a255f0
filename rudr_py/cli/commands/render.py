"""`rudr render`: the Kubernetes objects that documents stand for, without a cluster."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from rudr_py.cli.documents import files, workspace
from rudr_py.cli.options import plugins
from rudr_py.cli.output import documents, problems
from rudr_py.cli.output.documents import Form


def run(context: click.Context, filenames: tuple[str, ...], *, recursive: bool, namespace: str, form: Form) -> int:
    """Print the objects; the exit code."""
    loaded = plugins.types(context)
    reading = files.read(filenames, recursive=recursive, stdin=sys.stdin.buffer.read)
    gathered = workspace.gather(reading.documents, namespace=namespace)
    for document in gathered.others:
        click.echo(workspace.passed_over(document), err=True)
    now = datetime.now(UTC)
    plans = [workspace.plan(gathered, application, loaded.catalog, now) for application in gathered.applications]
    found = problems.collect(
        (*reading.problems, *gathered.problems, *(problem for plan in plans for problem in plan.problems)),
        (*gathered.warnings, *(warning for plan in plans for warning in plan.warnings)),
    )
    for line in problems.lines(found, reading.files):
        click.echo(line, err=True)
    if hint := workspace.lacking(gathered):
        click.echo(hint, err=True)
    if not gathered.applications and not found.errors:
        click.echo("warning: there is no ApplicationConfiguration among the documents", err=True)
    objects = [manifest.body for plan in plans for manifest in plan.manifests]
    click.echo(documents.text(objects, form), nl=False)
    return 1 if found.errors else 0
