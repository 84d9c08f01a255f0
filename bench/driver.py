"""Starts arms in processes of their own, and reads their figures."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
from collections.abc import AsyncIterator

import msgspec

from bench.arms.figures import Figures
from bench.worlds import World

QUIET = 3.0
"""Seconds without a request by which a controller has no work left."""

INTERVAL = 0.25
"""Seconds between two readings of an arm that is not quiet."""

_decoder = msgspec.json.Decoder(tuple[int, Figures])


class ArmEndedError(Exception):
    """The process of an arm has ended before its answer; its standard error has the reason."""


class ArmProcess:
    """A running arm."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self._name = name
        self._process = process
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Figures]] = {}

    def kill(self) -> None:
        """End the process at once, as SIGKILL does."""
        self._process.kill()

    async def begin(self) -> None:
        """Begin a phase, of which the longest step and the peak of memory are measured."""
        await self._call("begin")

    async def start(self) -> Figures:
        """Let the arm begin; its figures when it has processed all present documents."""
        return await self._call("start")

    async def figures(self) -> Figures:
        """Its figures now."""
        return await self._call("figures")

    async def quiet(self, seconds: float) -> Figures:
        """Its figures after it has sent no request for so long, by which it has no work left."""
        figures = await self.figures()
        since = figures.time
        while figures.time < since + seconds:
            await asyncio.sleep(INTERVAL)
            before, figures = figures, await self.figures()
            since = since if figures.total == before.total else figures.time
        return figures

    async def read_answers(self) -> None:
        """Pass the answers on until the process ends."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            number, figures = _decoder.decode(line)
            self._waiting.pop(number).set_result(figures)
        for future in self._waiting.values():
            future.set_exception(ArmEndedError(f"the process of {self._name} has ended"))

    async def _call(self, command: str) -> Figures:
        number = next(self._numbers)
        future: asyncio.Future[Figures] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        assert self._process.stdin is not None
        self._process.stdin.write(f"{number} {command}\n".encode())
        return await future


@contextlib.asynccontextmanager
async def arm(name: str, world: World) -> AsyncIterator[ArmProcess]:
    """A new process that has imported everything and waits for `start`."""
    options = ("--kubeconfig", world.server.kubeconfig, "--applications", str(world.count))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.arms", name, *options, stdin=pipe, stdout=pipe
    )
    running = ArmProcess(name, process)
    reading = asyncio.create_task(running.read_answers())
    try:
        await running.figures()
        yield running
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
        await reading
