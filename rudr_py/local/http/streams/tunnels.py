"""Connections after an upgrade: raw bytes, or the messages of a WebSocket that carry bytes."""

from __future__ import annotations

import asyncio
from typing import Protocol

from aiohttp import WSMsgType, hdrs, web

_CHUNK = 1 << 16


class Tunnel(Protocol):
    """A connection that carries bytes in both directions."""

    async def receive(self) -> bytes:
        """Return the next bytes; none at the end."""

    async def send(self, data: bytes) -> None:
        """Send bytes."""

    async def close(self) -> None:
        """Close the connection."""


class RawTunnel:
    """The transport of a request, which is no longer read as HTTP."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def receive(self) -> bytes:
        """Return the next bytes; none at the end."""
        try:
            return await self._reader.read(_CHUNK)
        except ConnectionError:
            return b""

    async def send(self, data: bytes) -> None:
        """Send bytes."""
        self._writer.write(data)
        await self._writer.drain()

    async def close(self) -> None:
        """Close the connection."""
        self._writer.close()


class WebSocketTunnel:
    """A WebSocket whose binary messages carry bytes."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket

    async def receive(self) -> bytes:
        """Return the next bytes; none at the end."""
        while True:
            message = await self._socket.receive()
            if message.type != WSMsgType.BINARY:
                return b""
            if message.data:
                return bytes(message.data)

    async def send(self, data: bytes) -> None:
        """Send bytes."""
        await self._socket.send_bytes(data)

    async def close(self) -> None:
        """Close the connection."""
        await self._socket.close()


class _RawProtocol(asyncio.StreamReaderProtocol):
    """Reads the bytes after an upgrade; reports the end of the connection to the HTTP server, too."""

    def __init__(self, reader: asyncio.StreamReader, http: asyncio.BaseProtocol) -> None:
        super().__init__(reader)
        self._http = http

    def connection_lost(self, exc: Exception | None) -> None:
        """Report the end of the connection to the reader and to the HTTP server."""
        super().connection_lost(exc)
        self._http.connection_lost(exc)


async def upgrade_raw(request: web.BaseRequest, headers: dict[str, str]) -> tuple[web.StreamResponse, RawTunnel]:
    """Answer 101 and take the transport of a request. Raises `ConnectionError` if the client has closed it."""
    response = web.StreamResponse(status=101, headers={hdrs.CONNECTION: "Upgrade", **headers})
    response.force_close()
    transport = request.transport
    if transport is None:
        raise ConnectionResetError("the client closed the connection")
    reader = asyncio.StreamReader()
    protocol = _RawProtocol(reader, request.protocol)
    await response.prepare(request)
    transport.set_protocol(protocol)
    protocol.connection_made(transport)
    writer = asyncio.StreamWriter(transport, protocol, reader, asyncio.get_running_loop())
    return response, RawTunnel(reader, writer)


async def upgrade_websocket(request: web.BaseRequest, protocol: str) -> web.WebSocketResponse:
    """Answer 101 with a WebSocket of one subprotocol, or of none if it is empty."""
    socket = web.WebSocketResponse(protocols=(protocol,) if protocol else (), compress=False, timeout=1.0)
    await socket.prepare(request)
    return socket
