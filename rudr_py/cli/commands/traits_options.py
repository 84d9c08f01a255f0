"""What `rudr traits` takes."""

from __future__ import annotations

from typing import Any

import click

from rudr_py.cli.lazy import later
from rudr_py.cli.options import shared

work = later("rudr_py.cli.commands.traits.command:run")
names = later("rudr_py.cli.types.completion:workloads")


@click.command("traits")
@click.option(
    "--workload",
    metavar="TYPE",
    shell_complete=names,
    help="Only traits that can be put on this workload type: its name, or its kind alone, such as Server.",
)
@shared.output("wide", "yaml", "json", "name", explanation="wide says what each is for.")
@shared.no_headers
@shared.plugins
@click.pass_context
def command(context: click.Context, /, **flags: Any) -> None:
    """List the installed traits, with the workload types that they apply to.

    With --workload, -o wide has the other traits, too, and says why each cannot be put on it; -o yaml and json have
    all with "misfit", which is empty for those that can.

    \b
    Example: rudr traits
    Example: rudr traits --workload Server
    Example: rudr traits --workload Task -o wide
    """
    work(context, **flags)
