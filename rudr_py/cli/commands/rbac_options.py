"""What `rudr rbac` takes."""

from __future__ import annotations

from typing import Any

import click

from rudr_py.cli.lazy import later
from rudr_py.cli.options import shared
from rudr_py.settings import Settings

work = later("rudr_py.cli.commands.rbac.command:run")

LEASE = "rudr-py"


def _account(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[str, str] | None:
    if value is None:
        return None
    namespace, colon, name = value.partition(":")
    if not (namespace and colon and name):
        raise click.BadParameter("write NAMESPACE:SERVICEACCOUNT", context, parameter)
    return namespace, name


@click.command("rbac")
@shared.output("wide", "yaml", "json", "name", default="yaml", explanation="wide says what for.")
@shared.no_headers
@click.option("--name", default="rudr", show_default=True, help="The name of the roles, and what it begins with.")
@click.option("--bind", "account", metavar="NAMESPACE:NAME", callback=_account, help="Bind them to a ServiceAccount.")
@click.option(
    "--watch-namespace",
    "watch",
    metavar="NAMES",
    default="",
    callback=shared.several_namespaces,
    help="As for rudr run: Roles in these, no ClusterRole.",
)
@click.option(
    "--definitions-namespace",
    "definitions",
    metavar="NAME",
    default=Settings().definitions_namespace,
    show_default=True,
    callback=shared.one_namespace,
    help="As for rudr run.",
)
@click.option("--publish-definitions/--no-publish-definitions", "publish", default=True, help="As for rudr run.")
@click.option("--root-scopes/--no-root-scopes", default=False, help="As for rudr run.")
@click.option("--leader-elect/--no-leader-elect", default=False, help="As for rudr run.")
@click.option(
    "--leader-election-id",
    "lease",
    default=LEASE,
    show_default=True,
    help="As for rudr run.",
)
@click.option(
    "--leader-election-namespace", "lease_namespace", help="As for rudr run; default: the definitions namespace."
)
@shared.filename("Add the kinds that the WorkloadType objects in it admit; may be given several times.")
@shared.recursive
@click.option("--aggregate", is_flag=True, help="Only what is beyond the standard types, to be added to our chart's.")
@shared.plugins
@click.pass_context
def command(context: click.Context, /, **flags: Any) -> None:
    """Print the rights that the controller needs with the installed plugins: exactly these, as roles.

    A kind that only a WorkloadType object of the cluster admits is unknown here, unless the object is in a file that
    -f names. Its plural is the names.plural of the object; it, and that of a kind that a plugin produces, is otherwise
    guessed as Kubernetes does (Ingress: ingresses). Documents of other kinds are passed over.

    With --aggregate there is one ClusterRole with the label that the chart's ClusterRole collects.

    Example: rudr rbac --bind rudr-system:rudr | kubectl apply -f -
    """
    work(context, **flags)
