"""The seam between us and HTTP: a Request goes out, a Reply or a Stream of bytes comes back.

`AioTransport` is the real one, on aiohttp. It maps failures to `ConnectionFailedError`, asks for credentials
at every request and refreshes them once on 401. It reads no status code but that one, decodes nothing, retries nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import socket
import struct
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import aiohttp
import msgspec
from multidict import CIMultiDict
from yarl import URL

from rudr_py import __version__, errors
from rudr_py.kube import requests
from rudr_py.kube.config import Connection
from rudr_py.kube.requests import Request

CONNECT_TIMEOUT = 10.0
"""Seconds for name look-up, TCP and TLS together."""

POOL = 64
"""Connections for requests at once; a watch has its own pool without a limit, as each holds one."""


class Reply(msgspec.Struct, frozen=True):
    """An HTTP answer, whole. Header names are matched without case when `headers` comes from a transport of ours."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Stream:
    """An HTTP answer whose body is still coming: iterate it once for chunks of any size.

    `status` may be an error; then the chunks are the body that explains it.
    """

    def __init__(self, status: int, headers: Mapping[str, str], chunks: AsyncIterator[bytes]) -> None:
        self.status = status
        self.headers = headers
        self._chunks = chunks

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks


class Transport(Protocol):
    """What the rest of this room needs of HTTP. All methods raise `ConnectionFailedError` when no answer comes."""

    async def send(self, request: Request) -> Reply:
        """Send and read the whole answer, within `request.timeout` seconds."""
        ...

    def stream(self, request: Request) -> AbstractAsyncContextManager[Stream]:
        """Send and hand out the body as it comes; `request.timeout` seconds of silence end it."""
        ...

    async def close(self) -> None:
        """Close all connections. Requests under way fail."""
        ...


class AioTransport:
    """HTTP/1.1 through aiohttp: one session for requests, one for watches. Make it where an event loop runs."""

    def __init__(self, connection: Connection, *, purpose: str = "") -> None:
        """`purpose` is added to the User-Agent, as client-go does for leader election."""
        self._connection = connection
        self._agent = f"rudr-py/{__version__} {purpose}".rstrip()
        self._requests: aiohttp.ClientSession | None = None
        self._watches: aiohttp.ClientSession | None = None
        self._closed = False

    @property
    def host(self) -> str:
        """Host and port of the server, for metrics."""
        return URL(self._connection.server).authority

    async def send(self, request: Request) -> Reply:
        """Send and read the whole answer; 401 refreshes the credentials and sends once more.

        Whoever gives up, by the time-out or by being cancelled, leaves nothing behind: what the server has not got yet
        never gets there.
        """
        with _failures(request):
            # the time is that of everything: getting credentials, connecting, sending twice
            async with asyncio.timeout(request.timeout or requests.DEFAULT_TIMEOUT):
                credentials = await self._connection.credentials()
                reply = await self._send_once(request, credentials)
                if reply.status == 401:
                    newer = await self._newer(credentials)
                    if newer is not None:
                        reply = await self._send_once(request, newer)
                return reply

    @contextlib.asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[Stream]:
        """Send and hand out the body as it comes; 401 refreshes the credentials and asks once more."""
        async with contextlib.AsyncExitStack() as stack:
            credentials = await self._connection.credentials()
            response = await self._open(stack, request, credentials)
            if response.status == 401:
                newer = await self._newer(credentials)
                if newer is not None:
                    response = await self._open(stack, request, newer)
            stack.callback(_hang_up, response)
            chunks = await stack.enter_async_context(contextlib.aclosing(_chunks(request, response)))
            yield Stream(response.status, response.headers, chunks)

    async def close(self) -> None:
        """Close both sessions; whoever sends afterwards gets `ConnectionFailedError`."""
        self._closed = True
        for session in (self._requests, self._watches):
            if session is not None:
                await session.close()
        self._requests = self._watches = None

    async def _newer(self, rejected: Mapping[str, str]) -> Mapping[str, str] | None:
        """Other credentials than those rejected, in headers or in the TLS context, or None."""
        tls = self._connection.tls
        newer = await self._connection.credentials(rejected=rejected)
        return newer if newer != rejected or self._connection.tls is not tls else None

    async def _send_once(self, request: Request, credentials: Mapping[str, str]) -> Reply:
        self._refuse_when_closed(request)
        if self._requests is None:
            self._requests = self._session(limit=POOL, compress=True)
        timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_TIMEOUT)
        arguments = self._arguments(request, credentials)
        with _failures(request), _cut_off():
            async with self._requests.request(request.method, timeout=timeout, **arguments) as response:
                return Reply(response.status, response.headers, await response.read())

    async def _open(
        self, stack: contextlib.AsyncExitStack, request: Request, credentials: Mapping[str, str]
    ) -> aiohttp.ClientResponse:
        self._refuse_when_closed(request)
        if self._watches is None:
            self._watches = self._session(limit=0, compress=False)
        timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_TIMEOUT, sock_read=request.timeout or None)
        arguments = self._arguments(request, credentials)
        with _failures(request):
            return await stack.enter_async_context(self._watches.request(request.method, timeout=timeout, **arguments))

    def _refuse_when_closed(self, request: Request) -> None:
        if self._closed:
            raise errors.ConnectionFailedError(f"{request.method} {request.path}: the transport is closed")

    def _arguments(self, request: Request, credentials: Mapping[str, str]) -> dict[str, Any]:
        headers = CIMultiDict(credentials)
        headers["Accept"] = request.accept
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        url = URL(self._connection.server + request.path, encoded=True).with_query(list(request.query))
        connection = self._connection
        return {
            "url": url,
            "headers": headers,
            "data": request.body,
            "ssl": connection.tls if connection.tls is not None else True,
            "server_hostname": connection.tls_server_name or None,
            "proxy": connection.proxy or None,
            "allow_redirects": False,
        }

    def _session(self, *, limit: int, compress: bool) -> aiohttp.ClientSession:
        headers = {"User-Agent": self._agent}
        if not compress:
            headers["Accept-Encoding"] = "identity"
        return aiohttp.ClientSession(connector=_Connector(limit=limit), headers=headers)


_used: contextvars.ContextVar[list[asyncio.Transport]] = contextvars.ContextVar("used")
"""The connections that the request under way was given."""


class _Connector(aiohttp.TCPConnector):
    """Notes which connection a request was given: aiohttp tells it only once the answer has begun."""

    async def connect(self, *arguments: Any, **named: Any) -> aiohttp.connector.Connection:
        """As the library does; the connection is told to `_cut_off`."""
        connection = await super().connect(*arguments, **named)
        if connection.transport is not None:
            _used.get([]).append(connection.transport)
        return connection


@contextlib.contextmanager
def _cut_off() -> Iterator[None]:
    """Reset the connection of a request that does not end well.

    Closing it would not do: what waits in our buffers, and in those of the system, would still be sent, for minutes if
    the peer does not listen.
    """
    used: list[asyncio.Transport] = []
    token = _used.set(used)
    try:
        yield
    except BaseException:
        for transport in used:
            found = transport.get_extra_info("socket")
            with contextlib.suppress(OSError):  # it may be closed already
                found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
        raise
    finally:
        _used.reset(token)


def _hang_up(response: aiohttp.ClientResponse) -> None:
    """End the connection of an answer that is left unread, without TLS's goodbye, which would outlive `close`."""
    if response.connection is not None and response.connection.transport is not None:
        response.connection.transport.abort()


async def _chunks(request: Request, response: aiohttp.ClientResponse) -> AsyncGenerator[bytes]:
    with _failures(request):
        async for chunk in response.content.iter_any():
            yield chunk


@contextlib.contextmanager
def _failures(request: Request) -> Iterator[None]:
    """Turn what aiohttp and the system raise into the one error of this tree."""
    try:
        yield
    except TimeoutError as error:
        message = f"{request.method} {request.path}: no answer within {request.timeout or requests.DEFAULT_TIMEOUT:g} s"
        raise errors.ConnectionFailedError(message) from error
    except (aiohttp.ClientError, OSError) as error:
        message = f"{request.method} {request.path}: {str(error) or type(error).__name__}"
        raise errors.ConnectionFailedError(message) from error
