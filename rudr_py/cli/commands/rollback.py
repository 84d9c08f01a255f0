"""`rudr rollback`: writes the documents of an earlier revision, with the rights of the user.

Every write is tried as a dry run on the server first, so that a refusal leaves nothing half done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import click
import msgspec

from rudr_py import errors
from rudr_py.api import Kind, Ref, get_in
from rudr_py.cli.cluster import application_history, promotion
from rudr_py.cli.cluster import client as cluster_client
from rudr_py.cli.cluster.application_history import History
from rudr_py.cli.cluster.client import ClusterClient
from rudr_py.cli.options import dry_run as dry_run_option
from rudr_py.cli.options import flags
from rudr_py.cli.options.dry_run import DryRun
from rudr_py.cli.options.flags import ClusterOptions
from rudr_py.cli.process import CommandFailure
from rudr_py.kube import requests
from rudr_py.kube.requests import Request, Selection, Target
from rudr_py.model.kinds import APPLICATION, COMPONENT
from rudr_py.model.metadata_keys import PROMOTED_ANNOTATION
from rudr_py.render import revisions
from rudr_py.render.revisions import Revision

MANAGER = "rudr-rollback"
"""The field manager of the writes."""

ATTEMPTS = 5
"""The number of attempts while the controller writes the status."""

Document = dict[str, Any]


class _Write(msgspec.Struct, frozen=True):
    """A document to write. `live` is the one in the cluster; None if it does not exist.

    `promoted` is the annotation of an application with manual updates that takes the components; empty if it has one.
    """

    target: Target
    document: Document
    live: Document | None
    promoted: str = ""

    @property
    def ref(self) -> Ref:
        """The object."""
        return Ref(Kind(self.document["apiVersion"], self.document["kind"]), self.document["metadata"]["name"])

    @property
    def is_needed(self) -> bool:
        """Whether the documents differ."""
        return self.live is None or bool(self.promoted) or revisions.kept(self.live) != self.document

    def request(self, *, dry_run: bool) -> Request:
        """The creation, or the update of exactly the version that was read."""
        if self.live is None:
            namespace = {"namespace": self.target.namespace}
            content = {**self.document, "metadata": {**self.document["metadata"], **namespace}}
            return requests.create(self.target, msgspec.json.encode(content), MANAGER, dry_run=dry_run)
        content = _restored(self.live, self.document, self.promoted)
        return requests.update(self.target, msgspec.json.encode(content), MANAGER, dry_run=dry_run)


@click.command("rollback")
@click.argument("name")
@click.option(
    "--to",
    "--to-revision",
    "number",
    type=click.IntRange(min=1),
    metavar="N",
    help="The revision; default: the one before the current revision.",
)
@dry_run_option.option("Print what would be written; server: also try the writes on the server.")
@flags.cluster(all_namespaces=False)
def command(name: str, number: int | None, cluster_options: ClusterOptions, *, dry_run: DryRun) -> None:
    """Write the application and its components as they were in an earlier revision.

    The documents are written with your rights, and the controller rolls them out as any other change. Where a
    repository is the source of the documents, revert the commit instead: the next synchronisation overwrites a
    rollback. A component that other applications use changes for these, too; they are listed. A deleted component is
    created again. The components are promoted in an application with manual updates.

    \b
    Example: rudr rollback shop --to 1 --dry-run=server
    Example: rudr rollback shop --to 1
    """
    asyncio.run(_run(cluster_options, name, number, dry_run=dry_run))


async def _run(options: ClusterOptions, name: str, number: int | None, *, dry_run: DryRun) -> None:
    async with cluster_client.opened(options) as client:
        await roll_back(client, name, number, dry_run=dry_run)


async def roll_back(client: ClusterClient, name: str, number: int | None = None, *, dry_run: DryRun = "none") -> None:
    """Write the documents of a revision, by default of the one before the current, and print the writes.

    Raises CommandFailure if the revision is not kept.
    """
    history = await application_history.read(client, name)
    revision = _target(history, number)
    writes = [_promoting(await _write(client, document), revision) for document in revision.documents]
    needed = [write for write in writes if write.is_needed]
    if not needed:
        click.echo(f"{Ref(APPLICATION, name)} skipped (the documents are those of revision {revision.number})")
        return
    await _warn(client, name, needed)
    if dry_run != "client":
        for write in needed:
            await _send(client, write, dry_run=True)
    suffix = dry_run_option.SUFFIXES[dry_run]
    for write in needed:
        if dry_run == "none":
            await _send(client, write, dry_run=False)
        click.echo(f"{write.ref} {'created' if write.live is None else 'configured'}{suffix}")
    click.echo(f"{Ref(APPLICATION, name)} rolled back to revision {revision.number}{suffix}")


def _target(history: History, number: int | None) -> Revision:
    if number is not None:
        return history.revision(number)
    earlier = [revision for revision in history.revisions if revision.number < history.current]
    if not earlier:
        raise CommandFailure("error: no earlier revision is kept; rudr history lists the revisions")
    return earlier[-1]


async def _write(client: ClusterClient, document: Document) -> _Write:
    resource = await client.resource(Kind(document["apiVersion"], document["kind"]))
    target = Target(resource, client.namespace, document["metadata"]["name"])
    try:
        live = await client.client.get(target)
    except errors.NotFoundError:
        if document["kind"] == APPLICATION.kind:
            raise
        return _Write(target, document, None)
    return _Write(target, document, live)


async def _send(client: ClusterClient, write: _Write, *, dry_run: bool) -> None:
    """Send a write, again if only the status has changed meanwhile. Raises ConflictError for another change."""
    for attempt in range(ATTEMPTS):
        try:
            await client.client.send(write.request(dry_run=dry_run))
        except errors.ConflictError:
            live = None if write.live is None else await client.client.get(write.target)
            if attempt == ATTEMPTS - 1 or live is None or write.live is None or _edited(live, write.live):
                raise
            write = msgspec.structs.replace(write, live=live)
        else:
            return


def _edited(live: Document, before: Document) -> bool:
    return bool(live["metadata"]["generation"] != before["metadata"]["generation"]) or (
        get_in(live, "metadata", "annotations", default={}) != get_in(before, "metadata", "annotations", default={})
    )


def _promoting(write: _Write, revision: Revision) -> _Write:
    """The write of an application; with manual updates it takes the components of the revision, too."""
    application = write.live
    if application is None or write.document["kind"] != APPLICATION.kind or not promotion.is_manual(application):
        return write
    components = {str(get_in(one, "metadata", "name", default="")): one for one in revision.components}
    promoted = promotion.promotion({**application, "spec": write.document["spec"]}, components, components)
    return msgspec.structs.replace(write, promoted=promoted.value) if promoted.waiting else write


def _restored(live: Document, document: Document, promoted: str) -> Document:
    """The live document with the spec and the annotations of a revision. Annotations of tools stay."""
    effective = revisions.kept(live)["metadata"].get("annotations", {})
    others = {
        key: value for key, value in get_in(live, "metadata", "annotations", default={}).items() if key not in effective
    }
    if promoted:
        others[PROMOTED_ANNOTATION] = promoted
    metadata = {**live["metadata"], "annotations": {**others, **document["metadata"].get("annotations", {})}}
    return {**live, "metadata": metadata, "spec": document.get("spec", {})}


async def _warn(client: ClusterClient, name: str, writes: Sequence[_Write]) -> None:
    """Print the other applications that use the components."""
    components = {write.ref.name for write in writes if write.ref.kind == COMPONENT}
    if not components:
        return
    selection = Selection(await client.resource(APPLICATION), client.namespace)
    for application in await client.client.list_all(selection):
        other = application["metadata"]["name"]
        shared = components & set(promotion.component_names(application))
        if other == name or not shared:
            continue
        used = f"it uses {', '.join(sorted(shared))}"
        if promotion.is_manual(application):
            click.echo(f"note: the application {other} does not change until they are promoted: {used}", err=True)
        else:
            click.echo(f"warning: the application {other} changes too: {used}", err=True)
