"""A client for the cluster that the user selected, and messages for its errors, which are worded as in kubectl."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import msgspec

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.cli.cluster import connect, user_roles
from rudr_py.cli.options.flags import ClusterOptions
from rudr_py.cli.process import CommandFailure
from rudr_py.kube import config
from rudr_py.kube.client import Client
from rudr_py.kube.clock import SystemClock
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.requests import Resource
from rudr_py.kube.transport import Transport
from rudr_py.model.identity import API_VERSION


class ClusterClient(msgspec.Struct, frozen=True, kw_only=True):
    """The connection to a cluster. `namespace` is ignored if `all_namespaces` is set."""

    transport: Transport
    client: Client
    discovery: Discovery
    server: str
    namespace: str
    all_namespaces: bool = False

    @property
    def listed_namespace(self) -> str:
        """The namespace to list; empty for all."""
        return "" if self.all_namespaces else self.namespace

    async def resource(self, kind: Kind) -> Resource:
        """The resource of a kind. Raises KindAbsentError."""
        return await self.discovery.resolve(kind.api_version, kind.kind)


@contextlib.asynccontextmanager
async def opened(
    options: ClusterOptions, *, failure: type[CommandFailure] = CommandFailure
) -> AsyncIterator[ClusterClient]:
    """A client that is closed at the end. Errors inside become `failure`, worded as in kubectl."""
    clock = SystemClock()
    with converting_errors(failure):
        kubeconfig = connect.find(options.kubeconfig, os.environ)
        connection = await config.connect(kubeconfig, options.context, environ=os.environ, now=clock.now)
    with converting_errors(failure, connection.server):
        async with connect.transport_to(connection) as transport:
            client = Client(transport)
            yield ClusterClient(
                transport=transport,
                client=client,
                discovery=Discovery(client, clock=clock),
                server=connection.server,
                namespace=options.namespace or connection.namespace,
                all_namespaces=options.all_namespaces,
            )


@contextlib.contextmanager
def converting_errors(failure: type[CommandFailure], server: str = "") -> Iterator[None]:
    """Raise `failure` in place of an error of rudr_py, alone or in a group."""
    try:
        yield
    except errors.RudrError as error:
        raise failure(error_message(error, server)) from error
    except ExceptionGroup as group:
        first = _first(group)
        if first is None:
            raise
        raise failure(error_message(first, server)) from group


def _first(group: ExceptionGroup[Exception]) -> errors.RudrError | None:
    for error in group.exceptions:
        first = _first(error) if isinstance(error, ExceptionGroup) else error
        if isinstance(first, errors.RudrError):
            return first
    return None


def error_message(error: errors.RudrError, server: str = "") -> str:
    """The message that kubectl prints for such an error."""
    if isinstance(error, errors.UnauthorizedError):
        return "error: You must be logged in to the server (Unauthorized)"
    if isinstance(error, errors.ApiError):
        return f"Error from server ({error.reason or error.status}): {error.message}{_role_line(error)}"
    if isinstance(error, errors.ConnectionFailedError):
        if _refused(error):
            host = urlsplit(server).netloc or server
            return f"The connection to the server {host} was refused - did you specify the right host or port?"
        return f"Unable to connect to the server: {error}"
    if isinstance(error, errors.KindAbsentError) and error.api_version == API_VERSION:
        return f'error: the server doesn\'t have a resource type "{error.kind}"; install the definitions: rudr crds'
    return f"error: {error}"


def _role_line(error: errors.ApiError) -> str:
    """A second line that names the role with the missing right; empty for other errors."""
    role = user_roles.containing(error.right) if isinstance(error, errors.MissingRightError) else ""
    return f"\nThe role {role} contains this right." if role else ""


def unreadable_message(error: errors.RudrError) -> str:
    """The reason why a kind could not be read, as a warning beside the objects of other kinds."""
    return missing_right_message(error.right) if isinstance(error, errors.MissingRightError) else str(error)


def missing_right_message(right: errors.Right) -> str:
    """The right that the user lacks, and the role that contains it."""
    return f"you may not {right}{user_roles.advice(right)}"


def not_found(name: str) -> CommandFailure:
    """The failure for an application that does not exist, worded as in kubectl."""
    return CommandFailure(f'Error from server (NotFound): applicationconfigurations.core.oam.dev "{name}" not found')


def _refused(error: BaseException) -> bool:
    """Whether the connection was refused: the system's error is one of the causes."""
    cause: BaseException | None = error
    while cause is not None:
        system_error = getattr(cause, "os_error", cause)
        if isinstance(system_error, OSError) and system_error.errno == errno.ECONNREFUSED:
            return True
        if isinstance(system_error, OSError) and "Connect call failed" in str(system_error):
            return True
        cause = cause.__cause__
    return False
