"""A controller process under test, and an innocent application beside it whose delay is sampled.

The controller is a process of its own, as in a pod, and so is the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from bench import environment, processes
from bench.environment import DEPLOYMENT
from rudr_py.testing.cluster import Cluster
from tests.e2e import apiserver

INTERVAL = 0.1
"""Seconds between two samples of memory and health."""

LONGEST = 120.0
"""Seconds after which a change counts as not applied."""

HEADER = """| documents | bytes | delay, s | server, s | /healthz, s | CPU, s | memory, MiB | result |
|---|---|---|---|---|---|---|---|"""
"""`delay` is that of another application, `server` the longest answer of the server to a small change, and CPU that of
the controller + that of the server."""


@dataclass
class Sample:
    """The longest delays and the CPU times, in seconds, and the largest memory, in MiB, of a case.

    `delay` begins when the server has stored a change; `server` is its longest answer to one.
    """

    delay: float = 0.0
    server: float = 0.0
    health: float = 0.0
    unhealthy: int = 0
    memory: float = 0.0
    cpu: float = 0.0
    server_cpu: float = 0.0

    def row(self, name: str, size: int, result: str) -> str:
        """The row of a case."""
        health = f"{self.health:.2f}" + (f", {self.unhealthy} failed" if self.unhealthy else "")
        text = " ".join(result.split())[:120].replace("|", "\\|")
        cpu = f"{self.cpu:.2f} + {self.server_cpu:.2f}"
        times = f"{self.delay:.2f} | {self.server:.2f} | {health} | {cpu}"
        return f"| {name} | {size:,} | {times} | {self.memory:.0f} | {text} |"


@dataclass
class Controller:
    """The process under test."""

    process: asyncio.subprocess.Process
    port: int
    sample: Sample = field(default_factory=Sample)

    async def answers(self, path: str) -> bool:
        """Whether the process answers a probe with success."""
        return b" 200 " in (await get(self.port, path)).partition(b"\n")[0]

    def outcome(self, result: str) -> str:
        """The result, or how the process ended."""
        code = self.process.returncode
        return result if code is None else f"the process ended with {code}"


async def get(port: int, path: str) -> bytes:
    """The head and the body of an answer; empty if the process does not answer."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
    except OSError:
        return b""
    return answer


@contextlib.asynccontextmanager
async def controller(kubeconfig: str, *more: str) -> AsyncIterator[Controller]:
    """A new controller with `more` flags; it is killed at the end."""
    (port,) = apiserver.free_ports(1)
    flags = ["--no-publish-definitions", "--metrics-bind-address", "", "--log-level", "off", *more]
    health = ["--health-probe-bind-address", f"127.0.0.1:{port}"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "rudr_py", "run", "--kubeconfig", kubeconfig, *health, *flags
    )
    try:
        yield Controller(process, port)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()  # a loop that hangs does not react to SIGTERM
        await process.wait()


@contextlib.asynccontextmanager
async def sampling(controller: Controller, innocent: Cluster) -> AsyncIterator[Sample]:
    """Change the innocent application and probe the controller all the time, until the context ends."""
    controller.sample = sample = Sample()
    ended = asyncio.Event()
    pid, children = controller.process.pid, processes.children()
    cpu, children_cpu = processes.cpu(pid), processes.cpu(*children)
    async with asyncio.TaskGroup() as tasks:
        for take in (_change, _probe):
            tasks.create_task(_repeat(take, controller, innocent, ended))
        yield sample
        ended.set()
    sample.cpu = processes.cpu(pid) - cpu
    sample.server_cpu = processes.cpu(*children) - children_cpu - sample.cpu


async def _repeat(
    sample: Callable[[Controller, Cluster], Awaitable[None]],
    controller: Controller,
    innocent: Cluster,
    ended: asyncio.Event,
) -> None:
    """Sample until the case has ended; the last sample is completed."""
    while not ended.is_set():
        await sample(controller, innocent)
        await asyncio.sleep(INTERVAL)


async def _change(controller: Controller, innocent: Cluster) -> None:
    """Change a parameter of the innocent application, and note the time until its Deployment follows."""
    text = secrets.token_hex(4)
    document = environment.application(0)
    document["spec"]["components"][0]["parameterValues"] = [{"name": "greeting", "value": text}]
    begin = time.perf_counter()
    await innocent.apply(document)
    started = time.perf_counter()
    sample = controller.sample
    sample.server = max(sample.server, started - begin)
    with contextlib.suppress(TimeoutError):
        await innocent.until(DEPLOYMENT, "app-0-web", lambda d: text in json.dumps(d["spec"]), seconds=LONGEST)
    sample.delay = max(sample.delay, time.perf_counter() - started)


async def _probe(controller: Controller, _: Cluster) -> None:
    """Read /healthz and the memory of the process."""
    sample, started = controller.sample, time.perf_counter()
    sample.unhealthy += not await controller.answers("/healthz")
    sample.health = max(sample.health, time.perf_counter() - started)
    sample.memory = max(sample.memory, processes.memory(controller.process.pid))
