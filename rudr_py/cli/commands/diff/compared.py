"""The documents to compare: those of files, of a revision, or of an application that takes its components."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

import click
import msgspec

from rudr_py.cli.cluster import application_history
from rudr_py.cli.cluster import client as cluster_client
from rudr_py.cli.commands.diff.external_diff import DiffFailure
from rudr_py.cli.documents import files
from rudr_py.cli.documents.files import FileContents
from rudr_py.cli.options.flags import ClusterOptions
from rudr_py.cli.output import documents
from rudr_py.model.parse import yaml_file
from rudr_py.render import revisions


class ComparedDocuments(msgspec.Struct, frozen=True):
    """The documents, None to compare all applications of the cluster.

    `promoted` is the application that takes all components as its documents are, although its updates are manual.
    """

    contents: FileContents | None
    promoted: str = ""


def check(name: str, number: int | None, filenames: Sequence[str], *, promote: bool) -> None:
    """Raise UsageError for options that exclude each other."""
    if bool(name) != bool(number or promote) or (name and filenames) or (number and promote):
        raise click.UsageError("NAME requires '--revision' or '--promote', and excludes '-f' / '--filename'.")


def of_files(filenames: Sequence[str], *, recursive: bool) -> ComparedDocuments:
    """The documents of files; prints the names of skipped files."""
    contents = files.read(filenames, recursive=recursive, stdin=sys.stdin.buffer.read)
    if skipped := files.skipped_message(contents):
        click.echo(skipped, err=True)
    return ComparedDocuments(contents if filenames else None)


def of_application(options: ClusterOptions, name: str, number: int | None) -> ComparedDocuments:
    """The documents of a revision of an application, or without a number its present document."""
    return asyncio.run(_of_application(options, name, number))


async def _of_application(options: ClusterOptions, name: str, number: int | None) -> ComparedDocuments:
    async with cluster_client.opened(options, failure=DiffFailure) as client:
        history = await application_history.read(client, name)
    listed: Sequence[dict[str, Any]] = [revisions.kept(history.application)]
    if number is not None:
        listed = history.revision(number).documents
    source = f"revision {number} of {name}" if number is not None else name
    loaded = yaml_file.load(documents.documents(listed).encode(), source)
    return ComparedDocuments(FileContents(documents=tuple(loaded), files=(source,)), name)
