"""What `rudr doctor` takes."""

from __future__ import annotations

from typing import Any

import click

from rudr_py.cli.lazy import later
from rudr_py.cli.options import shared
from rudr_py.cli.output import colour

work = later("rudr_py.cli.commands.doctor.command:run")


@click.command("doctor")
@click.argument("name", default="")
@shared.cluster(everywhere=False)
@shared.definitions_namespace("As for rudr run; default: that of the controller which is found.", default=False)
@shared.output("yaml", "json", "name", explanation="name prints the checks that found a problem.")
@colour.option
@shared.plugins
@click.pass_context
def command(context: click.Context, /, **flags: Any) -> None:
    """Tell what is wrong, and what to do next: with an application by its NAME, or with the installation.

    Looks at the server, the definitions, the controller with its lease and its rights, at Rudr beside it, at the types
    that documents use and at your own rights; for an application, at its conditions, components, types, objects, pods
    and events. Changes nothing. Ends with 0 when there is no problem, with 1 when there is one; notes do not count.

    Example: rudr doctor
    """
    context.exit(work(context, **flags))
