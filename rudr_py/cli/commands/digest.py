"""`rudr digest`: the digests of documents in their canonical form."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

import click

from rudr_py.api import Kind, Ref, get_in
from rudr_py.cli.documents import canonical, files
from rudr_py.cli.options import flags
from rudr_py.cli.output import documents
from rudr_py.cli.output.problems import Problems
from rudr_py.errors import Problem
from rudr_py.model import paths
from rudr_py.model.document import Document

RULE_IMAGE = "PR-1"
RULE_FORM = "PR-2"


@click.command("digest")
@flags.filenames
@flags.output("yaml", "json", explanation="Print digests, kinds, names, and the images without a digest.")
@click.option(
    "--canonical", "print_forms", is_flag=True, help="Print the canonical form of each document, one a line, instead."
)
@click.option("--require-image-digests", is_flag=True, help="An image that is not referenced by digest is an error.")
@click.pass_context
def command(
    context: click.Context,
    /,
    filenames: tuple[str, ...],
    *,
    recursive: bool,
    output_format: str | None,
    print_forms: bool,
    require_image_digests: bool,
) -> None:
    """Print the SHA-256 digest of each document.

    The digest is that of the canonical form: JSON by RFC 8785 of what an author writes. The order of keys, comments,
    quoting, YAML or JSON, and the fields that a cluster adds make no difference, so that a stored object has the digest
    of its file. An image with a tag may change although the digest of its document does not; it gets a warning.

    \b
    Example: rudr digest -f examples/
    Example: kubectl get componentschematic web -o json | rudr digest -f -
    """
    contents = files.read(filenames, recursive=recursive, stdin=sys.stdin.buffer.read)
    if skipped := files.skipped_message(contents):
        click.echo(skipped, err=True)
    forms, problems = _forms(contents.documents)
    images = [problem for document, _ in forms for problem in _image_problems(document)]
    errors = [*contents.problems, *problems, *(images if require_image_digests else [])]
    listed = Problems.collect(errors, [] if require_image_digests else images)
    for line in listed.lines(contents.files):
        click.echo(line, err=True)
    if print_forms:
        click.echo("".join(f"{form.decode()}\n" for _, form in forms), nl=False)
    elif output_format is not None:
        entries = [_entry(document, form) for document, form in forms]
        click.echo(documents.data({"items": entries}, output_format), nl=False)
    else:
        click.echo("".join(f"{canonical.digest_of(form)}  {_ref(document)}\n" for document, form in forms), nl=False)
    context.exit(1 if listed.errors else 0)


def _forms(read: Iterable[Document]) -> tuple[list[tuple[Document, bytes]], list[Problem]]:
    """The canonical form of each document, and the problems of those that have none."""
    forms: list[tuple[Document, bytes]] = []
    problems: list[Problem] = []
    for document in read:
        try:
            forms.append((document, canonical.form(document.value)))
        except ValueError as error:
            location = document.positions.of_value(paths.ROOT)
            problems.append(Problem(str(error), paths.ROOT, location=location, rule=RULE_FORM))
    return forms, problems


def _images(document: Document) -> Iterator[tuple[int, str]]:
    """The images without a digest, with the indices of their containers."""
    for index, container in enumerate(get_in(document.value, "spec", "containers", default=[])):
        image = get_in(container, "image", default="")
        if image and "@" not in image:
            yield index, image


def _image_problems(document: Document) -> Iterator[Problem]:
    for index, image in _images(document):
        path = paths.child("$", "spec", "containers", index, "image")
        message = f'"{image}" has no digest, so the digest of this document does not determine the image'
        yield Problem(message, path, location=document.positions.of_value(path), rule=RULE_IMAGE)


def _ref(document: Document) -> Ref:
    value = document.value
    kind = Kind(get_in(value, "apiVersion", default=""), get_in(value, "kind", default=""))
    return Ref(kind, get_in(value, "metadata", "name", default=""))


def _entry(document: Document, form: bytes) -> dict[str, Any]:
    ref = _ref(document)
    return {
        "apiVersion": ref.kind.api_version,
        "kind": ref.kind.kind,
        "name": ref.name,
        "digest": canonical.digest_of(form),
        "imagesWithoutDigest": [image for _, image in _images(document)],
    }
