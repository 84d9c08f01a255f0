"""The aiohttp transport; credentials and TLS are tested with the configuration."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from rudr_py import errors
from rudr_py.kube.config import Connection, Credentials
from rudr_py.kube.requests import Request
from rudr_py.kube.transport import AioTransport

PATH = Request("GET", "/version", timeout=60)


async def test_a_reply_has_status_headers_and_body(transport: Any, server: Any, answer: Any) -> None:
    server.script(answer(418, b"tea", {"Retry-After": "3"}))
    reply = await transport.send(PATH)
    assert (reply.status, reply.body) == (418, b"tea")
    assert reply.headers.get("retry-after") == "3"


async def test_an_error_status_of_a_stream_has_its_body(transport: Any, server: Any, answer: Any) -> None:
    server.script(answer(403, b"no"))
    async with transport.stream(PATH) as stream:
        assert (stream.status, [chunk async for chunk in stream]) == (403, [b"no"])


async def test_a_closed_port_is_a_failed_connection() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    transport = AioTransport(Connection(_Source(), Credentials(url)))
    with pytest.raises(errors.ConnectionFailedError, match="GET /version"):
        await transport.send(PATH)
    with pytest.raises(errors.ConnectionFailedError):
        async with transport.stream(PATH):
            pass
    await transport.close()


async def test_a_connection_that_ends_in_a_response_is_a_failed_connection(
    transport: Any, server: Any, answer: Any
) -> None:
    server.script(answer(body=b"half", end="abort"), answer(body=b"half", end="abort"))
    with pytest.raises(errors.ConnectionFailedError):
        await transport.send(PATH)
    async with transport.stream(PATH) as stream:
        with pytest.raises(errors.ConnectionFailedError):
            assert [chunk async for chunk in stream] == [b"half"]


async def test_silence_ends_a_stream(transport: Any, server: Any, answer: Any) -> None:
    server.script(answer(body=b"x", end="hang"))
    async with transport.stream(Request("GET", "/", timeout=0.1)) as stream:
        chunks = aiter(stream)
        assert await anext(chunks) == b"x"
        with pytest.raises(errors.ConnectionFailedError, match=r"within 0\.1 s"):
            await anext(chunks)


async def test_watches_use_no_connections_of_requests(transport: Any, server: Any, answer: Any) -> None:
    async def handler(seen: Any) -> Any:
        return answer(end="hang") if seen.path == "/watch" else answer(200)

    server.handler = handler
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(80):
            await stack.enter_async_context(transport.stream(Request("GET", "/watch")))
        assert (await transport.send(PATH)).status == 200


async def test_a_redirect_is_not_followed(transport: Any, server: Any, answer: Any) -> None:
    server.script(answer(302, b"", {"Location": "http://127.0.0.1:1/"}))
    assert (await transport.send(PATH)).status == 302


async def test_a_closed_transport_sends_nothing(transport: Any, server: Any) -> None:
    await transport.close()
    with pytest.raises(errors.ConnectionFailedError, match="closed"):
        await transport.send(PATH)
    with pytest.raises(errors.ConnectionFailedError, match="closed"):
        async with transport.stream(PATH):
            pass
    assert server.seen == []


async def test_a_cancelled_request_leaves_no_connection(transport: Any, server: Any, answer: Any) -> None:
    arrived = asyncio.Event()

    async def handler(_seen: Any) -> Any:
        arrived.set()
        return answer(end="hang")

    server.handler = handler
    task = asyncio.create_task(transport.send(PATH))
    await asyncio.wait_for(arrived.wait(), 60)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


@contextlib.asynccontextmanager
async def deaf() -> AsyncIterator[tuple[str, asyncio.Queue[asyncio.StreamReader]]]:
    """A server that takes connections and reads nothing by itself: its URL, and what it was sent, to be read late."""
    readers: asyncio.Queue[asyncio.StreamReader] = asyncio.Queue()
    writers: list[asyncio.StreamWriter] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        readers.put_nowait(reader)

    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # the rest of a large body waits at the client
    bound.bind(("127.0.0.1", 0))
    listening = await asyncio.start_server(accept, sock=bound, limit=1024)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", readers
    finally:
        listening.close()
        for writer in writers:
            writer.transport.abort()
        await listening.wait_closed()


async def received(reader: asyncio.StreamReader) -> int:
    """How many bytes came until the connection was reset."""
    count = 0
    try:
        while chunk := await reader.read(65536):
            count += len(chunk)
    except ConnectionResetError:
        return count
    raise AssertionError("the connection was not reset")


@pytest.mark.parametrize("end", ["time", "cancel"])
@pytest.mark.parametrize("size", [10, 1_000_000], ids=["sent", "waits in buffers"])
async def test_a_timed_out_request_leaves_no_connection_and_sends_nothing_later(size: int, end: str) -> None:
    async with deaf() as (url, readers), asyncio.timeout(60):
        transport = AioTransport(Connection(_Source(), Credentials(url)))
        body = b"x" * size
        seconds = 0.2 if end == "time" else 20.0
        request = Request("PATCH", "/object", body=body, timeout=seconds)
        sending = asyncio.create_task(transport.send(request))
        reader = await readers.get()
        await reader.readuntil(b"\r\n\r\n")
        if end == "cancel":
            sending.cancel()
        await asyncio.wait([sending])
        if end == "time":
            assert isinstance(sending.exception(), errors.ConnectionFailedError)
        assert await received(reader) < max(size, 11)
        await transport.close()


async def test_the_timeout_of_a_request_includes_loading_credentials() -> None:
    class Slow(_Source):
        async def load(self, *, fresh: bool) -> Credentials:
            await asyncio.Event().wait()
            raise NotImplementedError

        def stale(self) -> bool:
            return True

    transport = AioTransport(Connection(Slow(), Credentials("http://127.0.0.1:1")))
    with pytest.raises(errors.ConnectionFailedError, match=r"within 0\.1 s"):
        await transport.send(Request("GET", "/version", timeout=0.1))
    await transport.close()


class _Source:
    namespace = "default"

    async def load(self, *, fresh: bool) -> Credentials:
        raise NotImplementedError

    def stale(self) -> bool:
        return False
