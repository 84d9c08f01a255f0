"""Every answer is told of once: of requests, of watches, and that none came."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from rudr_py import errors
from rudr_py.kube import requests
from rudr_py.kube.client import Client
from rudr_py.kube.metered_transport import MeteredTransport
from rudr_py.kube.requests import Request, Selection
from rudr_py.kube.transport import Reply, Stream


@pytest.fixture
def told() -> list[tuple[str, str]]:
    return []


@pytest.fixture
def counted(transport: Any, told: list[tuple[str, str]]) -> MeteredTransport:
    def observe(code: str, request: Request) -> None:
        told.append((code, request.method))

    return MeteredTransport(transport, observe)


async def test_every_request_is_reported_once_with_or_without_a_response(
    counted: MeteredTransport, told: list[tuple[str, str]], server: Any, answer: Any, failure: Any, pods: Any
) -> None:
    client = Client(counted)
    server.script(answer(body=b"{}"), failure(503), answer(end="abort"))
    await client.get(pods.object("ns", "a"))
    with pytest.raises(errors.ServerError):
        await client.get(pods.object("ns", "a"))
    with pytest.raises(errors.ConnectionFailedError):
        await client.merge_patch(pods.object("ns", "a"), b"{}", "rudr")
    assert told == [("200", "GET"), ("503", "GET"), ("<error>", "PATCH")]


async def test_a_watch_is_reported_at_its_response_and_not_at_its_end(
    counted: MeteredTransport, told: list[tuple[str, str]], server: Any, answer: Any, pods: Any
) -> None:
    request = requests.watch(Selection(pods), resource_version="1", timeout_seconds=60, silence=5)
    server.script(answer(body=b"{}", end="abort"))

    async def read() -> None:
        async with counted.stream(request) as stream:
            assert told == [("200", "GET")]
            async for _ in stream:
                pass

    with pytest.raises(errors.ConnectionFailedError):
        await read()
    assert told == [("200", "GET")]


class Nobody:
    """A transport that nobody answers."""

    async def send(self, request: Request) -> Reply:
        raise errors.ConnectionFailedError(request.path)

    @contextlib.asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[Stream]:
        raise errors.ConnectionFailedError(request.path)
        yield

    async def close(self) -> None:
        pass


async def test_a_watch_without_a_response_is_reported(told: list[tuple[str, str]], pods: Any) -> None:
    counted = MeteredTransport(Nobody(), lambda code, request: told.append((code, request.method)))
    with pytest.raises(errors.ConnectionFailedError):
        async with counted.stream(requests.get(pods.object("ns", "a"))):
            pass
    assert told == [("<error>", "GET")]
