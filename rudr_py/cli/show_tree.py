"""`rudr tree`: the objects of applications by owner references, down to the pods and why they are not ready."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import click
import msgspec

from rudr_py.api import Kind
from rudr_py.cli import cluster, colour, findings, looking, output, redraw, status, tree
from rudr_py.cli.cluster import Cluster, Where
from rudr_py.cli.looking import Look
from rudr_py.cli.tree import Node
from rudr_py.controller import ledger
from rudr_py.render import stamp

Form = Literal["text", "wide", "yaml", "json", "name"]

FORMS: tuple[Form, ...] = ("wide", "yaml", "json", "name")

Document = dict[str, Any]

BETWEEN = (
    stamp.COMPONENT_INSTANCE,
    Kind("apps/v1", "Deployment"),
    Kind("apps/v1", "StatefulSet"),
    Kind("apps/v1", "ReplicaSet"),
    Kind("batch/v1", "Job"),
    looking.POD,
)
"""Kinds that may stand in the tree though no application names them: controllers of others make them."""


@click.command("tree")
@click.argument("name", default="")
@cluster.options()
@click.option("-w", "--watch", is_flag=True, help="Show it again after every change, until Ctrl-C.")
@click.option("-o", "--output", "form", type=click.Choice(FORMS), help="wide adds what the objects say.")
@colour.option
def command(name: str, where: Where, watch: bool, form: Form | None, color: bool) -> None:
    """Show the objects of applications as trees, by their owners, down to the pods and their reasons.

    Objects without an owner, such as volume claims that outlive their application, are in no tree.

    Example: rudr tree shop
    """
    asyncio.run(_run(where, name, watch, lambda documents: text(documents, form or "text", colours=color)))


async def _run(where: Where, name: str, watch: bool, say: redraw.Text) -> None:
    async with cluster.opened(where) as found:
        first = await looking.once(found, [looking.applications(found.selected, name)])
        if not first and name:
            raise cluster.not_found(name)
        if watch:
            await looking.follow(found, lambda documents: looks(found, name, documents), redraw.Changes(say))
            return
        if not first:
            click.echo(status.nothing(found), err=True)
            return
        below = [look for look in looks(found, name, first) if look.kind != cluster.APPLICATION]
        click.echo(say([*first, *await looking.once(found, below)]), nl=False, color=True)


def looks(found: Cluster, name: str, documents: Iterable[Document]) -> Iterator[Look]:
    """What has to be read: the applications, all kinds that they name, and what may stand between those and pods."""
    yield looking.applications(found.selected, name)
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
    """The trees in the form that is wished for."""
    trees = [tree.build(one, documents) for one in looking.found_applications(documents)]
    if form == "name":
        return "".join(f"{node.name}\n" for root in trees for _, node in root.walk())
    if form in ("yaml", "json"):
        items = [_builtins(root) for root in trees]
        if form == "yaml":
            return output.documents([{"items": items}])
        return msgspec.json.format(msgspec.json.encode({"items": items}), indent=2).decode() + "\n"

    def say(node: Node) -> str:
        words = colour.paint(findings.printable(tree.describe(node)), colour.STATES[node.health.state], on=colours)
        message = node.health.message.partition("\n")[0] if form == "wide" and not node.health.ok else ""
        return f"{words}  {findings.printable(message)}" if message else words

    return "\n".join("".join(f"{line}\n" for line in tree.lines(root, say)) for root in trees)


def _builtins(node: Node) -> dict[str, Any]:
    health = node.health
    said = {"state": health.state, "reason": health.reason, "message": health.message, "show": dict(health.show)}
    return {"name": node.name, **said, "children": [_builtins(child) for child in node.children]}
