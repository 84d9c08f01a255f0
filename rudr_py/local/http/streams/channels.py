"""The channels of exec and attach: standard streams, errors and terminal sizes, over a WebSocket or over SPDY."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection
from typing import Final, Protocol

from aiohttp import WSMsgType, web

from rudr_py.local.http.streams.spdy import DataReceived, StreamOpened
from rudr_py.local.http.streams.spdy_sessions import SpdySession

STDIN, STDOUT, STDERR, ERROR, RESIZE = "stdin", "stdout", "stderr", "error", "resize"
_NUMBERS: Final = (STDIN, STDOUT, STDERR, ERROR, RESIZE)
"""The names of the channels of a WebSocket by their number."""
_CLOSE: Final = bytes([255])
"""The number of the channel that closes the channel whose number follows."""
_PATIENCE: Final = 30.0
"""Seconds in which a client must open its streams, and close the connection after the end."""


Received = tuple[str, bytes]
"""A channel and the data of the client; empty data closes the channel."""


class Channels(Protocol):
    """A connection with named channels."""

    async def receive(self) -> list[Received]:
        """Return what the client sends next; nothing when it closes the connection."""

    async def send(self, channel: str, data: bytes) -> None:
        """Send data; a channel that the client did not request is ignored."""

    async def end(self) -> None:
        """Close all channels."""


class WebSocketChannels:
    """Messages whose first byte is the number of a channel (`v5.channel.k8s.io`, `v4.channel.k8s.io`)."""

    def __init__(self, socket: web.WebSocketResponse, requested: Collection[str]) -> None:
        self._socket = socket
        self._requested = requested

    async def receive(self) -> list[Received]:
        """Return what the client sends next; nothing when it closes the connection."""
        while True:
            message = await self._socket.receive()
            if message.type not in (WSMsgType.BINARY, WSMsgType.TEXT):
                return []
            data = message.data.encode() if isinstance(message.data, str) else bytes(message.data)
            if data[:1] == _CLOSE:
                data = data[1:2]
            if data and data[0] < len(_NUMBERS):
                return [(_NUMBERS[data[0]], data[1:])]

    async def send(self, channel: str, data: bytes) -> None:
        """Send data; a channel that the client did not request is ignored."""
        if channel in self._requested:
            with contextlib.suppress(ConnectionError):
                await self._socket.send_bytes(bytes([_NUMBERS.index(channel)]) + data)

    async def end(self) -> None:
        """Close the connection."""
        await self._socket.close()


class SpdyChannels:
    """Streams whose header `streamType` is the name of a channel."""

    def __init__(self, session: SpdySession, requested: Collection[str]) -> None:
        self._session = session
        self._requested = requested
        self._streams: dict[str, int] = {}

    async def open(self) -> bool:
        """Wait until the client has opened its streams; return whether it has."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                while not self._streams.keys() >= set(self._requested):
                    events = await self._session.receive()
                    if not events:
                        return False
                    opened = [event for event in events if isinstance(event, StreamOpened)]
                    self._streams.update((event.headers.get("streamtype", ""), event.stream) for event in opened)
                return True
        return False

    async def receive(self) -> list[Received]:
        """Return what the client sends next; nothing when it closes the connection."""
        names = {stream: name for name, stream in self._streams.items()}
        while events := await self._session.receive():
            received: list[Received] = []
            for event in events:
                if isinstance(event, DataReceived) and event.stream in names:
                    received += [(names[event.stream], event.data)] if event.data else []
                    received += [(names[event.stream], b"")] if event.final else []
            if received:
                return received
        return []

    async def send(self, channel: str, data: bytes) -> None:
        """Send data; a channel that the client did not request is ignored."""
        if channel in self._streams:
            self._session.send(self._streams[channel], data)

    async def end(self) -> None:
        """Close all streams, and wait until the client closes the connection, which discards unread data."""
        for stream in self._streams.values():
            self._session.send(stream, b"", final=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                while await self._session.receive():
                    pass
