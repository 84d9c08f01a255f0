"""`rudr render`: the Kubernetes objects that documents stand for, without a cluster."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from rudr_py.cli import files, findings, installed, output, workspace


def run(
    context: click.Context, filenames: tuple[str, ...], *, recursive: bool, namespace: str, form: output.Form
) -> int:
    """Print the objects; the exit code."""
    loaded = installed.types(context)
    reading = files.read(filenames, recursive=recursive, stdin=sys.stdin.buffer.read)
    gathered = workspace.gather(reading.documents, namespace=namespace)
    for document in gathered.others:
        click.echo(workspace.passed_over(document), err=True)
    now = datetime.now(UTC)
    plans = [workspace.plan(gathered, application, loaded.catalog, now) for application in gathered.applications]
    found = findings.collect(
        (*reading.problems, *gathered.problems, *(problem for plan in plans for problem in plan.problems)),
        (*gathered.warnings, *(warning for plan in plans for warning in plan.warnings)),
    )
    for line in findings.lines(found, reading.files):
        click.echo(line, err=True)
    if hint := workspace.lacking(gathered):
        click.echo(hint, err=True)
    if not gathered.applications and not found.errors:
        click.echo("warning: there is no ApplicationConfiguration among the documents", err=True)
    objects = [manifest.body for plan in plans for manifest in plan.manifests]
    click.echo(output.text(objects, form), nl=False)
    return 1 if found.errors else 0
