"""The kubeconfig to use, a transport that is closed at the end, and the signals that stop a process."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from rudr_py.errors import ConfigError
from rudr_py.kube.config import Connection
from rudr_py.kube.transport import AioTransport

HOME_CONFIG = "~/.kube/config"


def find(flag: str | float | None, environ: Mapping[str, str]) -> str | None:
    """The kubeconfig to read; None for the service account of the pod. Raises ConfigError if there is neither."""
    if flag:
        return str(flag)
    if environ.get("KUBECONFIG"):
        return environ["KUBECONFIG"]
    if environ.get("KUBERNETES_SERVICE_HOST"):
        return None
    home = Path(HOME_CONFIG).expanduser()
    if home.exists():
        return str(home)
    raise ConfigError("no cluster is configured: use --kubeconfig, set KUBECONFIG, or start a local API with rudr dev")


@contextlib.asynccontextmanager
async def transport_to(connection: Connection, *, purpose: str = "") -> AsyncIterator[AioTransport]:
    """A transport that is closed at the end. `purpose` is a part of its user agent."""

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
