"""A transport that reports every response, including reads and watches. It changes no request and no response."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable

from rudr_py import errors
from rudr_py.kube.requests import Request
from rudr_py.kube.transport import Reply, Stream, Transport

Observer = Callable[[str, Request], None]
"""Called as `observer(code, request)` after every request; `code` is `<error>` when no response came."""

NO_RESPONSE = "<error>"
"""client-go's value of the label `code` for requests without a response."""


class MeteredTransport:
    """Wraps a transport. A watch is reported at its response, not at its end."""

    def __init__(self, transport: Transport, observer: Observer) -> None:
        self._transport = transport
        self._observe = observer

    async def send(self, request: Request) -> Reply:
        """Send by the wrapped transport, and report the response."""
        try:
            reply = await self._transport.send(request)
        except errors.ConnectionFailedError:
            self._observe(NO_RESPONSE, request)
            raise
        self._observe(str(reply.status), request)
        return reply

    @contextlib.asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[Stream]:
        """Stream by the wrapped transport, and report the response once, when it begins."""
        reported = False
        try:
            async with self._transport.stream(request) as stream:
                reported = True
                self._observe(str(stream.status), request)
                yield stream
        except errors.ConnectionFailedError:
            if not reported:
                self._observe(NO_RESPONSE, request)
            raise

    async def close(self) -> None:
        """Close the wrapped transport."""
        await self._transport.close()
