"""`rudr status`: how applications are doing, down to the pods that hold them up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import click
import msgspec

from rudr_py.api import Ref
from rudr_py.cli import cluster, colour, looking, output, redraw, report, report_text
from rudr_py.cli.cluster import APPLICATION, Cluster
from rudr_py.cli.looking import Look
from rudr_py.cli.options import Where
from rudr_py.cli.report import Report

Form = Literal["text", "wide", "yaml", "json", "name"]

Document = dict[str, Any]


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What to show, and how."""

    name: str
    selector: str
    form: Form
    headers: bool
    colours: bool
    width: int


def run(where: Where, name: str, *, form: Form | None, color: bool, watch: bool, **flags: Any) -> int:
    """Show it; the exit code."""
    wish = Wish(
        name=name,
        selector=flags["selector"],
        form=form or "text",
        headers=not flags["no_headers"],
        colours=color,
        width=colour.width(),
    )
    return asyncio.run(_run(where, wish, watch=watch))


async def _run(where: Where, wish: Wish, *, watch: bool) -> int:
    async with cluster.opened(where) as found:
        reports = read(await looking.once(found, looks(found, wish)))
        if not reports and wish.name:
            raise cluster.not_found(wish.name)
        if watch:
            shown = redraw.Changes(lambda documents: text(read(documents), wish))
            await looking.follow(found, lambda _documents: looks(found, wish), shown)
            return 0
        if not reports:
            click.echo(nothing(found), err=True)
        click.echo(text(reports, wish), nl=False, color=wish.colours)
        return 0 if all(one.ready for one in reports) else 1


def looks(found: Cluster, wish: Wish) -> Iterable[Look]:
    """What has to be read: the applications and the pods of their instances."""
    return (looking.applications(found.selected, wish.name, wish.selector), looking.pods(found.selected))


def nothing(found: Cluster) -> str:
    """The message when there is no application at all, as kubectl words it."""
    return "No applications found" + ("" if found.everywhere else f" in {found.namespace} namespace.")


def read(documents: Iterable[Document]) -> list[Report]:
    """The report of every application among the documents, by namespace and name."""
    listed = list(documents)
    pods = [one for one in listed if one["kind"] == looking.POD.kind]
    return [report.of(one, pods) for one in looking.found_applications(listed)]


def text(reports: Sequence[Report], wish: Wish) -> str:
    """The reports in the form that is wished for."""
    if wish.form == "name":
        return "".join(f"{Ref(APPLICATION, one.name)}\n" for one in reports)
    if wish.form in ("yaml", "json"):
        return output.data({"items": msgspec.to_builtins(list(reports))}, wish.form)
    shown = report_text.lines(reports, wish.width, colours=wish.colours, wide=wish.form == "wide", headers=wish.headers)
    return "".join(f"{line.rstrip()}\n" for line in shown)
