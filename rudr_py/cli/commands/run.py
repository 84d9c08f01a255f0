"""`rudr run`: the controller against a cluster, until it is told to stop. Flags beat the environment.

Builds the controller from what the user asked for; everything below gets it as arguments.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Mapping
from pathlib import Path

import click

import rudr_py
from rudr_py.catalog import Catalog
from rudr_py.cli.cluster import connect
from rudr_py.cli.logging import formatters
from rudr_py.cli.logging import levels as loglevels
from rudr_py.cli.logging.formatters import Format
from rudr_py.cli.options import leader_election, plugins
from rudr_py.controller import assemble
from rudr_py.kube import config
from rudr_py.kube.clock import SystemClock
from rudr_py.settings import Settings

log = logging.getLogger(__name__)


def run(context: click.Context, /, **flags: str | float | None) -> None:
    """Run the controller until it is told to stop. Raises RudrError."""
    levels = loglevels.chosen(_text(flags.pop("log_level")), int(flags.pop("verbose") or 0))
    formatters.setup(_format(flags.pop("log_format")), levels)
    kubeconfig_flag, context_name = flags.pop("kubeconfig"), _text(flags.pop("context_name", None))
    with formatters.last_words(), plugins.watched(context) as loaded:
        kubeconfig = connect.find(kubeconfig_flag, os.environ)
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
        leader_election=leader_election.election(flags, process=process, namespaces=(own, definitions)),
        **{name: value for name, value in given.items() if value is not None},  # type: ignore[arg-type] # click typed them
    )


async def _run(chosen: Settings, kubeconfig: str | None, context_name: str | None, catalog: Catalog) -> None:
    clock = SystemClock()
    async with contextlib.AsyncExitStack() as stack:
        connection = await config.connect(kubeconfig, context_name, now=clock.now)
        log.info("starting", extra=beginning(chosen, connection.server, catalog))
        transport = await stack.enter_async_context(connect.transport_to(connection))
        lease = None
        if chosen.leader_election is not None:
            # with credentials of its own, too: whoever renews those of the others may take a while
            connection = await config.connect(kubeconfig, context_name, now=clock.now)
            lease = await stack.enter_async_context(connect.transport_to(connection, purpose="leader-election"))
        stop = await stack.enter_async_context(connect.stopping())
        await assemble(chosen, transport, clock, catalog, lease=lease).run(stop)


def beginning(chosen: Settings, server: str, catalog: Catalog) -> dict[str, object]:
    """What whoever reads a log wants to know first."""
    return {
        "version": rudr_py.__version__,
        "server": server,
        "namespaces": list(chosen.namespaces) or "all",
        "definitions": chosen.definitions_namespace,
        "leader_election": chosen.leader_election is not None,
        "packages": [plugin.distribution for plugin in catalog.plugins if plugin.state == "loaded"],
    }


def _format(value: str | float | None) -> Format:
    return "json" if value == "json" else "text" if value == "text" else "auto"


def _text(value: str | float | None) -> str | None:
    return None if value is None else str(value)
