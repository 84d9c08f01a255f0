"""`rudr convert`: documents of earlier releases in the form of v1alpha1."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from rudr_py.cli.commands.convert import conversion
from rudr_py.cli.commands.convert.conversion import Conversion
from rudr_py.cli.documents import files
from rudr_py.cli.options import flags
from rudr_py.cli.output import documents, plain_text
from rudr_py.cli.output.problems import Problems, location_prefix
from rudr_py.errors import Problem


@click.command("convert")
@flags.filenames
@flags.output("yaml", "json", default="yaml", explanation="Output format.")
@click.pass_context
def command(
    context: click.Context, /, filenames: tuple[str, ...], *, recursive: bool, output_format: str, **_: Any
) -> None:
    """Print documents of earlier releases in the form of v1alpha1.

    Converts documents of Hydra, of Rudr v1.0.0-alpha.1 and of the drafts of the specification. Comments, order and
    quotes stay where the form of the document allows it. Documents in the form of today and documents of other APIs are
    printed unchanged. The changes, and everything that could not be kept, are printed on standard error. Reads only
    files and no cluster. Exits with 1 if a file cannot be read or a part of a document cannot be converted.

    \b
    Example: rudr convert -f examples/ -R
    Example: cat examples/web.yaml | rudr convert -f - > converted.yaml
    """
    stdin = _Once()
    contents = files.read(filenames, recursive=recursive, stdin=stdin.read)
    if skipped := files.skipped_message(contents):
        click.echo(skipped, err=True)
    unread = {problem.location.file for problem in contents.problems if problem.location}
    texts = {
        name: stdin.read() if name == files.STDIN else Path(name).read_bytes()
        for name in contents.files
        if name not in unread
    }
    for document in contents.documents:
        if document.name not in unread and (reason := conversion.passed_over(document)):
            prefix = location_prefix(document.positions.of_value("$"))
            click.echo(plain_text.printable(f"{prefix}skipped: {reason}"), err=True)
    results = [conversion.convert(text, name) for name, text in texts.items()]
    _print(results, output_format)
    problems = (*contents.problems, *(problem for result in results for problem in result.problems))
    _report(results, problems, contents.files)
    context.exit(1 if problems else 0)


class _Once:
    """Reads standard input once."""

    def __init__(self) -> None:
        self._content: bytes | None = None

    def read(self) -> bytes:
        if self._content is None:
            self._content = sys.stdin.buffer.read()
        return self._content


def _print(results: list[Conversion], output_format: str) -> None:
    if output_format == "json":
        values = [value for result in results for value in result.values]
        click.echo(documents.text(values, "json"), nl=False)
        return
    click.echo(joined([result.content for result in results]), nl=False)


def joined(texts: list[bytes]) -> bytes:
    """The texts of several files as one stream of YAML documents; that of one file is unchanged."""
    stream = b""
    for text in texts:
        if stream.strip():
            stream += (b"" if stream.endswith(b"\n") else b"\n") + (b"" if text.startswith(b"---") else b"---\n")
        stream += text
    return stream


def _report(results: list[Conversion], problems: tuple[Problem, ...], names: tuple[str, ...]) -> None:
    changes = [problem for result in results for problem in result.changes]
    losses = [problem for result in results for problem in result.losses]
    lines = [
        *(f"{line}" for line in _lines("converted", changes, names)),
        *(f"{line}" for line in _lines("lost", losses, names)),
        *Problems.collect(problems, ()).lines(names),
    ]
    for line in lines:
        click.echo(line, err=True)
    changed = plain_text.counted(sum(result.changed for result in results), "document")
    total = sum(len(result.values) for result in results)
    click.echo(f"{changed} of {total} converted, {len(losses)} losses, {len(problems)} errors", err=True)


def _lines(word: str, notes: list[Problem], names: tuple[str, ...]) -> list[str]:
    return [line.replace(": warning: ", f": {word}: ", 1) for line in Problems.collect((), notes).lines(names)]
