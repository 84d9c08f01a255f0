"""A scripted HTTP server on loopback, a clock that does not wait, and builders of objects."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from aiohttp import web

from rudr_py.kube.config import Connection
from rudr_py.kube.requests import Resource
from rudr_py.kube.transport import AioTransport
from tests.access import StaticSource

PODS = Resource("", "v1", "Pod", "pods", namespaced=True)


@dataclass
class Seen:
    """A request as the server got it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    """What the server does: send `body`, then end it well, `abort` the connection, or `hang`."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    end: str = "well"


@dataclass
class ScriptedServer:
    """Answers by `handler`; `script` makes one that gives each answer once, then hangs."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    handler: Callable[[Seen], Awaitable[Answer]] | None = None
    open: int = 0
    all_closed: asyncio.Event = field(default_factory=asyncio.Event)

    def script(self, *answers: Answer) -> None:
        left = list(answers)

        async def handler(_seen: Seen) -> Answer:
            return left.pop(0) if left else Answer(end="hang")

        self.handler = handler

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        seen = Seen(request.method, request.path, dict(request.query), dict(request.headers), await request.read())
        self.seen.append(seen)
        assert self.handler is not None
        answer = await self.handler(seen)
        response = web.StreamResponse(status=answer.status, headers=answer.headers)
        await response.prepare(request)
        if answer.body:
            await response.write(answer.body)
        if answer.end == "hang":
            await self.hang()
        if answer.end == "abort":
            assert request.transport is not None
            request.transport.close()
            return response
        await response.write_eof()
        return response

    async def hang(self) -> None:
        """Say nothing more; the handler is cancelled when the client goes."""
        self.open += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.open -= 1
            if not self.open:
                self.all_closed.set()


@dataclass
class FakeClock:
    """Time that passes only by `sleep`, at once."""

    time: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.time

    def now(self) -> datetime:
        return datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC) + timedelta(seconds=self.time - 1000.0)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    scripted = ScriptedServer()
    runner = web.ServerRunner(web.Server(scripted.serve, handler_cancellation=True), shutdown_timeout=0.05)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    scripted.url = site.name if not site.name.endswith(":0") else f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield scripted
    await runner.cleanup()


@pytest.fixture
async def transport(server: ScriptedServer) -> AsyncIterator[AioTransport]:
    source = StaticSource(server.url)
    made = AioTransport(Connection(source, source.access))
    yield made
    await made.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def pods() -> Resource:
    return PODS


@pytest.fixture
def answer() -> type[Answer]:
    return Answer


@pytest.fixture
def pod() -> Callable[..., dict[str, Any]]:
    """A Pod as a dict: `pod(name, version, **metadata)`."""

    def build(name: str, version: int, **metadata: Any) -> dict[str, Any]:
        head = {"name": name, "namespace": "ns", "uid": f"uid-{name}", "resourceVersion": str(version)}
        return {"metadata": head | metadata, "spec": {}, "status": {"phase": "Running"}}

    return build


@pytest.fixture
def line() -> Callable[[str, Any], bytes]:
    """One line of a watch."""
    return lambda kind, document: msgspec.json.encode({"type": kind, "object": document}) + b"\n"


@pytest.fixture
def failure() -> Callable[..., Answer]:
    """An answer with a Status: `failure(code, reason, message, **details)`."""

    def build(code: int, reason: str = "", message: str = "no", **details: Any) -> Answer:
        status = {"kind": "Status", "code": code, "reason": reason, "message": message, "details": details}
        return Answer(code, msgspec.json.encode(status))

    return build
