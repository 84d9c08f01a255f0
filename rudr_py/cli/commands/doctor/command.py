"""The whole of it: reads what has to be known, checks it, and shows what was found."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

import click
import msgspec

from rudr_py.cli.cluster import client
from rudr_py.cli.commands.doctor import application, finding, installation
from rudr_py.cli.commands.doctor.finding import Finding
from rudr_py.cli.commands.doctor.reader import ClusterReader
from rudr_py.cli.options import plugins
from rudr_py.cli.options.shared import ClusterOptions
from rudr_py.cli.output import colour, documents
from rudr_py.kube.clock import SystemClock
from rudr_py.plugins.loading import LoadedPlugins
from rudr_py.settings import Settings

Form = Literal["yaml", "json", "name"]


def run(
    context: click.Context, where: ClusterOptions, name: str, *, form: Form | None, color: bool, **flags: Any
) -> int:
    """Show what was found; the exit code."""
    loaded = plugins.types(context)
    found = asyncio.run(_run(where, name, loaded, flags["definitions_namespace"]))
    click.echo(text(found, form, colours=color), nl=False, color=color)
    return 1 if any(one.level == "problem" for one in found) else 0


async def _run(where: ClusterOptions, name: str, loaded: LoadedPlugins, definitions: str | None) -> list[Finding]:
    async with client.opened(where) as reached:
        reader = ClusterReader(reached)
        if not name:
            return installation.check(await reader.installation(definitions), loaded, SystemClock().now())
        found = await reader.application(name, definitions or Settings().definitions_namespace)
        if found is None:
            raise client.not_found(name)
        return application.check(found, loaded.catalog)


def text(found: Sequence[Finding], form: Form | None, *, colours: bool) -> str:
    """The findings in the form that is wished for."""
    if form == "name":
        return "".join(f"{check}\n" for check in dict.fromkeys(one.check for one in found if one.level == "problem"))
    if form is not None:
        return documents.data({"items": msgspec.to_builtins(list(found))}, form)
    shown = finding.lines(found, colour.width(), colours=colours)
    return "".join(f"{line.rstrip()}\n" for line in shown)
