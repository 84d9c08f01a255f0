"""What the commands that ask a cluster share: a client of the cluster that the user means, and its errors.

An error of the cluster is told in kubectl's words, so that whoever knows kubectl knows what to do. Reads only what
kubectl would read, and writes nothing.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import msgspec

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.cli.cluster import connect
from rudr_py.cli.options.shared import ClusterOptions
from rudr_py.cli.process import CommandFailure
from rudr_py.kube import config
from rudr_py.kube.client import Client
from rudr_py.kube.clock import SystemClock
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.requests import Resource
from rudr_py.kube.transport import AioTransport
from rudr_py.model.identity import API_VERSION

APPLICATION = Kind(API_VERSION, "ApplicationConfiguration")


class ClusterClient(msgspec.Struct, frozen=True, kw_only=True):
    """A way to the cluster. `namespace` is the one asked for; with `everywhere` it does not count."""

    transport: AioTransport
    client: Client
    discovery: Discovery
    server: str
    namespace: str
    everywhere: bool = False

    @property
    def selected(self) -> str:
        """The namespace to list, empty for all."""
        return "" if self.everywhere else self.namespace

    async def resource(self, kind: Kind) -> Resource:
        """How the server serves a kind. Raises KindAbsentError."""
        return await self.discovery.resolve(kind.api_version, kind.kind)


@contextlib.asynccontextmanager
async def opened(
    where: ClusterOptions, *, failure: type[CommandFailure] = CommandFailure
) -> AsyncIterator[ClusterClient]:
    """The cluster, closed at the end. What goes wrong with it inside is told as kubectl would, by `failure`."""
    clock = SystemClock()
    # it warns of files that are not there, which is told below
    logging.getLogger("kubernetes_asyncio").addHandler(logging.NullHandler())
    with failing(failure):
        connection = await config.connect(connect.find(where.kubeconfig, os.environ), where.context, now=clock.now)
    with failing(failure, connection.server):
        async with connect.transport_to(connection) as transport:
            client = Client(transport)
            yield ClusterClient(
                transport=transport,
                client=client,
                discovery=Discovery(client, clock=clock),
                server=connection.server,
                namespace=where.namespace or connection.namespace,
                everywhere=where.everywhere,
            )


@contextlib.contextmanager
def failing(failure: type[CommandFailure], server: str = "") -> Iterator[None]:
    """Turn errors of ours, alone or in a group, into a failure of this class."""
    try:
        yield
    except errors.RudrError as error:
        raise failure(said(error, server)) from error
    except ExceptionGroup as group:
        found = _first(group)
        if found is None:
            raise
        raise failure(said(found, server)) from group


def _first(group: ExceptionGroup[Exception]) -> errors.RudrError | None:
    for error in group.exceptions:
        found = _first(error) if isinstance(error, ExceptionGroup) else error
        if isinstance(found, errors.RudrError):
            return found
    return None


def said(error: errors.RudrError, server: str = "") -> str:
    """The error in kubectl's words."""
    if isinstance(error, errors.UnauthorizedError):
        return "error: You must be logged in to the server (Unauthorized)"
    if isinstance(error, errors.ApiError):
        return f"Error from server ({error.reason or error.status}): {error.message}"
    if isinstance(error, errors.ConnectionFailedError):
        if _refused(error):
            place = urlsplit(server).netloc or server
            return f"The connection to the server {place} was refused - did you specify the right host or port?"
        return f"Unable to connect to the server: {error}"
    if isinstance(error, errors.KindAbsentError) and error.api_version == API_VERSION:
        return f'error: the server doesn\'t have a resource type "{error.kind}"; install the definitions: rudr crds'
    return f"error: {error}"


def unread(error: errors.RudrError) -> str:
    """Why something could not be read, to be told beside what could."""
    return f"you {error}" if isinstance(error, errors.MissingRightError) else str(error)


def not_found(name: str) -> CommandFailure:
    """There is no application of this name."""
    return CommandFailure(f'Error from server (NotFound): applicationconfigurations.core.oam.dev "{name}" not found')


def _refused(error: BaseException) -> bool:
    """Whether the reason is that nobody listens there: the system's error is somewhere below."""
    below: BaseException | None = error
    while below is not None:
        system = getattr(below, "os_error", below)
        if isinstance(system, OSError) and system.errno == errno.ECONNREFUSED:
            return True
        if isinstance(system, OSError) and "Connect call failed" in str(system):
            return True
        below = below.__cause__
    return False
