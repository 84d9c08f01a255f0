"""`rudr promote`: lets an application with manual updates take changes of its components, with your rights."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any, Literal

import click
import msgspec

from rudr_py import errors
from rudr_py.api import Ref, get_in
from rudr_py.cli.cluster import client as cluster_client
from rudr_py.cli.cluster import promotion
from rudr_py.cli.cluster.client import ClusterClient
from rudr_py.cli.cluster.promotion import Promotion, WaitingComponent
from rudr_py.cli.options import dry_run as dry_run_option
from rudr_py.cli.options import flags
from rudr_py.cli.options.dry_run import DryRun
from rudr_py.cli.options.flags import ClusterOptions
from rudr_py.cli.output import documents, plain_text
from rudr_py.cli.process import CommandFailure
from rudr_py.kube import requests
from rudr_py.kube.requests import Target
from rudr_py.model.kinds import APPLICATION
from rudr_py.model.metadata_keys import PROMOTED_ANNOTATION

MANAGER = "rudr-promote"
"""The field manager of the annotation."""

ATTEMPTS = 5
"""The number of attempts while other clients change the application."""

OutputFormat = Literal["yaml", "json", "name"]
Document = dict[str, Any]


class Promoted(msgspec.Struct, frozen=True):
    """The application after the promotion, and what it takes."""

    application: Document
    promotion: Promotion


@click.command("promote")
@click.argument("name")
@click.option("--component", "components", multiple=True, metavar="NAME", help="A component; default: all that wait.")
@dry_run_option.option("Print what would be promoted; server: also try the write on the server.")
@flags.cluster(all_namespaces=False)
@flags.output("yaml", "json", "name", explanation="Print the application instead of a message.")
def command(
    name: str,
    components: tuple[str, ...],
    cluster_options: ClusterOptions,
    output_format: OutputFormat | None,
    *,
    dry_run: DryRun,
) -> None:
    """Let an application with manual updates take the changes of its components.

    Writes the digests of the components to the annotation rudr.oam.dev/promoted of the application, with your rights.
    A component that is changed again later waits again. rudr status lists what waits, and rudr diff --promote previews
    the changes.

    \b
    Example: rudr promote shop
    Example: rudr promote shop --component web --dry-run=server
    """
    promoted = asyncio.run(_run(cluster_options, name, components, dry_run))
    if output_format is not None:
        click.echo(documents.text([promoted.application], output_format), nl=False)
        return
    for deleted in promoted.promotion.deleted:
        line = f"component {deleted} does not exist; the application runs on as of its current revision"
        click.echo(plain_text.printable(f"note: {line}"), err=True)
    ref, suffix = Ref(APPLICATION, name), dry_run_option.SUFFIXES[dry_run]
    for component in promoted.promotion.waiting:
        click.echo(plain_text.printable(f"{ref} promoted: {_text(component)}{suffix}"))
    if not promoted.promotion.waiting:
        click.echo(f"{ref} unchanged: {_nothing(promoted.application)}{suffix}")


def _text(component: WaitingComponent) -> str:
    running = f", running {component.running}" if component.running else ""
    return f"component {component.name}: generation {component.generation}{running}"


def _nothing(application: Document) -> str:
    if promotion.is_manual(application):
        return "no component waits"
    if promotion.has_unknown_updates(application):
        return "it has no revision yet"
    return "it takes changes of its components automatically"


async def _run(options: ClusterOptions, name: str, components: Sequence[str], dry_run: DryRun) -> Promoted:
    async with cluster_client.opened(options) as client:
        return await promote(client, name, components, dry_run=dry_run)


async def promote(
    client: ClusterClient, name: str, components: Sequence[str] = (), *, dry_run: DryRun = "none"
) -> Promoted:
    """Promote these components of an application, by default all that wait.

    Raises CommandFailure for an application that does not exist, and for a component that it does not use.
    """
    target = Target(await client.resource(APPLICATION), client.namespace, name)
    for _ in range(ATTEMPTS - 1):
        with contextlib.suppress(errors.ConflictError):
            return await _promote(client, target, components, dry_run)
    return await _promote(client, target, components, dry_run)


async def _promote(client: ClusterClient, target: Target, components: Sequence[str], dry_run: DryRun) -> Promoted:
    try:
        application = await client.client.get(target)
    except errors.NotFoundError:
        raise cluster_client.not_found(target.name) from None
    used = promotion.component_names(application)
    if unused := sorted(set(components) - set(used)):
        raise CommandFailure(
            f"error: the application {target.name} does not use the component {unused[0]}; it uses "
            f"{', '.join(used) or 'none'}"
        )
    if not promotion.is_manual(application):
        return Promoted(application, Promotion((), (), ""))
    promoted = await promotion.read(client, application, components or used)
    if not promoted.waiting:
        return Promoted(application, promoted)
    annotations = {PROMOTED_ANNOTATION: promoted.value}
    if dry_run == "client":
        metadata = application["metadata"]
        merged = {**get_in(metadata, "annotations", default={}), **annotations}
        return Promoted({**application, "metadata": {**metadata, "annotations": merged}}, promoted)
    metadata = {"resourceVersion": application["metadata"]["resourceVersion"], "annotations": annotations}
    patch = msgspec.json.encode({"metadata": metadata})
    request = requests.merge_patch(target, patch, MANAGER, dry_run=dry_run == "server")
    return Promoted(msgspec.json.decode(await client.client.send(request)), promoted)
