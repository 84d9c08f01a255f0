"""Waits for states of objects, reads the HTTP endpoints of controllers, and intercepts requests."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable

import aiohttp
import msgspec

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.controller.process import ControllerProcess
from rudr_py.controller.wiring import assemble
from rudr_py.kube import watch
from rudr_py.kube.requests import Request, Selection
from rudr_py.kube.transport import Reply, Stream, Transport
from rudr_py.kube.watch import Applied, Listed
from rudr_py.settings import Settings
from rudr_py.testing.clock import settle
from rudr_py.testing.cluster import ADDRESS, SETTINGS, TIMEOUT, Cluster, Predicate
from tests.e2e.documents import APPLICATION, DEPLOYMENT, Document, application, component, greeting, synced

Matches = Callable[[Request], object]


async def existing(cluster: Cluster, kind: Kind, name: str) -> Document:
    """An object that must exist, including managedFields."""
    document = await cluster.get(kind, name)
    assert document is not None, f"{kind} {name}"
    return document


async def until_true(predicate: Callable[[], object]) -> None:
    """Wait until a predicate over the state of this process holds. Raises TimeoutError."""
    async with asyncio.timeout(TIMEOUT):
        while not predicate():
            await settle()


async def until_any(cluster: Cluster, kind: Kind, predicate: Predicate) -> Document:
    """The first object of a kind in the namespace for which the predicate holds. Raises TimeoutError."""
    async with asyncio.timeout(TIMEOUT), contextlib.aclosing(_states(cluster, kind)) as states:
        async for document in states:
            if predicate(document):
                return document
    raise AssertionError("a watch does not end by itself")


async def until_all(cluster: Cluster, kind: Kind, names: set[str], predicate: Predicate) -> None:
    """Wait until the predicate has held for each of the named objects. Raises TimeoutError with the remaining ones."""
    left = dict.fromkeys(names)
    try:
        async with asyncio.timeout(3 * TIMEOUT), contextlib.aclosing(_states(cluster, kind)) as states:
            async for document in states:
                if predicate(document):
                    left.pop(document["metadata"]["name"], None)
                if not left:
                    return
    except TimeoutError as error:
        last = {d["metadata"]["name"]: d.get("status") for d in await cluster.list(kind)}
        raise TimeoutError("\n".join(f"{kind.kind} {name}: {last.get(name)}" for name in left)) from error


async def _states(cluster: Cluster, kind: Kind) -> AsyncGenerator[Document]:
    """The current and all later states of the objects of a kind in the namespace."""
    resource = await cluster.discovery.resolve(kind.api_version, kind.kind)
    selection = Selection(resource, cluster.namespace)
    stream = watch.events(cluster.transport, selection, settings=Settings(), clock=cluster.clock, random=random.random)
    async with contextlib.aclosing(stream) as events:
        async for event in events:
            if isinstance(event, Listed | Applied):
                yield event.live.document()


class InterceptingTransport:
    """A transport that sets `answered` after the first matching request and, with `cut`, blocks all later requests."""

    def __init__(self, inner: Transport, matches: Matches, *, cut: bool = False) -> None:
        self.answered = asyncio.Event()
        self.reply: Reply | None = None
        self._inner = inner
        self._matches = matches
        self._cut = cut

    async def send(self, request: Request) -> Reply:
        """Send the request; blocks forever once the connection is cut."""
        await self._pass()
        reply = await self._inner.send(request)
        if self._matches(request) and not self.answered.is_set():
            self.reply = reply
            self.answered.set()
        await self._pass()
        return reply

    @contextlib.asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[Stream]:
        """Open the stream; blocks forever once the connection is cut."""
        await self._pass()
        async with self._inner.stream(request) as stream:
            yield stream

    async def close(self) -> None:
        """Do nothing: the inner transport is closed by its owner."""

    async def _pass(self) -> None:
        if self._cut and self.answered.is_set():
            await asyncio.Event().wait()


def create_controller(
    cluster: Cluster, catalog: Catalog, transport: Transport, *, settings: Settings | None = None
) -> ControllerProcess:
    """A controller for the namespace; it is not started."""
    chosen = msgspec.structs.replace(
        settings or SETTINGS, namespaces=(cluster.namespace,), health_address=ADDRESS, metrics_address=ADDRESS
    )
    return assemble(chosen, transport, cluster.clock, catalog)


@contextlib.asynccontextmanager
async def running(controller: ControllerProcess) -> AsyncIterator[asyncio.Task[None]]:
    """Run a controller, without waiting for its caches; stop it gracefully at the end."""
    stop = asyncio.Event()
    task = asyncio.create_task(controller.run(stop), name="controller")
    try:
        yield task
    finally:
        stop.set()
        await task


async def readiness(controller: ControllerProcess) -> tuple[int, str]:
    """Status and body of /readyz?verbose."""
    return await _read(f"http://127.0.0.1:{controller.servers.health_port}/readyz?verbose")


async def reconcile_count(controller: ControllerProcess) -> int:
    """The number of finished reconciles, from the metrics."""
    return await metric_sum(controller, "controller_runtime_reconcile_total")


async def panic_count(controller: ControllerProcess) -> int:
    """The number of reconciles that raised an unexpected exception, from the metrics."""
    return await metric_sum(controller, "controller_runtime_reconcile_panics_total")


async def metrics(controller: ControllerProcess) -> str:
    """The page with all metrics."""
    _, text = await _read(f"http://127.0.0.1:{controller.servers.metrics_port}/metrics")
    return text


async def metric_sum(controller: ControllerProcess, name: str) -> int:
    """The sum of all series of a metric."""
    text = await metrics(controller)
    lines = [line for line in text.splitlines() if line.startswith((f"{name}{{", f"{name} "))]
    assert lines, f"no metric {name}"
    return int(sum(float(line.rpartition(" ")[2]) for line in lines))


async def http_ok(url: str, text: str) -> None:
    """Wait until a GET request returns 200 with `text`. Raises TimeoutError."""
    async with asyncio.timeout(TIMEOUT):
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                status, body = await _read(url)
                if status == 200 and text in body:
                    return
            await asyncio.sleep(0.02)


async def _read(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


async def until_reconciled(controller: ControllerProcess, count: int) -> None:
    """Wait until `count` reconciles have finished. The controller runs while each request waits for its response."""
    async with asyncio.timeout(3 * TIMEOUT):
        await controller.synced.wait()
        while await reconcile_count(controller) < count:
            pass


async def until_idle(
    cluster: Cluster, mark: Callable[[], int], writes: Callable[[int], list[str]], rounds: int = 8
) -> None:
    """Wait until a running controller is idle. Fails if it keeps writing.

    Changes a marker application repeatedly, until nothing else is written while the marker is reconciled. Each round
    after the first one takes at least `status_interval` of the controller, because the status of the marker was written
    just before, and in this time a delayed status of another object is written too.
    """
    written: list[str] = []
    for number in range(rounds):
        before = mark()
        await cluster.apply(component("web"), application(name="marker", greeting=f"round {number}"))
        await cluster.until(DEPLOYMENT, "marker-web", _greets(f"round {number}"))
        await cluster.until(APPLICATION, "marker", synced)
        written = [write for write in writes(before) if "marker" not in write and "/events" not in write]
        if number and not written:
            return
    raise AssertionError(f"still writing after {rounds} rounds: {written}")


def _greets(text: str) -> Predicate:
    return lambda document: greeting(document) == text
