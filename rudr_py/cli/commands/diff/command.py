"""`rudr diff`: what the controller would change in the cluster if documents were applied, and who owns what it would.

Nothing is changed: the server is asked by dry runs.
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
from rudr_py.cli.documents import files, workspace
from rudr_py.cli.documents.files import FileContents
from rudr_py.cli.documents.workspace import Workspace
from rudr_py.cli.options import plugins
from rudr_py.cli.options.shared import ClusterOptions
from rudr_py.cli.output import colour
from rudr_py.cli.output import problems as findings
from rudr_py.cli.output.problems import ProblemPrinter
from rudr_py.cli.process import CommandFailure

FAILED = 2
"""The exit code when the difference cannot be told, as for kubectl: 1 means that there is one."""

EXTERNAL = "KUBECTL_EXTERNAL_DIFF"

_ARGUMENT = re.compile(r"[a-zA-Z0-9-=]+")
"""What kubectl passes on of the arguments of an external program."""


class DiffFailure(CommandFailure):
    """An error that ends with 2, for 1 means that there are differences."""

    exit_code = FAILED


class DiffResult(msgspec.Struct, frozen=True, kw_only=True):
    """All differences by application, and whether something could not be compared."""

    differences: tuple[DocumentDiff, ...] = ()
    failed: bool = False


def run(
    context: click.Context, where: ClusterOptions, filenames: tuple[str, ...], *, recursive: bool, **flags: Any
) -> int:
    """Show the differences; the exit code."""
    with client.failing(DiffFailure):
        loaded = plugins.types(context)
    reading = files.read(filenames, recursive=recursive, stdin=sys.stdin.buffer.read)
    found = asyncio.run(_run(where, reading, loaded.catalog, flags["definitions_namespace"]))
    external = os.environ.get(EXTERNAL, "")
    if found.differences and external:
        code = run_external(external, found.differences)
    else:
        for line in text(found.differences, colours=flags["color"]):
            click.echo(line, color=flags["color"])
        code = 1 if found.differences else 0
    return FAILED if found.failed else code


class _Asked(msgspec.Struct, frozen=True):
    """What is compared with which cluster, who tells what is wrong. `broken` documents are compared with nothing."""

    cluster: ClusterClient
    gathered: Workspace
    catalog: Catalog
    definitions: str
    telling: ProblemPrinter
    broken: bool


async def _run(where: ClusterOptions, reading: FileContents, catalog: Catalog, definitions: str) -> DiffResult:
    async with client.opened(where, failure=DiffFailure) as reached:
        gathered = workspace.gather(reading.documents, namespace=reached.namespace)
        for document in gathered.others:
            click.echo(workspace.passed_over(document), err=True)
        telling = ProblemPrinter(lambda line: click.echo(line, err=True), reading.files)
        problems = (*reading.problems, *gathered.problems)
        telling.tell(problems, gathered.warnings)
        asked = _Asked(reached, workspace.readable(gathered), catalog, definitions, telling, bool(problems))
        results = [await _namespace(asked, one) for one in namespaces(gathered)]
        return DiffResult(
            differences=tuple(one for result in results for one in result.differences),
            failed=asked.broken or any(result.failed for result in results),
        )


def namespaces(gathered: Workspace) -> list[str]:
    """The namespaces of the documents, in order."""
    named = {read.value.metadata.namespace for read in gathered.applications}
    return sorted(named | {key.namespace for key in gathered.components})


async def _namespace(asked: _Asked, namespace: str) -> DiffResult:
    """What is different in one namespace; where documents by themselves are wrong, only what else is wrong is told."""
    state = LiveState(asked.cluster, namespace, asked.catalog)
    await state.read(asked.gathered, asked.definitions)
    found: list[DocumentDiff] = []
    failed = False
    concerned = state.users(asked.gathered)
    if not concerned and not asked.broken:
        click.echo(f"warning: no application in {namespace} uses these components", err=True)
    for application in concerned:
        if application.deleting:
            click.echo(
                f"warning: {namespace}/{application.name} is being deleted; nothing more is done for it", err=True
            )
            continue
        preview = await state.preview(application)
        asked.telling.tell(preview.plan.problems, preview.plan.warnings)
        if preview.plan.problems or asked.broken:
            failed = True
            continue
        async for one in DryRun(asked.cluster, state, preview).differences():
            if isinstance(one, RefusedError):
                click.echo(f"error: {one}", err=True)
                failed = True
            else:
                found.append(one)
    return DiffResult(differences=tuple(found), failed=failed)


def text(differences: Sequence[DocumentDiff], *, colours: bool) -> Iterator[str]:
    """For each object what would become of it, who owns the fields, and the differing lines; `patch` reads it."""
    for one in differences:
        yield colour.paint(f"# {one.ref} in {one.namespace}: {_fate(one)}", on=colours, bold=True)
        for note in (*one.notes, *document_diff.owners(one)):
            yield f"# {findings.printable(note)}"
        for number, line in enumerate(document_diff.lines(one)):
            yield colour.paint(line, _COLOURS.get(line[:1], "") if number > 1 else "", on=colours)


_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def _fate(one: DocumentDiff) -> str:
    if one.live is None:
        return "would be created"
    return "would be pruned" if one.merged is None else "would be changed"


def run_external(program: str, differences: Sequence[DocumentDiff]) -> int:
    """Let another program compare two directories; 0 or 1 is its word on differences, anything else a failure."""
    words = program.split()
    arguments = [word for word in words[1:] if _ARGUMENT.fullmatch(word)]
    with tempfile.TemporaryDirectory(prefix="LIVE-") as live, tempfile.TemporaryDirectory(prefix="MERGED-") as merged:
        for one in differences:
            for note in (*one.notes, *document_diff.owners(one)):
                click.echo(f"{one.ref}: {findings.printable(note)}", err=True)
            for folder, content in zip((live, merged), document_diff.texts(one), strict=True):
                Path(folder, one.file).write_text(content, encoding="utf-8")
        try:
            done = subprocess.run([words[0], *arguments, live, merged], check=False)  # noqa: S603 - the user named it
        except OSError as error:
            raise DiffFailure(f"error: {EXTERNAL}={program}: {error.strerror or error}") from error
    return done.returncode if done.returncode in (0, 1) else FAILED
