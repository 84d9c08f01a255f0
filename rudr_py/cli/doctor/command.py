"""The command: what the user gives, and what they get."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Literal

import click
import msgspec

from rudr_py.cli import cluster, colour, options, output
from rudr_py.cli.cluster import Where
from rudr_py.cli.doctor import application, finding, installation
from rudr_py.cli.doctor.finding import Finding
from rudr_py.cli.doctor.reading import Reader
from rudr_py.kube.clock import SystemClock
from rudr_py.plugins.loading import Loaded
from rudr_py.settings import Settings

Form = Literal["yaml", "json", "name"]

FORMS: tuple[Form, ...] = ("yaml", "json", "name")


@click.command("doctor")
@click.argument("name", default="")
@cluster.options(everywhere=False)
@click.option(
    "--definitions-namespace",
    metavar="NAME",
    envvar="RUDR_DEFINITIONS_NAMESPACE",
    help="As for rudr run; default: that of the controller which is found.",
)
@click.option("-o", "--output", "form", type=click.Choice(FORMS), help="name prints the checks that found a problem.")
@colour.option
@options.plugins
@click.pass_context
def command(context: click.Context, /, name: str, where: Where, **flags: Any) -> None:
    """Tell what is wrong, and what to do next: with an application by its NAME, or with the installation.

    Looks at the server, the definitions, the controller with its lease and its rights, at Rudr beside it, at the types
    that documents use and at your own rights; for an application, at its conditions, components, types, objects, pods
    and events. Changes nothing. Ends with 0 when there is no problem, with 1 when there is one; notes do not count.

    Example: rudr doctor
    """
    loaded = options.installed_types(context)
    found = asyncio.run(_run(where, name, loaded, flags["definitions_namespace"]))
    click.echo(text(found, flags["form"], colours=flags["color"]), nl=False, color=flags["color"])
    context.exit(1 if any(one.level == "problem" for one in found) else 0)


async def _run(where: Where, name: str, loaded: Loaded, definitions: str | None) -> list[Finding]:
    async with cluster.opened(where) as reached:
        reader = Reader(reached)
        if not name:
            return installation.check(await reader.installation(definitions), loaded, SystemClock().now())
        found = await reader.application(name, definitions or Settings().definitions_namespace)
        if found is None:
            raise cluster.not_found(name)
        return application.check(found, loaded.catalog)


def text(found: Sequence[Finding], form: Form | None, *, colours: bool) -> str:
    """The findings in the form that is wished for."""
    if form == "name":
        return "".join(f"{check}\n" for check in dict.fromkeys(one.check for one in found if one.level == "problem"))
    if form == "yaml":
        return output.documents([{"items": msgspec.to_builtins(list(found))}])
    if form == "json":
        return msgspec.json.format(msgspec.json.encode({"items": list(found)}), indent=2).decode() + "\n"
    shown = finding.lines(found, colour.width(), colours=colours)
    return "".join(f"{line.rstrip()}\n" for line in shown)
