"""A transport that tells of every answer, reads and watches included. Changes nothing of what passes."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable

from rudr_py import errors
from rudr_py.kube.requests import Request
from rudr_py.kube.transport import Reply, Stream, Transport

Observer = Callable[[str, Request], None]
"""Called as `observer(code, request)` after every request; `code` is `<error>` when no answer came."""

NO_ANSWER = "<error>"
"""What client-go counts in the place of a code."""


class MeteredTransport:
    """A transport around another one. A watch is told of when it is answered, not when it ends."""

    def __init__(self, transport: Transport, observer: Observer) -> None:
        self._transport = transport
        self._observe = observer

    async def send(self, request: Request) -> Reply:
        """As the transport, and then tell of it."""
        try:
            reply = await self._transport.send(request)
        except errors.ConnectionFailedError:
            self._observe(NO_ANSWER, request)
            raise
        self._observe(str(reply.status), request)
        return reply

    @contextlib.asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[Stream]:
        """As the transport; told of once, when the answer begins."""
        answered = False
        try:
            async with self._transport.stream(request) as stream:
                answered = True
                self._observe(str(stream.status), request)
                yield stream
        except errors.ConnectionFailedError:
            if not answered:
                self._observe(NO_ANSWER, request)
            raise

    async def close(self) -> None:
        """Close the transport."""
        await self._transport.close()
