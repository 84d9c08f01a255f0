"""`rudr status`: how applications are doing, down to the pods that hold them up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import click
import msgspec

from rudr_py.api import Ref
from rudr_py.cli.cluster import client, list_watch
from rudr_py.cli.cluster.client import APPLICATION, ClusterClient
from rudr_py.cli.cluster.list_watch import ListQuery
from rudr_py.cli.commands.status import report
from rudr_py.cli.commands.status import text as report_text
from rudr_py.cli.commands.status.report import ApplicationReport
from rudr_py.cli.options.shared import ClusterOptions
from rudr_py.cli.output import colour
from rudr_py.cli.output import documents as output
from rudr_py.cli.output.live_text import LiveText

Form = Literal["text", "wide", "yaml", "json", "name"]

Document = dict[str, Any]


class StatusOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What to show, and how."""

    name: str
    selector: str
    form: Form
    headers: bool
    colours: bool
    width: int


def run(where: ClusterOptions, name: str, *, form: Form | None, color: bool, watch: bool, **flags: Any) -> int:
    """Show it; the exit code."""
    wish = StatusOptions(
        name=name,
        selector=flags["selector"],
        form=form or "text",
        headers=not flags["no_headers"],
        colours=color,
        width=colour.width(),
    )
    return asyncio.run(_run(where, wish, watch=watch))


async def _run(where: ClusterOptions, wish: StatusOptions, *, watch: bool) -> int:
    async with client.opened(where) as found:
        reports = read(await list_watch.once(found, looks(found, wish)))
        if not reports and wish.name:
            raise client.not_found(wish.name)
        if watch:
            shown = LiveText(lambda documents: text(read(documents), wish))
            await list_watch.follow(found, lambda _documents: looks(found, wish), shown)
            return 0
        if not reports:
            click.echo(nothing(found), err=True)
        click.echo(text(reports, wish), nl=False, color=wish.colours)
        return 0 if all(one.ready for one in reports) else 1


def looks(found: ClusterClient, wish: StatusOptions) -> Iterable[ListQuery]:
    """What has to be read: the applications and the pods of their instances."""
    return (list_watch.applications(found.selected, wish.name, wish.selector), list_watch.pods(found.selected))


def nothing(found: ClusterClient) -> str:
    """The message when there is no application at all, as kubectl words it."""
    return "No applications found" + ("" if found.everywhere else f" in {found.namespace} namespace.")


def read(documents: Iterable[Document]) -> list[ApplicationReport]:
    """The report of every application among the documents, by namespace and name."""
    listed = list(documents)
    pods = [one for one in listed if one["kind"] == list_watch.POD.kind]
    return [report.of(one, pods) for one in list_watch.found_applications(listed)]


def text(reports: Sequence[ApplicationReport], wish: StatusOptions) -> str:
    """The reports in the form that is wished for."""
    if wish.form == "name":
        return "".join(f"{Ref(APPLICATION, one.name)}\n" for one in reports)
    if wish.form in ("yaml", "json"):
        return output.data({"items": msgspec.to_builtins(list(reports))}, wish.form)
    shown = report_text.lines(reports, wish.width, colours=wish.colours, wide=wish.form == "wide", headers=wish.headers)
    return "".join(f"{line.rstrip()}\n" for line in shown)
