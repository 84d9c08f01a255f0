"""What `rudr explain` takes."""

from __future__ import annotations

from typing import Any

import click

from rudr_py.cli.lazy import later
from rudr_py.cli.options import shared
from rudr_py.cli.output import colour


class _Sort(click.Choice[str]):
    """A sort of types. Who begins with a name is told what comes before it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value not in self.choices:
            self.fail(f'"{value}" is no sort of types; as in: rudr explain {self.choices[0]} {value}', param, ctx)
        return value


work = later("rudr_py.cli.commands.explain.command:run")
names = later("rudr_py.cli.types.completion:names")


@click.command("explain")
@click.argument("sort", type=_Sort(shared.SORTS), required=False)
@click.argument("name", metavar="[NAME[.PROPERTY...]]", required=False, shell_complete=names)
@shared.output("wide", "yaml", "json", "name", "md", explanation="md is a section of documentation.")
@shared.no_headers
@colour.option
@click.option("--recursive", is_flag=True, help="Show the properties at all depths, by name and type.")
@shared.plugins
@click.pass_context
def command(context: click.Context, /, **flags: Any) -> None:
    """Explain an installed trait, workload type or scope type: its properties, what it makes, an example.

    NAME is as in documents, or the kind alone, such as Server. With a path behind it, one property is explained.
    Without NAME the installed types are listed. -o yaml and json have the JSON Schema and the declaration.

    \b
    Example: rudr explain trait ingress
    Example: rudr explain trait ingress.rules
    Example: rudr explain workload
    Example: rudr explain scope HealthScope -o json
    """
    work(context, **flags)
