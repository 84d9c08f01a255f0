"""SPDY connections over a tunnel."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Self

from rudr_py.local.http.streams.spdy import Event, GoAway, ServerConnection, SpdyError
from rudr_py.local.http.streams.tunnels import Tunnel


class SpdySession:
    """A connection over a tunnel. While the context is open, a task sends the output; the exit closes the tunnel."""

    def __init__(self, tunnel: Tunnel) -> None:
        self._connection = ServerConnection()
        self._tunnel = tunnel
        self._has_output = asyncio.Event()
        self._is_closing = False
        self._sender: asyncio.Task[None] | None = None

    async def receive(self) -> list[Event]:
        """Return the next events; none when the client closes the connection or violates the protocol."""
        with contextlib.suppress(SpdyError):
            while not self._is_closing and (data := await self._tunnel.receive()):
                events = [*self._connection.receive(data)]
                self._has_output.set()
                self._is_closing = any(isinstance(event, GoAway) for event in events)
                if events:
                    return events
        return []

    def send(self, stream: int, data: bytes, *, final: bool = False) -> None:
        """Send data of a stream; after `final` no more may follow."""
        self._connection.send(stream, data, final=final)
        self._has_output.set()

    def reset(self, stream: int) -> None:
        """Abort a stream."""
        self._connection.reset(stream)
        self._has_output.set()

    async def __aenter__(self) -> Self:
        self._sender = asyncio.create_task(self._send_output())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.gather(self._sender, return_exceptions=True)
        with contextlib.suppress(ConnectionError):
            await self._flush()
        await self._tunnel.close()

    async def _send_output(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                await self._has_output.wait()
                self._has_output.clear()
                await self._flush()

    async def _flush(self) -> None:
        data = bytes(self._connection.output)
        self._connection.output.clear()
        if data:
            await self._tunnel.send(data)
