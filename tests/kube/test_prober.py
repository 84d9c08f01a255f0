"""Asking for health over real sockets on loopback: what passes, and what a member cannot make us do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import msgspec
import pytest

from rudr_py.kube.prober import LIMIT, NetworkProber, ProbeRequest

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HOST = "127.0.0.1"


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[int]:
    """A server; its port."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await handler(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, HOST, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def check(port: int, path: str = "/") -> ProbeRequest:
    return ProbeRequest(method="httpGet", host=HOST, port=port, path=path, timeout=60)


class Web:
    """Answers every request alike, and remembers what it was sent."""

    def __init__(self, head: str, body: bytes = b"") -> None:
        self.head = head
        self.body = body
        self.asked: list[str] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(f"HTTP/1.1 {self.head}\r\nContent-Length: {len(self.body)}\r\n\r\n".encode() + self.body)
        await writer.drain()


@pytest.mark.parametrize(
    ("status", "reported"),
    [
        ("200 OK", None),
        ("204 No Content", None),
        ("399 Odd", None),
        ("404 Not Found", "HTTP 404"),
        ("500 No", "HTTP 500"),
    ],
)
async def test_a_status_below_400_is_a_success(status: str, reported: str | None) -> None:
    async with serving(Web(status)) as port:
        assert await NetworkProber().probe(check(port)) == reported


async def test_the_path_is_sent_unchanged_and_without_credentials() -> None:
    web = Web("200 OK")
    async with serving(web) as port:
        await NetworkProber().probe(check(port, "/a%20b/..%2f?x=1&y=%3d"))
    line, *headers = web.asked[0].strip().split("\r\n")
    assert line == "GET /a%20b/..%2f?x=1&y=%3d HTTP/1.1"
    names = {header.partition(":")[0].lower() for header in headers}
    assert names == {"host", "user-agent", "accept", "connection", "accept-encoding"}


async def test_a_redirect_is_a_success_and_not_followed() -> None:
    target = Web("200 OK")
    async with serving(target) as other:
        web = Web(f"302 Found\r\nLocation: http://{HOST}:{other}/secret\r\nSet-Cookie: a=b")
        async with serving(web) as port:
            assert await NetworkProber().probe(check(port)) is None
    assert target.asked == []


async def test_only_the_beginning_of_a_long_response_is_read() -> None:
    sent = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 65536

    async with serving(endless) as port:
        assert await NetworkProber().probe(check(port)) is None
    # what lies in the buffers of both sockets is no measure, but it has an end
    assert LIMIT <= sent + LIMIT < 64 * 1024 * 1024


async def test_a_probe_without_a_response_times_out() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(silent) as port:
        slow = msgspec.structs.replace(check(port), timeout=0.05)
        assert await NetworkProber().probe(slow) == "no response within 0.05 s"


async def test_a_probe_with_a_partial_response_times_out() -> None:
    async def halting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx")
        await reader.read()

    async with serving(halting) as port:
        slow = msgspec.structs.replace(check(port), timeout=0.05)
        assert await NetworkProber().probe(slow) == "no response within 0.05 s"


async def test_an_invalid_response_is_reported_and_raises_nothing() -> None:
    async def garbled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"\x00\xff\r\n\r\n")

    async with serving(garbled) as port:
        assert await NetworkProber().probe(check(port))


@pytest.mark.parametrize("method", ["httpGet", "tcp"])
async def test_a_closed_port_and_an_invalid_host_are_reported(method: str) -> None:
    async with serving(Web("200 OK")) as port:
        pass
    for host in (HOST, "no such host", "a" * 300):
        item = msgspec.convert({"method": method, "host": host, "port": port}, ProbeRequest)
        assert await NetworkProber().probe(item)


async def test_a_tcp_probe_succeeds_when_the_port_is_open() -> None:
    async def quiet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with serving(quiet) as port:
        assert await NetworkProber().probe(ProbeRequest(method="tcp", host=HOST, port=port)) is None
