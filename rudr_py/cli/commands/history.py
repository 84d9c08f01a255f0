"""`rudr history`: the revisions of an application, with the cause and the author of each. Changes nothing."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, Literal

import click

from rudr_py.cli.cluster import application_history
from rudr_py.cli.cluster import client as cluster_client
from rudr_py.cli.cluster.application_history import History
from rudr_py.cli.options import flags
from rudr_py.cli.options.flags import ClusterOptions
from rudr_py.cli.output import documents, plain_text
from rudr_py.cli.output.age import age
from rudr_py.cli.output.masking import Mask
from rudr_py.kube.clock import SystemClock
from rudr_py.render.revisions import Revision

OutputFormat = Literal["wide", "yaml", "json", "name"]

HEADER = ("REVISION", "AGE", "EDITED BY", "CHANGE")

LISTED = 2
"""The number of changes of a revision that are printed; -o wide prints all."""


@click.command("history")
@click.argument("name")
@flags.revision("Print the documents of a revision.")
@flags.cluster(all_namespaces=False)
@flags.output("wide", "yaml", "json", "name", explanation="wide adds images and all changes.")
@flags.no_headers
@flags.sensitive
def command(
    name: str,
    number: int | None,
    cluster_options: ClusterOptions,
    output_format: OutputFormat | None,
    *,
    no_headers: bool,
    sensitive_words: tuple[str, ...],
) -> None:
    """List the revisions of an application: the sets of documents whose objects were all applied.

    The current revision is marked with *. CHANGE is the difference from the revision before it. EDITED BY is the field
    manager of the last edit, such as kubectl-client-side-apply or helm.

    \b
    Example: rudr history shop
    Example: rudr history shop --revision 1
    """
    history = asyncio.run(_read(cluster_options, name))
    if number is not None:
        listed = history.revision(number).documents
        mask = Mask(listed, sensitive_words)
        chosen = output_format if output_format in ("json", "name") else "yaml"
        click.echo(documents.text([mask.document(document) for document in listed], chosen), nl=False)
    elif output_format in ("yaml", "json"):
        click.echo(
            documents.data({"items": [_data(history, each) for each in history.revisions]}, output_format), nl=False
        )
    elif output_format == "name":
        click.echo("".join(f"controllerrevision.apps/{each.name}\n" for each in history.revisions), nl=False)
    elif not history.revisions:
        click.echo(f"No revisions found of {name}.", err=True)
    else:
        click.echo(documents.table(_rows(history, wide=output_format == "wide"), headers=not no_headers), nl=False)


async def _read(options: ClusterOptions, name: str) -> History:
    async with cluster_client.opened(options) as client:
        return await application_history.read(client, name)


def _rows(history: History, *, wide: bool) -> list[list[str]]:
    now = SystemClock().now()
    header = [*HEADER[:-1], "IMAGES", HEADER[-1]] if wide else [*HEADER]
    return [header, *(_row(history, revision, now, wide=wide) for revision in history.revisions)]


def _row(history: History, revision: Revision, now: datetime, *, wide: bool) -> list[str]:
    changes = _changes(history, revision)
    listed = changes if wide else changes[:LISTED]
    rest = f" (and {len(changes) - len(listed)} more)" if len(changes) > len(listed) else ""
    cells = [
        f"{revision.number}{'*' if revision.number == history.current else ''}",
        age(revision.edited_at or revision.created_at, now),
        revision.edited_by or "<unknown>",
        *([",".join(application_history.images(revision))] if wide else []),
        "; ".join(listed) + rest,
    ]
    return [plain_text.printable(cell) for cell in cells]


def _changes(history: History, revision: Revision) -> list[str]:
    before = [each for each in history.revisions if each.number < revision.number]
    return application_history.changes(before[-1], revision) if before else ["first kept revision"]


def _data(history: History, revision: Revision) -> dict[str, Any]:
    return {
        "number": revision.number,
        "name": revision.name,
        "current": revision.number == history.current,
        "createdAt": revision.created_at,
        "editedAt": revision.edited_at,
        "editedBy": revision.edited_by,
        "images": application_history.images(revision),
        "changes": _changes(history, revision),
    }
