"""`rudr diff`: the changes that the controller would make if documents were applied, and the owners of changed fields.

Changes nothing: the server receives reads and dry runs only.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from rudr_py.catalog import Catalog
from rudr_py.cli.cluster import client
from rudr_py.cli.cluster.client import ClusterClient
from rudr_py.cli.cluster.preview import LiveState
from rudr_py.cli.commands.diff import document_diff
from rudr_py.cli.commands.diff.document_diff import DocumentDiff
from rudr_py.cli.commands.diff.dry_run import DryRun, RefusedError
from rudr_py.cli.documents import files
from rudr_py.cli.documents import workspace as workspaces
from rudr_py.cli.documents.files import FileContents
from rudr_py.cli.documents.workspace import Workspace
from rudr_py.cli.options import plugins
from rudr_py.cli.options.shared import ClusterOptions
from rudr_py.cli.output import colour
from rudr_py.cli.output import problems as findings
from rudr_py.cli.output.problems import ProblemPrinter
from rudr_py.cli.process import CommandFailure

FAILED = 2
"""The exit code of a failed comparison, as for `kubectl diff`: 1 means that there are differences."""

EXTERNAL = "KUBECTL_EXTERNAL_DIFF"

_ARGUMENT = re.compile(r"[a-zA-Z0-9-=]+")
"""The arguments that kubectl passes on to an external program."""


class DiffFailure(CommandFailure):
    """An error that exits with 2, because 1 means that there are differences."""

    exit_code = FAILED


class DiffResult(msgspec.Struct, frozen=True, kw_only=True):
    """All differences by application, and whether a comparison has failed."""

    differences: tuple[DocumentDiff, ...] = ()
    failed: bool = False


def run(
    context: click.Context, where: ClusterOptions, filenames: tuple[str, ...], *, recursive: bool, **flags: Any
) -> int:
    """Print the differences; return the exit code."""
    with client.failing(DiffFailure):
        loaded = plugins.types(context)
    contents = files.read(filenames, recursive=recursive, stdin=sys.stdin.buffer.read)
    result = asyncio.run(_run(where, contents, loaded.catalog, flags["definitions_namespace"]))
    external = os.environ.get(EXTERNAL, "")
    if result.differences and external:
        code = run_external(external, result.differences)
    else:
        for line in text(result.differences, colours=flags["color"]):
            click.echo(line, color=flags["color"])
        code = 1 if result.differences else 0
    return FAILED if result.failed else code


class _Comparison(msgspec.Struct, frozen=True):
    """The documents to compare with a cluster, and the printer of their problems. `broken` ones are not compared."""

    cluster: ClusterClient
    workspace: Workspace
    catalog: Catalog
    definitions_namespace: str
    printer: ProblemPrinter
    broken: bool


async def _run(
    options: ClusterOptions, contents: FileContents, catalog: Catalog, definitions_namespace: str
) -> DiffResult:
    async with client.opened(options, failure=DiffFailure) as cluster:
        gathered = workspaces.gather(contents.documents, namespace=cluster.namespace)
        for document in gathered.others:
            click.echo(workspaces.passed_over(document), err=True)
        printer = ProblemPrinter(lambda line: click.echo(line, err=True), contents.files)
        problems = (*contents.problems, *gathered.problems)
        printer.tell(problems, gathered.warnings)
        readable = workspaces.readable(gathered)
        comparison = _Comparison(cluster, readable, catalog, definitions_namespace, printer, bool(problems))
        results = [await _namespace(comparison, namespace) for namespace in namespaces(gathered)]
        return DiffResult(
            differences=tuple(difference for result in results for difference in result.differences),
            failed=comparison.broken or any(result.failed for result in results),
        )


def namespaces(workspace: Workspace) -> list[str]:
    """The namespaces of the documents, in order."""
    applications = {read.value.metadata.namespace for read in workspace.applications}
    return sorted(applications | {key.namespace for key in workspace.components})


async def _namespace(comparison: _Comparison, namespace: str) -> DiffResult:
    """The differences in one namespace. Where a document is invalid, only the problems of the others are printed."""
    state = LiveState(comparison.cluster, namespace, comparison.catalog)
    await state.read(comparison.workspace, comparison.definitions_namespace)
    differences: list[DocumentDiff] = []
    failed = False
    applications = state.users(comparison.workspace)
    if not applications and not comparison.broken:
        click.echo(f"warning: no application in {namespace} uses these components", err=True)
    for application in applications:
        if application.deleting:
            message = f"warning: {namespace}/{application.name} is being deleted; its objects are deleted with it"
            click.echo(message, err=True)
            continue
        preview = await state.preview(application)
        comparison.printer.tell(preview.plan.problems, preview.plan.warnings)
        if preview.plan.problems or comparison.broken:
            failed = True
            continue
        async for result in DryRun(comparison.cluster, state, preview).differences():
            if isinstance(result, RefusedError):
                click.echo(f"error: {result}", err=True)
                failed = True
            else:
                differences.append(result)
    return DiffResult(differences=tuple(differences), failed=failed)


def text(differences: Sequence[DocumentDiff], *, colours: bool) -> Iterator[str]:
    """For each object its future, remarks and differing lines, in a format that `patch` reads."""
    for difference in differences:
        title = f"# {difference.ref} in {difference.namespace}: {difference.fate}"
        yield colour.paint(title, on=colours, bold=True)
        for remark in difference.remarks:
            yield f"# {findings.printable(remark)}"
        for number, line in enumerate(document_diff.lines(difference)):
            yield colour.paint(line, _COLOURS.get(line[:1], "") if number > 1 else "", on=colours)


_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def run_external(program: str, differences: Sequence[DocumentDiff]) -> int:
    """Let another program compare two directories; its exit codes 0 and 1 are returned, any other is a failure."""
    words = program.split()
    arguments = [word for word in words[1:] if _ARGUMENT.fullmatch(word)]
    with tempfile.TemporaryDirectory(prefix="LIVE-") as live, tempfile.TemporaryDirectory(prefix="MERGED-") as merged:
        for difference in differences:
            for remark in difference.remarks:
                click.echo(f"{difference.ref}: {findings.printable(remark)}", err=True)
            for folder, content in zip((live, merged), document_diff.texts(difference), strict=True):
                Path(folder, difference.file).write_text(content, encoding="utf-8")
        try:
            done = subprocess.run([words[0], *arguments, live, merged], check=False)  # noqa: S603 - the user named it
        except OSError as error:
            raise DiffFailure(f"error: {EXTERNAL}={program}: {error.strerror or error}") from error
    return done.returncode if done.returncode in (0, 1) else FAILED
