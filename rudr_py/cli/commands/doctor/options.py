"""What `rudr doctor` takes."""

from __future__ import annotations

from typing import Any

import click

from rudr_py.cli import colour, options
from rudr_py.cli.places import later

work = later("rudr_py.cli.doctor.diagnosis:run")


@click.command("doctor")
@click.argument("name", default="")
@options.cluster(everywhere=False)
@options.definitions_namespace("As for rudr run; default: that of the controller which is found.", default=False)
@options.output("yaml", "json", "name", explanation="name prints the checks that found a problem.")
@colour.option
@options.plugins
@click.pass_context
def command(context: click.Context, /, **flags: Any) -> None:
    """Tell what is wrong, and what to do next: with an application by its NAME, or with the installation.

    Looks at the server, the definitions, the controller with its lease and its rights, at Rudr beside it, at the types
    that documents use and at your own rights; for an application, at its conditions, components, types, objects, pods
    and events. Changes nothing. Ends with 0 when there is no problem, with 1 when there is one; notes do not count.

    Example: rudr doctor
    """
    context.exit(work(context, **flags))
