"""What `rudr run` takes."""

from __future__ import annotations

from typing import Any

import click

from rudr_py.cli.lazy import later
from rudr_py.cli.options import leader_election, shared

work = later("rudr_py.cli.commands.run.command:run")


@click.command("run")
@click.option(
    "--kubeconfig",
    metavar="FILE",
    type=click.Path(),
    envvar="RUDR_KUBECONFIG",
    help="Kubeconfig; default: $KUBECONFIG, in a pod its account, ~/.kube/config.",
)
@click.option(
    "--context",
    "context_name",
    metavar="NAME",
    envvar="RUDR_CONTEXT",
    help="The context of the kubeconfig to use.",
)
@click.option(
    "--watch-namespace",
    metavar="NAMES",
    envvar="RUDR_WATCH_NAMESPACE",
    callback=shared.several_namespaces,
    help="Namespaces to watch, with commas between; default: all.",
)
@click.option(
    "--definitions-namespace",
    metavar="NAME",
    envvar="RUDR_DEFINITIONS_NAMESPACE",
    callback=shared.one_namespace,
    help="Where Trait and WorkloadType objects are read from; default: the pod's own namespace, else rudr-system.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    envvar="RUDR_WORKERS",
    help="How many applications are reconciled at once.",
)
@click.option(
    "--health-probe-bind-address",
    "health",
    metavar="ADDR",
    envvar="RUDR_HEALTH_PROBE_BIND_ADDRESS",
    help="Of /healthz and /readyz; default :8081.",
)
@click.option(
    "--metrics-bind-address",
    "--metrics-addr",
    "-m",
    "metrics",
    metavar="ADDR",
    envvar="RUDR_METRICS_BIND_ADDRESS",
    help="Of /metrics; default :8080.",
)
@click.option(
    "--health-scope-bind-address",
    "health_scope",
    metavar="ADDR",
    envvar="RUDR_HEALTH_SCOPE_BIND_ADDRESS",
    help="Of GET /<healthscope>; default: nowhere.",
)
@click.option(
    "--publish-definitions/--no-publish-definitions",
    "publish_definitions",
    default=None,
    envvar="RUDR_PUBLISH_DEFINITIONS",
    help="Keep a Trait, WorkloadType or ApplicationScope of each installed type there; default: yes.",
)
@click.option(
    "--root-scopes/--no-root-scopes",
    "root_scopes",
    default=None,
    envvar="RUDR_ROOT_SCOPES",
    help="Give every namespace the application `root`, with scopes for whoever is in no other; default: no.",
)
@leader_election.flags
@click.option(
    "--log-format",
    type=click.Choice(["auto", "json", "text"]),
    default="auto",
    show_default=True,
    envvar="RUDR_LOG_FORMAT",
    help="How log lines look; auto: text on a terminal, else JSON.",
)
@click.option(
    "--log-level",
    metavar="LEVEL",
    envvar="RUDR_LOG_LEVEL",
    help="debug, info, warning, error or off; also by name: rudr=info,kube=debug.  [default: info]",
)
@click.option("-v", "--verbose", count=True, help="Say more; twice for everything. Beats --log-level.")
@shared.plugins
@click.pass_context
def command(context: click.Context, /, **flags: Any) -> None:
    """Run the controller against a cluster.

    The custom resource definitions must be there: kubectl apply -f crds/. Until they are, the controller waits and
    says so at /readyz?verbose.

    With --leader-elect it waits for its turn, and exits with 1 when it loses the lease, so as to be started anew.
    Ctrl-C and SIGTERM let it finish what it has begun; it then exits with 0.

    Every flag can be given as an environment variable, too: --leader-elect as RUDR_LEADER_ELECT. Flags win.

    Example: rudr run --kubeconfig ~/.kube/config --watch-namespace shop
    """
    work(context, **flags)
