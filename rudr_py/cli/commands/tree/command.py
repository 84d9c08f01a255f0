"""`rudr tree`: the objects of applications by owner references, down to the pods and why they are not ready."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import click

from rudr_py.api import Kind
from rudr_py.cli import cluster, colour, findings, looking, output, redraw, status, tree
from rudr_py.cli.cluster import Cluster
from rudr_py.cli.looking import Look
from rudr_py.cli.options import Where
from rudr_py.cli.tree import Node
from rudr_py.controller import ledger
from rudr_py.render import stamp

Form = Literal["text", "wide", "yaml", "json", "name"]

Document = dict[str, Any]


class Asked(NamedTuple):
    """Which applications: the one of a name, or those with labels; empty for all."""

    name: str = ""
    selector: str = ""


BETWEEN = (
    stamp.COMPONENT_INSTANCE,
    Kind("apps/v1", "Deployment"),
    Kind("apps/v1", "StatefulSet"),
    Kind("apps/v1", "ReplicaSet"),
    Kind("batch/v1", "Job"),
    looking.POD,
)
"""Kinds that may stand in the tree though no application names them: controllers of others make them."""


def run(where: Where, name: str, *, selector: str, form: Form | None, color: bool, watch: bool) -> None:
    """Show the trees."""
    asked = Asked(name, selector)
    asyncio.run(_run(where, asked, watch, lambda documents: text(documents, form or "text", colours=color)))


async def _run(where: Where, asked: Asked, watch: bool, say: redraw.Text) -> None:
    async with cluster.opened(where) as found:
        first = await looking.once(found, [looking.applications(found.selected, *asked)])
        if not first and asked.name:
            raise cluster.not_found(asked.name)
        if watch:
            await looking.follow(found, lambda documents: looks(found, asked, documents), redraw.Changes(say))
            return
        if not first:
            click.echo(status.nothing(found), err=True)
            return
        below = [look for look in looks(found, asked, first) if look.kind != cluster.APPLICATION]
        click.echo(say([*first, *await looking.once(found, below)]), nl=False, color=True)


def looks(found: Cluster, asked: Asked, documents: Iterable[Document]) -> Iterator[Look]:
    """What has to be read: the applications, all kinds that they name, and what may stand between those and pods."""
    yield looking.applications(found.selected, *asked)
    for kind in dict.fromkeys((*BETWEEN, *kinds(documents))):
        yield Look(kind=kind, namespace=found.selected)


def kinds(documents: Iterable[Document]) -> list[Kind]:
    """The kinds of the objects that applications say they have, in a stable order."""
    applications = looking.found_applications(documents)
    records = [ledger.read(_status(one).get("resources")) for one in applications]
    return sorted({ref.kind for found in records for ref in found}, key=str)


def _status(document: Document) -> Mapping[str, Any]:
    status = document.get("status")
    return status if isinstance(status, Mapping) else {}


def text(documents: Sequence[Document], form: Form, *, colours: bool) -> str:
    """The trees in the form that is wished for. Only "text" leaves out what a Deployment keeps to roll back to."""
    shown = tree.current(documents) if form == "text" else documents
    trees = [tree.build(one, shown) for one in looking.found_applications(documents)]
    if form == "name":
        return "".join(f"{node.name}\n" for root in trees for _, node in root.walk())
    if form in ("yaml", "json"):
        return output.data({"items": [_builtins(root) for root in trees]}, form)

    def say(node: Node) -> str:
        words = colour.paint(findings.printable(tree.describe(node)), colour.STATES[node.health.state], on=colours)
        message = node.health.message.partition("\n")[0] if form == "wide" and not node.health.ok else ""
        return f"{words}  {findings.printable(message)}" if message else words

    return "\n".join("".join(f"{line}\n" for line in tree.lines(root, say)) for root in trees)


def _builtins(node: Node) -> dict[str, Any]:
    health = node.health
    said = {"state": health.state, "reason": health.reason, "message": health.message, "show": dict(health.show)}
    return {"name": node.name, **said, "children": [_builtins(child) for child in node.children]}
