"""The aiohttp transport; credentials and TLS are tested with the configuration."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import Any

import pytest

from rudr_py import errors
from rudr_py.kube import config, requests
from rudr_py.kube.transport import AioTransport

PATH = requests.Request("GET", "/version", timeout=5)


async def test_a_reply_has_status_headers_and_body(transport: Any, server: Any, answer: Any) -> None:
    server.script(answer(418, b"tea", {"Retry-After": "3"}))
    reply = await transport.send(PATH)
    assert (reply.status, reply.body) == (418, b"tea")
    assert reply.headers.get("retry-after") == "3"


async def test_an_error_status_of_a_stream_comes_with_its_body(transport: Any, server: Any, answer: Any) -> None:
    server.script(answer(403, b"no"))
    async with transport.stream(PATH) as stream:
        assert (stream.status, [chunk async for chunk in stream]) == (403, [b"no"])


async def test_nobody_listening_is_a_failed_connection() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    transport = AioTransport(config.Connection(_Source(), config.Access(url)))
    with pytest.raises(errors.ConnectionFailedError, match="GET /version"):
        await transport.send(PATH)
    with pytest.raises(errors.ConnectionFailedError):
        async with transport.stream(PATH):
            pass
    await transport.close()


async def test_a_connection_cut_in_the_middle_of_an_answer_is_a_failed_one(
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
    async with transport.stream(requests.Request("GET", "/", timeout=0.1)) as stream:
        chunks = aiter(stream)
        assert await anext(chunks) == b"x"
        with pytest.raises(errors.ConnectionFailedError, match=r"within 0\.1 s"):
            await anext(chunks)


async def test_watches_take_no_connection_away_from_requests(transport: Any, server: Any, answer: Any) -> None:
    async def handler(seen: Any) -> Any:
        return answer(end="hang") if seen.path == "/watch" else answer(200)

    server.handler = handler
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(80):
            await stack.enter_async_context(transport.stream(requests.Request("GET", "/watch")))
        assert (await transport.send(PATH)).status == 200


async def test_a_redirect_is_not_followed_with_our_credentials(transport: Any, server: Any, answer: Any) -> None:
    server.script(answer(302, b"", {"Location": "http://127.0.0.1:1/"}))
    assert (await transport.send(PATH)).status == 302


async def test_after_the_end_nothing_is_sent(transport: Any, server: Any) -> None:
    await transport.close()
    with pytest.raises(errors.ConnectionFailedError, match="closed"):
        await transport.send(PATH)
    with pytest.raises(errors.ConnectionFailedError, match="closed"):
        async with transport.stream(PATH):
            pass
    assert server.seen == []


async def test_cancelling_a_request_leaves_nothing_behind(transport: Any, server: Any, answer: Any) -> None:
    arrived = asyncio.Event()

    async def handler(_seen: Any) -> Any:
        arrived.set()
        return answer(end="hang")

    server.handler = handler
    task = asyncio.create_task(transport.send(PATH))
    await asyncio.wait_for(arrived.wait(), 5)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


class _Source:
    namespace = "default"

    async def load(self, *, fresh: bool) -> config.Access:
        raise NotImplementedError

    def stale(self) -> bool:
        return False
