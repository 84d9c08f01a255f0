"""`rudr tree`: the objects of applications by owner references, down to the pods and why they are not ready."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import click

from rudr_py.api import Kind
from rudr_py.cli.cluster import client, list_watch
from rudr_py.cli.cluster.client import ClusterClient
from rudr_py.cli.cluster.list_watch import ListQuery
from rudr_py.cli.commands.status import command
from rudr_py.cli.commands.tree import ownership_tree
from rudr_py.cli.commands.tree.ownership_tree import TreeNode
from rudr_py.cli.options.shared import ClusterOptions
from rudr_py.cli.output import colour, problems
from rudr_py.cli.output import documents as output
from rudr_py.cli.output.live_text import LiveText, Text
from rudr_py.controller.state import inventory
from rudr_py.model.kinds import COMPONENT_INSTANCE, DEPLOYMENT, JOB, REPLICA_SET, STATEFUL_SET

Form = Literal["text", "wide", "yaml", "json", "name"]

Document = dict[str, Any]


class TreeQuery(NamedTuple):
    """Which applications: the one of a name, or those with labels; empty for all."""

    name: str = ""
    selector: str = ""


BETWEEN = (
    COMPONENT_INSTANCE,
    DEPLOYMENT,
    STATEFUL_SET,
    REPLICA_SET,
    JOB,
    list_watch.POD,
)
"""Kinds that may stand in the tree though no application names them: controllers of others make them."""


def run(where: ClusterOptions, name: str, *, selector: str, form: Form | None, color: bool, watch: bool) -> None:
    """Show the trees."""
    asked = TreeQuery(name, selector)
    asyncio.run(_run(where, asked, watch, lambda documents: text(documents, form or "text", colours=color)))


async def _run(where: ClusterOptions, asked: TreeQuery, watch: bool, say: Text) -> None:
    async with client.opened(where) as found:
        first = await list_watch.once(found, [list_watch.applications(found.selected, *asked)])
        if not first and asked.name:
            raise client.not_found(asked.name)
        if watch:
            await list_watch.follow(found, lambda documents: looks(found, asked, documents), LiveText(say))
            return
        if not first:
            click.echo(command.nothing(found), err=True)
            return
        below = [look for look in looks(found, asked, first) if look.kind != client.APPLICATION]
        click.echo(say([*first, *await list_watch.once(found, below)]), nl=False, color=True)


def looks(found: ClusterClient, asked: TreeQuery, documents: Iterable[Document]) -> Iterator[ListQuery]:
    """What has to be read: the applications, all kinds that they name, and what may stand between those and pods."""
    yield list_watch.applications(found.selected, *asked)
    for kind in dict.fromkeys((*BETWEEN, *kinds(documents))):
        yield ListQuery(kind=kind, namespace=found.selected)


def kinds(documents: Iterable[Document]) -> list[Kind]:
    """The kinds of the objects that applications say they have, in a stable order."""
    applications = list_watch.found_applications(documents)
    records = [inventory.read(_status(one).get("resources")) for one in applications]
    return sorted({ref.kind for found in records for ref in found}, key=str)


def _status(document: Document) -> Mapping[str, Any]:
    status = document.get("status")
    return status if isinstance(status, Mapping) else {}


def text(documents: Sequence[Document], form: Form, *, colours: bool) -> str:
    """The trees in the form that is wished for. Only "text" leaves out what a Deployment keeps to roll back to."""
    shown = ownership_tree.current(documents) if form == "text" else documents
    trees = [ownership_tree.build(one, shown) for one in list_watch.found_applications(documents)]
    if form == "name":
        return "".join(f"{node.name}\n" for root in trees for _, node in root.walk())
    if form in ("yaml", "json"):
        return output.data({"items": [_builtins(root) for root in trees]}, form)

    def say(node: TreeNode) -> str:
        words = colour.paint(
            problems.printable(ownership_tree.describe(node)), colour.STATES[node.health.state], on=colours
        )
        message = node.health.message.partition("\n")[0] if form == "wide" and not node.health.ok else ""
        return f"{words}  {problems.printable(message)}" if message else words

    return "\n".join("".join(f"{line}\n" for line in ownership_tree.lines(root, say)) for root in trees)


def _builtins(node: TreeNode) -> dict[str, Any]:
    health = node.health
    said = {"state": health.state, "reason": health.reason, "message": health.message, "show": dict(health.show)}
    return {"name": node.name, **said, "children": [_builtins(child) for child in node.children]}
