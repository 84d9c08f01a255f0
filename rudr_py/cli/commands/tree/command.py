"""`rudr tree`: the objects of applications by owner references, down to the pods and the reasons of their states."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

import click
import msgspec

from rudr_py.api import Kind, get_in
from rudr_py.cli.cluster import client as cluster_client
from rudr_py.cli.cluster import list_watch
from rudr_py.cli.cluster.client import ClusterClient
from rudr_py.cli.cluster.list_watch import ListQuery
from rudr_py.cli.commands.status.command import no_applications_message
from rudr_py.cli.commands.tree import ownership_tree
from rudr_py.cli.commands.tree import text as tree_text
from rudr_py.cli.commands.tree.ownership_tree import TreeNode
from rudr_py.cli.commands.tree.text import Layout
from rudr_py.cli.options import flags
from rudr_py.cli.options.flags import ClusterOptions
from rudr_py.cli.output import age, colour
from rudr_py.cli.output import documents as document_output
from rudr_py.cli.output.live_text import LiveText
from rudr_py.cli.output.masking import NO_MASK, Mask
from rudr_py.controller.state import inventory
from rudr_py.kube.clock import SystemClock
from rudr_py.model.kinds import APPLICATION, COMPONENT_INSTANCE, DEPLOYMENT, JOB, POD, REPLICA_SET, STATEFUL_SET

OutputFormat = Literal["text", "wide", "yaml", "json", "name"]

Document = dict[str, Any]


class TreeQuery(NamedTuple):
    """Selects applications by name or by labels; empty for all."""

    name: str = ""
    selector: str = ""


INTERMEDIATE_KINDS = (
    COMPONENT_INSTANCE,
    DEPLOYMENT,
    STATEFUL_SET,
    REPLICA_SET,
    JOB,
    POD,
)
"""Kinds that other controllers create below the objects of an application."""


@click.command("tree")
@click.argument("name", default="")
@flags.cluster()
@flags.selector
@flags.watch
@flags.output("wide", "yaml", "json", "name", explanation="wide adds messages and old ReplicaSets.")
@flags.no_headers
@colour.option
@flags.sensitive
def command(
    cluster_options: ClusterOptions, *, watch: bool, color: bool, sensitive_words: tuple[str, ...], **options: Any
) -> None:
    """Show the objects of applications as trees, by owner references, down to the pods.

    The status of a component instance is that of its workload. On a terminal, images that do not fit into a row are
    printed below it.

    A persistent volume claim has no owner, because it outlives its application. It is printed below the instance
    for which it was created.

    Example: rudr tree shop
    """
    flags.check_name_or_selector(options)
    output_format: OutputFormat = options["output_format"] or "text"
    query = TreeQuery(options["name"], options["selector"])

    layout = Layout(
        now=None,
        namespaces=cluster_options.all_namespaces,
        headers=not options["no_headers"],
        colours=color,
    )

    def format_text(documents: Sequence[Document], now: datetime | None = None) -> str:
        current = msgspec.structs.replace(layout, now=now, width=colour.table_width())
        return text(documents, output_format, current, Mask(documents, sensitive_words))

    clock = SystemClock()
    live = LiveText(lambda documents: format_text(documents, clock.now()), compared=format_text)
    asyncio.run(_run(cluster_options, query, watch, live))


async def _run(cluster_options: ClusterOptions, query: TreeQuery, watch: bool, live: LiveText) -> None:
    async with cluster_client.opened(cluster_options) as client:
        applications = await list_watch.read(client, [list_watch.applications(client.listed_namespace, *query)])
        if not applications and query.name:
            raise cluster_client.not_found(query.name)
        if watch:
            await list_watch.follow(client, lambda documents: queries(client, query, documents), live)
            return
        if not applications:
            click.echo(no_applications_message(client), err=True)
            return
        below = [list_query for list_query in queries(client, query, applications) if list_query.kind != APPLICATION]
        live([*applications, *await list_watch.read(client, below)])


def queries(client: ClusterClient, query: TreeQuery, documents: Iterable[Document]) -> Iterator[ListQuery]:
    """The applications, their components, the kinds in their inventories, and the intermediate kinds."""
    yield list_watch.applications(client.listed_namespace, *query)
    yield list_watch.components(client.listed_namespace)
    for kind in dict.fromkeys((*INTERMEDIATE_KINDS, *kinds(documents))):
        yield ListQuery(kind=kind, namespace=client.listed_namespace)


def kinds(documents: Iterable[Document]) -> list[Kind]:
    """The kinds in the inventories of applications, sorted."""
    applications = list_watch.select_applications(documents)
    inventories = [
        inventory.read(get_in(application, "status", "resources", default=[])) for application in applications
    ]
    return sorted({ref.kind for records in inventories for ref in records}, key=str)


def text(documents: Sequence[Document], output_format: OutputFormat, layout: Layout, mask: Mask = NO_MASK) -> str:
    """The trees in a format, without sensitive values. Only `text` leaves out the old ReplicaSets of Deployments."""
    included = ownership_tree.without_old_replica_sets(documents) if output_format == "text" else documents
    applications = list_watch.select_applications(documents)
    trees = [mask.struct(ownership_tree.build(application, included)) for application in applications]
    if output_format == "name":
        return "".join(f"{node.name}\n" for root in trees for _, node in root.walk())
    if output_format in ("yaml", "json"):
        items = [_builtins(root, layout.now) for root in trees]
        return document_output.data({"items": items}, output_format)
    layout = msgspec.structs.replace(layout, messages=output_format == "wide")
    return "".join(f"{line.rstrip()}\n" for line in tree_text.lines(trees, layout))


def _builtins(node: TreeNode, now: datetime | None) -> dict[str, Any]:
    health = node.health
    return {
        "name": node.name,
        "kind": node.kind,
        "namespace": node.namespace,
        "uid": node.uid,
        "created": node.created,
        "age": age.age(node.created, now) if now is not None and node.created else "",
        "image": ",".join(node.images),
        "restarts": node.restarts,
        "state": health.state,
        "reason": health.reason,
        "message": health.message,
        "show": dict(health.show),
        "children": [_builtins(child, now) for child in node.children],
    }
