"""`rudr run`: the controller against a cluster, until it is stopped.

Builds the controller from flags and environment, and passes everything on as arguments. Flags override the environment.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import click
import msgspec

import rudr_py
from rudr_py.catalog import Catalog
from rudr_py.cli.cluster import connect
from rudr_py.cli.logging import formatters, levels
from rudr_py.cli.logging.formatters import Format
from rudr_py.cli.options import defaults as defaults_option
from rudr_py.cli.options import flags, impersonation, leader_election, plugins, removal
from rudr_py.cli.options import limits as limits_option
from rudr_py.cli.options.decorators import setting
from rudr_py.cli.process import exempt_from_collections
from rudr_py.controller.wiring import assemble
from rudr_py.errors import ConfigError
from rudr_py.kube import config
from rudr_py.kube.clock import SystemClock
from rudr_py.settings import NO_DEFAULTS, ComponentUpdates, PlatformDefaults, Settings

log = logging.getLogger(__name__)

_SAME_NAMES = set(Settings.__struct_fields__) - {"namespaces", "definitions_namespace", "impersonation", "state_dir"}
"""The settings that are the value of the option of the same name, if there is one."""


@click.command("run")
@setting(
    "--kubeconfig",
    metavar="FILE",
    type=click.Path(),
    help="Kubeconfig; default: $KUBECONFIG, the service account in a pod, else ~/.kube/config.",
)
@setting("--context", "context_name", metavar="NAME", help="Context of the kubeconfig to use.")
@setting(
    "--watch-namespace",
    metavar="NAMES",
    callback=flags.check_namespaces,
    help="Namespaces to watch, separated by commas; default: all.",
)
@setting(
    "--definitions-namespace",
    metavar="NAME",
    callback=flags.check_namespace,
    help="Namespace of the Trait and WorkloadType objects; default: the pod's namespace, else rudr-system.",
)
@setting("--workers", type=click.IntRange(1, 256), help="Maximum number of concurrent reconciles.")
@flags.sensitive_words_option
@setting(
    "--cache-mebibytes",
    type=click.IntRange(min=1),
    help="Size of the cached documents that stay in memory; further ones are in a temporary file; default: 64.",
)
@setting(
    "--health-probe-bind-address", "health", metavar="ADDR", help="Address of /healthz and /readyz; default: :8081."
)
@setting(
    "--metrics-bind-address",
    "--metrics-addr",
    "-m",
    "metrics",
    metavar="ADDR",
    help="Address of /metrics; default: :8080.",
)
@setting(
    "--health-scope-bind-address", "health_scope", metavar="ADDR", help="Address of GET /<healthscope>; default: none."
)
@setting(
    "--publish-definitions/--no-publish-definitions",
    "publish_definitions",
    default=None,
    help="Publish each installed type there as a Trait, WorkloadType or ApplicationScope object; default: yes.",
)
@setting(
    "--root-scopes/--no-root-scopes",
    "root_scopes",
    default=None,
    help="Create an application `root` in every namespace; its scopes contain instances without any; default: no.",
)
@setting(
    "--instance-statuses/--no-instance-statuses",
    "instance_statuses",
    default=None,
    help="Write the status of every ComponentInstance, healthy or unhealthy, not only of members of scopes; "
    "default: no.",
)
@setting(
    "--revision-history-limit",
    "revision_history_limit",
    type=click.IntRange(0, 1000),
    metavar="N",
    help="Number of revisions that are kept of each application, 0 for none; default: 10.",
)
@removal.policy(
    "When an instance or object is deleted that a change of the documents removes: when those that it adds are ready, "
    "first, or only with the application; default: after-ready. The annotation rudr.oam.dev/removal has precedence."
)
@removal.deadline
@setting(
    "--component-updates",
    "component_updates",
    type=click.Choice(get_args(ComponentUpdates)),
    help="Whether applications take changes of their components at once, or after `rudr promote`. The "
    "annotation rudr.oam.dev/component-updates of an application takes precedence; default: automatic.",
)
@flags.check_resources(
    "Whether an application is refused whose pods are too large for every node, or only gets a warning; default: "
    "auto, which refuses it in clusters without nodes of a cloud provider."
)
@defaults_option.option(
    "Defaults of all pods, such as podSecurity=restricted,limits.memory=256Mi, or a file of values; see the settings."
)
@flags.image_pull_policy("Short form of --defaults imagePullPolicy=..., over which it takes precedence.")
@limits_option.option("Limits of one application, such as traits=200,objects=5000; see the settings.")
@leader_election.flags
@impersonation.flags
@setting(
    "--log-format",
    type=click.Choice(["auto", "json", "text"]),
    default="auto",
    show_default=True,
    help="Format of log lines; auto: text on a terminal, else JSON.",
)
@setting(
    "--log-level",
    metavar="LEVEL",
    help="debug, info, warning, error or off; also for single loggers: rudr=info,kube=debug.  [default: info]",
)
@click.option("-v", "--verbose", count=True, help="Log more; twice for debug messages. Overrides --log-level.")
@flags.plugins
@click.pass_context
def command(context: click.Context, /, **options: str | float | None) -> None:
    """Run the controller against a cluster.

    The custom resource definitions must be installed: kubectl apply -f crds/. Until they are, the controller waits, and
    /readyz?verbose lists what is missing.

    With --leader-elect the controller waits until it is the leader, and exits with 1 when it loses the Lease, so that
    its supervisor restarts it. On Ctrl-C and SIGTERM it finishes its current reconciles and exits with 0.

    Every flag can be set with an environment variable, for example --leader-elect with RUDR_LEADER_ELECT. Flags take
    precedence.

    Example: rudr run --kubeconfig ~/.kube/config --watch-namespace shop
    """
    log_levels = levels.from_options(_text(options.pop("log_level")), int(options.pop("verbose") or 0))
    formatters.setup(_format(options.pop("log_format")), log_levels)
    kubeconfig_option, context_name = options.pop("kubeconfig"), _text(options.pop("context_name", None))
    with formatters.logging_errors(), plugins.load_with_watchdog(context) as loaded:
        kubeconfig = connect.find(kubeconfig_option, os.environ)
        state_dir = str(plugins.selected(context).state_dir or "")
        controller_settings = msgspec.structs.replace(settings(options, os.environ), state_dir=state_dir)
        asyncio.run(_run(controller_settings, kubeconfig, context_name, loaded.catalog))


def settings(
    options: Mapping[str, str | float | None],
    environ: Mapping[str, str],
    service_account: Path = Path(config.SERVICE_ACCOUNT),
) -> Settings:
    """The settings for the values of the options and the environment. Raises ConfigError.

    Rudr's KUBERNETES_NAMESPACE is used when neither the flag nor RUDR_WATCH_NAMESPACE is set. `service_account` is the
    folder in which a pod reads its own namespace.
    """
    namespaces = _text(options.get("watch_namespace"))
    if namespaces is None:
        namespaces = environ.get("RUDR_WATCH_NAMESPACE", environ.get("KUBERNETES_NAMESPACE", ""))
    own = environ.get("POD_NAMESPACE") or config.own_namespace(service_account)
    process = environ.get("POD_NAME") or socket.gethostname()
    definitions = _text(options.get("definitions_namespace")) or own or Settings().definitions_namespace
    words = _text(options.get("sensitive_words"))
    if options.get("component_updates") == "manual" and options.get("revision_history_limit") == 0:
        raise ConfigError(
            "--component-updates manual requires revisions, which --revision-history-limit 0 does not keep"
        )
    overrides = {name: options.get(name) for name in _SAME_NAMES} | {
        "sensitive_words": None if words is None else flags.words(words),
        "health_address": options.get("health"),
        "metrics_address": options.get("metrics"),
        "health_scope_address": options.get("health_scope"),
        "defaults": flags.with_pull_policy(_defaults(options), _text(options.get("image_pull_policy")) or ""),
    }
    return Settings(
        namespaces=tuple(name.strip() for name in namespaces.split(",") if name.strip()),
        definitions_namespace=definitions,
        identity=process,
        impersonation=impersonation.from_options(options),
        leader_election=leader_election.from_options(options, process=process, namespaces=(own, definitions)),
        **{name: value for name, value in overrides.items() if value is not None},  # type: ignore[arg-type] # click typed them
    )


async def _run(settings: Settings, kubeconfig: str | None, context_name: str | None, catalog: Catalog) -> None:
    clock = SystemClock()
    async with contextlib.AsyncExitStack() as stack:
        connection = await config.connect(kubeconfig, context_name, environ=os.environ, now=clock.now)
        log.info("starting", extra=start_fields(settings, connection.server, catalog))
        transport = await stack.enter_async_context(connect.transport_to(connection))
        lease = None
        if settings.leader_election is not None:
            # separate credentials: refreshing those of the other connection may take longer than the Lease lasts
            connection = await config.connect(kubeconfig, context_name, environ=os.environ, now=clock.now)
            lease = await stack.enter_async_context(connect.transport_to(connection, purpose="leader-election"))
        stop = await stack.enter_async_context(connect.stopping())
        process = assemble(settings, transport, clock, catalog, lease_transport=lease)
        exempt_from_collections()
        await process.run(stop)


def start_fields(settings: Settings, server: str, catalog: Catalog) -> dict[str, object]:
    """The fields of the first log line."""
    return {
        "version": rudr_py.__version__,
        "server": server,
        "namespaces": list(settings.namespaces) or "all",
        "definitions": settings.definitions_namespace,
        "leader_election": settings.leader_election is not None,
        "impersonation": settings.impersonation is not None,
        "packages": [plugin.distribution for plugin in catalog.plugins if plugin.state == "loaded"],
    }


def _defaults(options: Mapping[str, object]) -> PlatformDefaults:
    value = options.get("defaults")
    return value if isinstance(value, PlatformDefaults) else NO_DEFAULTS


def _format(value: str | float | None) -> Format:
    return "json" if value == "json" else "text" if value == "text" else "auto"


def _text(value: str | float | None) -> str | None:
    return None if value is None else str(value)
