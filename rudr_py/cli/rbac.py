"""`rudr rbac`: the exact ClusterRole for the plugins that are installed."""

from __future__ import annotations

from typing import Literal

import click
import msgspec

from rudr_py.cli import options, output
from rudr_py.plugins import rights


@click.command("rbac")
@click.option("-o", "--output", "form", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True)
@click.option("--name", default="rudr", show_default=True, help="The name of the ClusterRole.")
@click.option("--publish-definitions/--no-publish-definitions", "publish", default=True, help="As for rudr run.")
@click.option("--root-scopes/--no-root-scopes", "root_scopes", default=False, help="As for rudr run.")
@options.plugins
@click.pass_context
def command(context: click.Context, form: Literal["yaml", "json"], name: str, publish: bool, root_scopes: bool) -> None:
    """Print the rights that the controller needs with the installed plugins, as one ClusterRole.

    Kinds that only a WorkloadType object of the cluster admits are not known here: grant them by themselves.

    Example: rudr rbac | kubectl apply -f -
    """
    loaded = options.installed_types(context)
    rules = rights.rules(loaded.catalog, publish=publish, root_scopes=root_scopes)
    role = rights.cluster_role(rules, name)
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(role), indent=2).decode())
    else:
        click.echo(output.text([role], "yaml"), nl=False)
