"""`rudr diff`: the changes that the controller would make if documents were applied, and the owners of the fields.

Changes nothing: the server is called with dry runs.
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
from rudr_py.cli.cluster import client as cluster_client
from rudr_py.cli.cluster import user_roles
from rudr_py.cli.cluster.client import ClusterClient
from rudr_py.cli.cluster.preview import NamespacePreview
from rudr_py.cli.commands.diff import document_diff
from rudr_py.cli.commands.diff.document_diff import DocumentDiff
from rudr_py.cli.commands.diff.dry_run import DryRun, RefusedError
from rudr_py.cli.documents import files
from rudr_py.cli.documents.files import FileContents
from rudr_py.cli.documents.workspace import Workspace, skipped_message
from rudr_py.cli.options import flags, plugins
from rudr_py.cli.options.flags import ClusterOptions
from rudr_py.cli.output import colour, plain_text
from rudr_py.cli.output.masking import Mask
from rudr_py.cli.output.problems import ProblemPrinter
from rudr_py.cli.process import CommandFailure
from rudr_py.errors import Right
from rudr_py.settings import Settings

FAILED = 2
"""The exit code when the comparison fails, as in kubectl: 1 means that there are differences."""

EXTERNAL = "KUBECTL_EXTERNAL_DIFF"

_ARGUMENT = re.compile(r"[a-zA-Z0-9-=]+")
"""The arguments of an external program that kubectl passes on."""


class DiffFailure(CommandFailure):
    """An error with the exit code 2."""

    exit_code = FAILED


class DiffResult(msgspec.Struct, frozen=True, kw_only=True):
    """The differences by application, and whether a comparison failed."""

    differences: tuple[DocumentDiff, ...] = ()
    failed: bool = False


@click.command("diff")
@flags.filenames
@flags.cluster(all_namespaces=False)
@flags.controller_settings
@colour.option
@flags.plugins
@flags.sensitive
@click.pass_context
def command(
    context: click.Context,
    /,
    cluster_options: ClusterOptions,
    filenames: tuple[str, ...],
    *,
    recursive: bool,
    color: bool,
    **options: Any,
) -> None:
    """Preview the changes in the cluster that applying the documents would make.

    Renders the applications in the documents, and the applications in the cluster that use a component in the
    documents, and sends their objects to the server as dry runs. Components that are not in the documents are read
    from the cluster. Each field that would change is printed with its owner; a change that the next reconcile would
    not make yet is marked as blocked, with the reason. A change that you may not try on the server, for want of a
    right, is computed and marked as such. The environment variable KUBECTL_EXTERNAL_DIFF selects
    another diff program, as in kubectl.

    Exits with 0 if there are no differences, with 1 if there are differences, and with 2 if the comparison fails.

    Example: rudr diff -f examples/
    """
    with cluster_client.converting_errors(DiffFailure):
        loaded = plugins.load(context)
    contents = files.read(filenames, recursive=recursive, stdin=sys.stdin.buffer.read)
    if skipped := files.skipped_message(contents):
        click.echo(skipped, err=True)
    result = asyncio.run(_run(cluster_options, contents, loaded.catalog, **options))
    external = os.environ.get(EXTERNAL, "")
    if result.differences and external:
        code = run_external(external, result.differences)
    else:
        for line in text(result.differences, colours=color):
            click.echo(line, color=color)
        code = 1 if result.differences else 0
    context.exit(FAILED if result.failed else code)


class _Comparison(msgspec.Struct, frozen=True):
    """The documents and the cluster to compare. If documents are `invalid`, only further problems are printed.

    `settings` are those of the controller, as far as the plans depend on them.
    """

    client: ClusterClient
    workspace: Workspace
    catalog: Catalog
    settings: Settings
    printer: ProblemPrinter
    invalid: bool
    sensitive_words: tuple[str, ...]


async def _run(
    options: ClusterOptions,
    contents: FileContents,
    catalog: Catalog,
    settings: Settings,
    sensitive_words: tuple[str, ...],
) -> DiffResult:
    async with cluster_client.opened(options, failure=DiffFailure) as client:
        workspace = Workspace.parse(contents.documents, namespace=client.namespace, limits=settings.limits)
        for document in workspace.others:
            click.echo(skipped_message(document), err=True)
        mask = Mask((document.value for document in contents.documents), sensitive_words)
        printer = ProblemPrinter(lambda line: click.echo(mask.text(line), err=True), contents.files)
        problems = (*contents.problems, *workspace.problems)
        printer.print(problems, workspace.warnings)
        valid_workspace = workspace.with_valid_metadata()
        comparison = _Comparison(client, valid_workspace, catalog, settings, printer, bool(problems), sensitive_words)
        results = [await _compare_namespace(comparison, namespace) for namespace in namespaces(workspace)]
        return DiffResult(
            differences=tuple(difference for result in results for difference in result.differences),
            failed=comparison.invalid or any(result.failed for result in results),
        )


def namespaces(workspace: Workspace) -> list[str]:
    """The namespaces of the documents, sorted."""
    names = {application.value.metadata.namespace for application in workspace.applications}
    return sorted(names | {key.namespace for key in workspace.components})


async def _compare_namespace(comparison: _Comparison, namespace: str) -> DiffResult:
    settings = comparison.settings
    namespace_preview = NamespacePreview(comparison.client, namespace, comparison.catalog, settings)
    await namespace_preview.read(comparison.workspace, settings.definitions_namespace)
    mask = Mask(namespace_preview.documents(), comparison.sensitive_words)
    differences: list[DocumentDiff] = []
    failed = False
    untried: dict[Right, None] = {}
    applications = namespace_preview.users(comparison.workspace)
    if not applications and not comparison.invalid:
        click.echo(f"warning: no application in namespace {namespace} uses these components", err=True)
    for application in applications:
        if application.deleting:
            message = f"{namespace}/{application.name} is being deleted and is no longer reconciled"
            click.echo(f"warning: {message}", err=True)
            continue
        preview = await namespace_preview.preview(application)
        comparison.printer.print(preview.plan.problems, preview.plan.warnings)
        if preview.plan.problems or comparison.invalid:
            failed = True
            continue
        dry_run = DryRun(comparison.client, namespace_preview, preview)
        async for difference in dry_run.differences():
            if isinstance(difference, RefusedError):
                click.echo(mask.text(f"error: {difference}"), err=True)
                failed = True
            else:
                live, merged = mask.pair(difference.live, difference.merged)
                notes = tuple(map(mask.text, difference.notes))
                differences.append(msgspec.structs.replace(difference, live=live, merged=merged, notes=notes))
        untried.update(dict.fromkeys(dry_run.trial.rights()))
    if untried:
        click.echo(f"warning: {untried_message(list(untried))}", err=True)
    return DiffResult(differences=tuple(differences), failed=failed)


def untried_message(rights: Sequence[Right]) -> str:
    """The rights for want of which changes were computed, and the roles that contain them."""
    roles = sorted({role for right in rights if (role := user_roles.containing(right))})
    contained = f"; the role {' or '.join(roles)} contains such rights" if roles else ""
    return (
        f"changes were computed and not tried on the server, which may add defaults or refuse them: you may not "
        f"{', '.join(map(str, rights))}{contained}"
    )


def text(differences: Sequence[DocumentDiff], *, colours: bool) -> Iterator[str]:
    """For each object the kind of change, remarks, and a unified diff that `patch` accepts."""
    for difference in differences:
        title = f"# {difference.ref} in {difference.namespace}: {difference.outcome}"
        yield colour.paint(title, on=colours, bold=True)
        for remark in difference.remarks:
            yield f"# {plain_text.printable(remark)}"
        for number, line in enumerate(document_diff.lines(difference)):
            yield colour.paint(line, _COLOURS.get(line[:1], "") if number > 1 else "", on=colours)


_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def run_external(program: str, differences: Sequence[DocumentDiff]) -> int:
    """Run an external diff program on two directories. Its exit codes 0 and 1 are kept, all others become FAILED."""
    words = program.split()
    arguments = [word for word in words[1:] if _ARGUMENT.fullmatch(word)]
    with tempfile.TemporaryDirectory(prefix="LIVE-") as live, tempfile.TemporaryDirectory(prefix="MERGED-") as merged:
        for difference in differences:
            for remark in difference.remarks:
                click.echo(f"{difference.ref}: {plain_text.printable(remark)}", err=True)
            for folder, content in zip((live, merged), document_diff.texts(difference), strict=True):
                Path(folder, difference.file).write_text(content, encoding="utf-8")
        try:
            done = subprocess.run([words[0], *arguments, live, merged], check=False)  # noqa: S603 - the user's program
        except OSError as error:
            raise DiffFailure(f"error: {EXTERNAL}={program}: {error.strerror or error}") from error
    return done.returncode if done.returncode in (0, 1) else FAILED
