"""`rudr validate`: every problem of every document, with its location and the rule that it breaks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, get_args

import click

from rudr_py.cli.cluster import documents as cluster_documents
from rudr_py.cli.documents import checking, document_set
from rudr_py.cli.options import flags, plugins
from rudr_py.cli.options.flags import DocumentOptions
from rudr_py.cli.output import documents as document_texts
from rudr_py.cli.output import plain_text, problem_formats
from rudr_py.cli.output.masking import Mask
from rudr_py.cli.output.problem_formats import Report

OutputFormat = Literal["yaml", "json", "github", "sarif"]


@click.command("validate")
@flags.documents
@flags.output(
    *get_args(OutputFormat), explanation="Print data, annotations of GitHub Actions, or SARIF 2.1.0 instead of text."
)
@flags.plugins
@flags.sensitive
@click.pass_context
def command(
    context: click.Context,
    /,
    document_options: DocumentOptions,
    *,
    output_format: OutputFormat | None,
    sensitive_words: tuple[str, ...],
) -> None:
    """Check documents and print all problems.

    Reads only files, unless --cluster is set: the components of an application must be in the files. WorkloadType,
    Trait and ApplicationScope objects in the files count as those of a cluster, and CustomResourceDefinitions as
    installed. Reports also what an API server would refuse: metadata, names, and rendered objects that violate the
    schema of their kind. Files of a directory that contain no documents of Kubernetes are skipped.

    Exits with 1 if there are errors; warnings do not count without --strict. A message ends with the ID of the
    rule that the document breaks; rudr explain TR-17 explains one.

    \b
    Example: rudr validate -f examples/
    Example: rudr validate --strict -o sarif -f examples/
    """
    loaded = plugins.load(context)
    documents = document_set.read(document_options, cluster_documents.read)
    checked = checking.check(documents, loaded.catalog, datetime.now(UTC), strict=document_options.strict)
    contents = documents.contents
    mask = Mask((document.value for document in contents.documents), sensitive_words)
    report = Report(
        problems=checked.problems.masked(mask.text),
        files=contents.files,
        skipped=contents.foreign,
        documents=len(documents.workspace.oam_documents),
    )
    for note in checked.notes:
        click.echo(plain_text.printable(mask.text(note)), err=True)
    if hint := documents.workspace.missing_components_hint():
        click.echo(hint, err=True)
    click.echo(_text(report, output_format), nl=False)
    context.exit(1 if report.problems.errors else 0)


def _text(report: Report, output_format: OutputFormat | None) -> str:
    match output_format:
        case "yaml" | "json":
            return document_texts.data(problem_formats.data(report), output_format)
        case "github":
            return problem_formats.github_text(report)
        case "sarif":
            return problem_formats.sarif_text(report)
    lines = report.problems.lines(report.files)
    documents = plain_text.counted(report.documents, "document")
    lines.append(f"{documents} in {plain_text.counted(len(report.files), 'file')}: {_summary(report)}")
    return "".join(f"{line}\n" for line in lines)


def _summary(report: Report) -> str:
    errors, warnings = len(report.problems.errors), len(report.problems.warnings)
    if not errors and not warnings:
        return "no problems" if report.documents else "nothing to check"
    return f"{plain_text.counted(errors, 'error')}, {plain_text.counted(warnings, 'warning')}"
