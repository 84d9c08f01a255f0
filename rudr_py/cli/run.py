"""`rudr run`: the controller against a cluster, until it is told to stop. Flags beat the environment.

Builds the controller from what the user asked for; everything below gets it as arguments.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import click

from rudr_py.catalog import Catalog
from rudr_py.cli import electing, loglevels, logs, options
from rudr_py.controller import assemble
from rudr_py.errors import ConfigError
from rudr_py.kube import config
from rudr_py.kube.clock import SystemClock
from rudr_py.kube.transport import AioTransport
from rudr_py.settings import Settings

HOME_CONFIG = "~/.kube/config"


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
    help="Namespaces to watch, with commas between; default: all.",
)
@click.option(
    "--definitions-namespace",
    metavar="NAME",
    envvar="RUDR_DEFINITIONS_NAMESPACE",
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
@electing.flags
@click.option(
    "--log-format",
    type=click.Choice(["auto", "json", "text"]),
    default="auto",
    show_default=True,
    envvar="RUDR_LOG_FORMAT",
)
@click.option(
    "--log-level",
    metavar="LEVEL",
    envvar="RUDR_LOG_LEVEL",
    help="debug, info, warning, error or off; also by name: rudr=info,kube=debug.  [default: info]",
)
@click.option("-v", "--verbose", count=True, help="Say more; twice for everything. Beats --log-level.")
@options.plugins
@click.pass_context
def command(context: click.Context, /, **flags: str | float | None) -> None:
    """Run the controller against a cluster.

    The custom resource definitions must be there: kubectl apply -f crds/. Until they are, the controller waits and
    says so at /readyz?verbose.

    With --leader-elect it waits for its turn, and exits with 1 when it loses the lease, so as to be started anew.

    Every flag can be given as an environment variable, too: --leader-elect as RUDR_LEADER_ELECT. Flags win.

    Example: rudr run --kubeconfig ~/.kube/config --watch-namespace shop
    """
    levels = loglevels.chosen(_text(flags.pop("log_level")), int(flags.pop("verbose") or 0))
    logs.setup(_format(flags.pop("log_format")), levels)
    kubeconfig_flag, context_name = flags.pop("kubeconfig"), _text(flags.pop("context_name", None))
    with logs.last_words(), options.watched_types(context) as loaded:
        kubeconfig = find(kubeconfig_flag, os.environ)
        asyncio.run(_run(settings(flags, os.environ), kubeconfig, context_name, loaded.catalog))


def settings(
    flags: Mapping[str, str | float | None],
    environ: Mapping[str, str],
    service_account: Path = Path(config.SERVICE_ACCOUNT),
) -> Settings:
    """The settings that flags and environment ask for. Rudr's KUBERNETES_NAMESPACE counts when no flag does.

    `service_account` is the folder where a pod finds its own namespace. Raises ConfigError.
    """
    namespaces = _text(flags.get("watch_namespace"))
    if namespaces is None:
        namespaces = environ.get("RUDR_WATCH_NAMESPACE", environ.get("KUBERNETES_NAMESPACE", ""))
    own = environ.get("POD_NAMESPACE") or config.own_namespace(service_account)
    process = environ.get("POD_NAME") or socket.gethostname()
    definitions = _text(flags.get("definitions_namespace")) or own or Settings().definitions_namespace
    given = {
        "workers": flags.get("workers"),
        "health_address": flags.get("health"),
        "metrics_address": flags.get("metrics"),
        "health_scope_address": flags.get("health_scope"),
        "publish_definitions": flags.get("publish_definitions"),
        "root_scopes": flags.get("root_scopes"),
    }
    return Settings(
        namespaces=tuple(name.strip() for name in namespaces.split(",") if name.strip()),
        definitions_namespace=definitions,
        identity=process,
        leader_election=electing.election(flags, process=process, namespaces=(own, definitions)),
        **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type] # click typed them
    )


def find(flag: str | float | None, environ: Mapping[str, str]) -> str | None:
    """The kubeconfig to read; None for the service account of the pod. Raises ConfigError when there is nothing."""
    if flag:
        return str(flag)
    if environ.get("KUBECONFIG"):
        return environ["KUBECONFIG"]
    if environ.get("KUBERNETES_SERVICE_HOST"):
        return None
    home = Path(HOME_CONFIG).expanduser()
    if home.exists():
        return str(home)
    raise ConfigError("no cluster: give --kubeconfig, set KUBECONFIG, or try without a cluster: rudr dev")


async def _run(chosen: Settings, kubeconfig: str | None, context_name: str | None, catalog: Catalog) -> None:
    clock = SystemClock()
    async with contextlib.AsyncExitStack() as stack:
        transport = await stack.enter_async_context(
            transport_to(await config.connect(kubeconfig, context_name, now=clock.now))
        )
        lease = None
        if chosen.leader_election is not None:
            # with credentials of its own, too: whoever renews those of the others may take a while
            connection = await config.connect(kubeconfig, context_name, now=clock.now)
            lease = await stack.enter_async_context(transport_to(connection, purpose="leader-election"))
        stop = await stack.enter_async_context(stopping())
        await assemble(chosen, transport, clock, catalog, lease=lease).run(stop)


@contextlib.asynccontextmanager
async def transport_to(connection: config.Connection, *, purpose: str = "") -> AsyncIterator[AioTransport]:
    """A transport that is closed at the end; the server is told what it is for."""
    transport = AioTransport(connection, purpose=purpose)
    try:
        yield transport
    finally:
        await transport.close()


@contextlib.asynccontextmanager
async def stopping() -> AsyncIterator[asyncio.Event]:
    """An event that Ctrl-C and SIGTERM set."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _format(value: str | float | None) -> logs.Format:
    return "json" if value == "json" else "text" if value == "text" else "auto"


def _text(value: str | float | None) -> str | None:
    return None if value is None else str(value)
