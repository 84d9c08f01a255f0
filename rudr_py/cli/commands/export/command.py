"""`rudr export`: the files of another platform than Kubernetes. Does not access a cluster, and starts nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from rudr_py.cli.cluster import documents as cluster_documents
from rudr_py.cli.commands.export import applications, folder
from rudr_py.cli.commands.export.applications import ExportResult
from rudr_py.cli.documents import document_set
from rudr_py.cli.options import flags, plugins
from rudr_py.cli.options.flags import DocumentOptions
from rudr_py.cli.output import documents as document_texts
from rudr_py.cli.output import plain_text
from rudr_py.cli.output.masking import Mask
from rudr_py.errors import PluginError
from rudr_py.plugins import targets
from rudr_py.plugins.targets import LoadedTarget

HEADER = ("NAME", "ENGINES", "PACKAGE", "DESCRIPTION")


def _list(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    """Print the installed targets, and end."""
    del parameter
    if not value or context.resilient_parsing:
        return
    index = targets.installed()
    rows = [HEADER]
    failed = False
    for name in sorted(index.points):
        try:
            loaded = index.load(name)
        except PluginError as error:
            failed = True
            click.echo(f"warning: {error}", err=True)
            continue
        engines = ",".join(engine.name for engine in loaded.target.engines) or "<none>"
        rows.append((name, engines, loaded.package, loaded.target.description))
    if len(rows) > 1:
        click.echo(document_texts.table(rows), nl=False)
    elif not failed:
        click.echo(f"No targets are installed. To install some: pip install {targets.PACKAGES}", err=True)
    context.exit(1 if failed else 0)


def _names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    del context, parameter
    return [CompletionItem(name) for name in sorted(targets.installed().points) if name.startswith(incomplete)]


@click.command("export")
@flags.documents
@click.option("--to", "target_name", metavar="TARGET", required=True, shell_complete=_names, help="The target.")
@click.option(
    "-o",
    "--output-dir",
    "output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory for the files, with a folder for each application. They are printed without it.",
)
@click.option("--list", is_flag=True, is_eager=True, expose_value=False, callback=_list, help="List the targets.")
@flags.plugins
@flags.sensitive
@click.pass_context
def command(
    context: click.Context,
    /,
    document_options: DocumentOptions,
    *,
    target_name: str,
    output: Path | None,
    sensitive_words: tuple[str, ...],
) -> None:
    """Write applications as files of a platform other than Kubernetes.

    The same documents have the same files, so that they can be kept in git. A requirement that the platform does not
    meet is a warning or an error at its place in the documents; applications with errors are not written, and the
    command exits with 1. Files that rudr has not written are never overwritten, and those of an earlier export that are
    not needed any more are deleted. Sensitive values are printed as *** but written into files as they are.

    \b
    Example: rudr export --list
    Example: rudr export --to compose -f examples/shop.yaml
    Example: rudr export --to compose -f examples/shop.yaml -o deploy/
    """
    target = targets.installed().load(target_name)
    result, mask = exported(context, document_options, target, sensitive_words)
    for name, files in result.files.items():
        if output is not None:
            folder.write(output / name, files, target=target.name)
            continue
        for path, text in files.items():
            title = f"# {name}/{path}\n" if len(result.files) + len(files) > 2 else ""
            click.echo(f"{title}{mask.text(text)}", nl=False)
    if output is not None:
        count = sum(map(len, result.files.values()))
        click.echo(f"wrote {plain_text.counted(count, 'file')} below {output}", err=True)
    context.exit(1 if result.problems.errors else 0)


def exported(
    context: click.Context, document_options: DocumentOptions, target: LoadedTarget, sensitive_words: tuple[str, ...]
) -> tuple[ExportResult, Mask]:
    """The applications of the documents as files; prints all problems and notes on standard error."""
    catalog = plugins.load(context).catalog
    documents = document_set.read(document_options, cluster_documents.read)
    now = datetime.now(UTC)
    result = applications.export(documents, catalog, target, now, strict=document_options.strict)
    contents, workspace = documents.contents, documents.workspace
    mask = Mask((document.value for document in contents.documents), sensitive_words)
    for line in result.problems.masked(mask.text).lines(contents.files):
        click.echo(line, err=True)
    for note in result.notes:
        click.echo(plain_text.printable(mask.text(note)), err=True)
    if hint := workspace.missing_components_hint():
        click.echo(hint, err=True)
    if not workspace.applications and not result.problems.errors:
        click.echo("warning: the documents contain no ApplicationConfiguration", err=True)
    return result, mask
