"""The HTTP transport: sends a Request, returns a Reply or a Stream of bytes.

`AioTransport` implements it with aiohttp. It maps failures to `ConnectionFailedError`, gets the credentials
for every request, and refreshes them once on 401. It handles no other status, decodes nothing and retries nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import socket
import struct
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol
from urllib.parse import quote

import aiohttp
import msgspec
from multidict import CIMultiDict
from yarl import URL

from rudr_py import __version__, errors
from rudr_py.kube import requests
from rudr_py.kube.config import Connection
from rudr_py.kube.requests import Request

CONNECT_TIMEOUT = 10.0
"""Seconds for DNS, TCP and TLS together."""

POOL = 64
"""Maximum of connections for requests; watches have a separate pool without a limit, because each occupies one."""


class Reply(msgspec.Struct, frozen=True):
    """A whole HTTP response. `AioTransport` returns case-insensitive `headers`."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Stream:
    """An HTTP response whose body is still being received: iterate it once for chunks of any size.

    `status` may be an error; then the chunks are the body of the error.
    """

    def __init__(self, status: int, headers: Mapping[str, str], chunks: AsyncIterator[bytes]) -> None:
        self.status = status
        self.headers = headers
        self._chunks = chunks

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks


class Transport(Protocol):
    """The interface of a transport. All methods raise `ConnectionFailedError` when no response comes."""

    async def send(self, request: Request) -> Reply:
        """Send and read the whole response, within `request.timeout` seconds."""
        ...

    def stream(self, request: Request) -> AbstractAsyncContextManager[Stream]:
        """Send and return the body as a stream; it fails after `request.timeout` seconds without a byte."""
        ...

    async def close(self) -> None:
        """Close all connections. Open requests fail."""
        ...


class AioTransport:
    """HTTP/1.1 by aiohttp: one session for requests, one for watches. Create it inside a running event loop."""

    def __init__(self, connection: Connection, *, purpose: str = "") -> None:
        """`purpose` is added to the User-Agent, as in client-go for leader election."""
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
        """Send and read the whole response; after 401 refresh the credentials and send the request once more.

        After a timeout or a cancellation no part of the request is sent any more.
        """
        with _Failures(request):
            # the timeout includes loading credentials, connecting and the second attempt
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
        """Send and return the body as a stream; after 401 refresh the credentials and send once more."""
        async with contextlib.AsyncExitStack() as stack:
            credentials = await self._connection.credentials()
            response = await self._open(stack, request, credentials)
            if response.status == 401:
                newer = await self._newer(credentials)
                if newer is not None:
                    response = await self._open(stack, request, newer)
            stack.callback(_abort, response)
            chunks = await stack.enter_async_context(contextlib.aclosing(_chunks(request, response)))
            yield Stream(response.status, response.headers, chunks)

    async def close(self) -> None:
        """Close both sessions; later requests raise `ConnectionFailedError`."""
        self._closed = True
        for session in (self._requests, self._watches):
            if session is not None:
                await session.close()
        self._requests = self._watches = None

    async def _newer(self, rejected: Mapping[str, str]) -> Mapping[str, str] | None:
        """Headers to try after `rejected`, if they or the TLS context have changed, or None."""
        tls = self._connection.tls
        newer = await self._connection.credentials(rejected=rejected)
        return newer if newer != rejected or self._connection.tls is not tls else None

    async def _send_once(self, request: Request, credentials: Mapping[str, str]) -> Reply:
        self._refuse_when_closed(request)
        if self._requests is None:
            self._requests = self._session(limit=POOL, compress=True)
        arguments = self._arguments(request, credentials)
        with _ResetOnFailure():
            async with self._requests.request(request.method, timeout=_CONNECT, **arguments) as response:
                return Reply(response.status, response.headers, await _body(request, response))

    async def _open(
        self, stack: contextlib.AsyncExitStack, request: Request, credentials: Mapping[str, str]
    ) -> aiohttp.ClientResponse:
        self._refuse_when_closed(request)
        if self._watches is None:
            self._watches = self._session(limit=0, compress=False)
        timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_TIMEOUT, sock_read=request.timeout or None)
        arguments = self._arguments(request, credentials)
        with _Failures(request):
            return await stack.enter_async_context(self._watches.request(request.method, timeout=timeout, **arguments))

    def _refuse_when_closed(self, request: Request) -> None:
        if self._closed:
            raise errors.ConnectionFailedError(f"{request.method} {request.path}: the transport is closed")

    def _arguments(self, request: Request, credentials: Mapping[str, str]) -> dict[str, Any]:
        headers = CIMultiDict(credentials)
        headers["Accept"] = request.accept
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        if request.user:
            headers["Impersonate-User"] = request.user
        else:
            headers.extend(self._connection.impersonation)
        connection = self._connection
        return {
            "url": URL(f"{connection.server}{request.path}{_encoded(request.query)}", encoded=True),
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


_CONNECT = aiohttp.ClientTimeout(total=None, connect=CONNECT_TIMEOUT)


@functools.lru_cache(maxsize=64)  # all applies have the same one
def _encoded(query: tuple[tuple[str, str], ...]) -> str:
    """The query of a URL with its question mark; empty without any."""
    return "?" + "&".join(f"{quote(name)}={quote(value)}" for name, value in query) if query else ""


_used: contextvars.ContextVar[list[asyncio.Transport]] = contextvars.ContextVar("used")
"""The connections of the current request."""


class _Connector(aiohttp.TCPConnector):
    """Records the connection of a request; aiohttp exposes it only after the response has begun."""

    async def connect(self, *arguments: Any, **named: Any) -> aiohttp.connector.Connection:
        """Connect, and record the connection for `_ResetOnFailure`."""
        connection = await super().connect(*arguments, **named)
        if connection.transport is not None:
            _used.get([]).append(connection.transport)
        return connection


class _ResetOnFailure:
    """Resets the connection of a failed request.

    Closing it is not enough: the buffers of the process and of the system would still be sent, for minutes if the peer
    does not read.
    """

    def __enter__(self) -> None:
        self._connections: list[asyncio.Transport] = []
        self._token = _used.set(self._connections)

    def __exit__(self, kind: type[BaseException] | None, error: object, traceback: object) -> None:
        _used.reset(self._token)
        for transport in self._connections if kind is not None else ():
            connected = transport.get_extra_info("socket")
            with contextlib.suppress(OSError):  # it may be closed already
                connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()


def _abort(response: aiohttp.ClientResponse) -> None:
    """Abort the connection of an unread response, without TLS's close_notify, which would delay `close`."""
    if response.connection is not None and response.connection.transport is not None:
        response.connection.transport.abort()


async def _body(request: Request, response: aiohttp.ClientResponse) -> bytes:
    """The whole body. Raises ResponseTooLargeError as soon as it is too long, and leaves the rest unread."""
    if not request.max_bytes:
        return await response.read()
    parts: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > request.max_bytes:
            message = f"{request.method} {request.path}: the response is longer than {request.max_bytes} bytes"
            raise errors.ResponseTooLargeError(message)
        parts.append(chunk)
    return b"".join(parts)


async def _chunks(request: Request, response: aiohttp.ClientResponse) -> AsyncGenerator[bytes]:
    with _Failures(request):
        async for chunk in response.content.iter_any():
            yield chunk


class _Failures:
    """Converts exceptions of aiohttp and the system into ConnectionFailedError."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def __enter__(self) -> None:
        """Nothing precedes the request."""

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        request = self._request
        if isinstance(error, TimeoutError):
            seconds = request.timeout or requests.DEFAULT_TIMEOUT
            message = f"{request.method} {request.path}: no response within {seconds:g} s"
            raise errors.ConnectionFailedError(message) from error
        if isinstance(error, aiohttp.ClientError | OSError):
            message = f"{request.method} {request.path}: {str(error) or type(error).__name__}"
            raise errors.ConnectionFailedError(message) from error
