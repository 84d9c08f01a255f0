"""Controllers in one process that have a processor each, on a virtual clock.

Each step of a task costs its measured CPU time, during which no other task of the same processor runs. The server costs
nothing: it answers each request after LATENCY. So several replicas can be compared on a machine with few cores.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextvars import Context, ContextVar
from typing import Any

from rudr_py.kube.requests import Request
from rudr_py.kube.transport import Reply, Stream
from tests.simulation.api import InProcessApi
from tests.simulation.virtual_loop import VirtualLoop

LATENCY = 0.002
"""Seconds between a request and its answer, and of an event."""

Step = tuple[Callable[..., Any], tuple[Any, ...], Context]


class Processor:
    """One processor: `spent` is its CPU time; `steps` wait for it."""

    def __init__(self) -> None:
        self.spent = 0.0
        self.steps: deque[Step] = deque()
        self.busy = False

    def context(self) -> Context:
        """The context of tasks that run on it, and of those that they create."""
        context = Context()
        context.run(_processor.set, self)
        return context


_processor: ContextVar[Processor] = ContextVar("processor")


class ProcessorLoop(VirtualLoop):
    """Runs the steps of tasks of a processor one after the other; all other callbacks cost no time."""

    def call_soon(  # type: ignore[override] # typeshed relates the arguments to the callback
        self, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Schedule a callback, on the processor of its task if there is one."""
        processor = context.get(_processor) if context is not None else None
        if processor is None or context is None or not isinstance(getattr(callback, "__self__", None), asyncio.Task):
            return super().call_soon(callback, *args, context=context)
        return super().call_soon(self._enqueue, processor, (callback, args, context), context=Context())

    def _enqueue(self, processor: Processor, step: Step) -> None:
        processor.steps.append(step)
        if not processor.busy:
            self._run_next(processor)

    def _run_next(self, processor: Processor) -> None:
        processor.busy = bool(processor.steps)
        if processor.steps:
            callback, args, context = processor.steps.popleft()
            before = time.thread_time()
            context.run(callback, *args)
            cost = time.thread_time() - before
            processor.spent += cost
            self.call_later(cost, self._run_next, processor, context=Context())


class ProcessorTransport:
    """The `rudr_py.kube.transport.Transport` of a controller with a processor; the server works on no processor."""

    host = "simulation"

    def __init__(self, api: InProcessApi, name: str) -> None:
        self._api = api
        self._name = name

    async def send(self, request: Request) -> Reply:
        """The answer of the server."""
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Reply] = loop.create_future()

        def execute() -> None:
            if not answered.done():
                answered.set_result(self._api.answer(request, self._name))

        loop.call_later(LATENCY, execute, context=Context())
        return await answered

    @contextlib.asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[Stream]:
        """Open a watch."""
        opened = self._api.watch(request)
        if isinstance(opened, Reply):
            yield Stream(opened.status, opened.headers, _single(opened.body))
            return
        blocks: asyncio.Queue[bytes | None] = asyncio.Queue()
        sending = asyncio.get_running_loop().create_task(_send(opened, blocks), context=Context())
        try:
            yield Stream(200, {}, _received(blocks))
        finally:
            sending.cancel()

    async def close(self) -> None:
        """Nothing is open."""


async def _send(lines: AsyncIterator[bytes], blocks: asyncio.Queue[bytes | None]) -> None:
    async for block in lines:
        await asyncio.sleep(LATENCY)
        blocks.put_nowait(block)
    blocks.put_nowait(None)


async def _received(blocks: asyncio.Queue[bytes | None]) -> AsyncGenerator[bytes]:
    while (block := await blocks.get()) is not None:
        yield block


async def _single(body: bytes) -> AsyncGenerator[bytes]:
    yield body
