"""Measures the delay of an innocent application while another user's hostile documents are reconciled.

The controller is a process of its own, as in a pod, and so is the server. Prints a row for each case: the longest time
from a change of the innocent application to the changed Deployment, the longest answer of /healthz, the peak of the
controller's memory, and the condition of the hostile application.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import resource
import secrets
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from bench import environment, hostile_documents
from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.testing.cluster import Cluster

DEPLOYMENT = Kind("apps/v1", "Deployment")
INTERVAL = 0.1
"""Seconds between two samples of memory and health."""

SETTLE = 2.0
"""Seconds after the condition of a hostile application in which its objects are written."""


@dataclass
class Sample:
    """The longest delays, in seconds, and the largest memory, in MiB, of a case."""

    delay: float = 0.0
    health: float = 0.0
    unhealthy: int = 0
    memory: float = 0.0


@dataclass
class Controller:
    """The process under test."""

    process: asyncio.subprocess.Process
    port: int
    sample: Sample = field(default_factory=Sample)


def main() -> None:
    """Run all cases, or those whose names contain one of the texts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bytes", type=int, default=hostile_documents.LIMIT, help="size of the largest documents")
    parser.add_argument("--cases", nargs="*", default=[""], help="parts of names")
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds for one case")
    parser.add_argument("--kubeconfig")
    arguments = parser.parse_args()
    names = [name for name in hostile_documents.CASES if any(part in name for part in arguments.cases)]
    asyncio.run(_run(names, arguments.bytes, arguments.timeout, arguments.kubeconfig))


async def _run(names: Iterable[str], size: int, seconds: float, kubeconfig: str | None) -> None:
    print("| documents | bytes | delay of another application, s | longest /healthz, s | memory, MiB | result |")
    print("|---|---|---|---|---|---|")
    async with environment.server(kubeconfig) as server, environment.namespace(server) as innocent:
        await innocent.apply(environment.component(), environment.application(0))
        async with contextlib.AsyncExitStack() as stack:
            controller = await stack.enter_async_context(_controller(server))
            await innocent.until(environment.APPLICATION, "app-0", environment.is_synced, seconds=60)
            for name in names:
                if controller.process.returncode is not None:
                    controller = await stack.enter_async_context(_controller(server))
                documents = hostile_documents.CASES[name](size)
                result = await _attack(controller, innocent, documents, seconds)
                _print_row(name, documents, controller.sample, result)


@contextlib.asynccontextmanager
async def _controller(kubeconfig: str) -> AsyncIterator[Controller]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    flags = ["--no-publish-definitions", "--metrics-bind-address", "", "--log-level", "off"]
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


async def _attack(
    controller: Controller, innocent: Cluster, documents: list[environment.Document], seconds: float
) -> str:
    """Apply hostile documents in a namespace of their own, and sample until they have a condition."""
    controller.sample = Sample()
    hostile = Cluster(innocent.transport, f"hostile-{secrets.token_hex(4)}", innocent.clock)
    await hostile.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": hostile.namespace}})
    samplers = [
        asyncio.create_task(_repeat(_change, controller, innocent)),
        asyncio.create_task(_repeat(_probe, controller, innocent)),
    ]
    try:
        result = await _apply(hostile, documents, seconds)
        await _change(controller, innocent)
    finally:
        for sampler in samplers:
            sampler.cancel()
        await asyncio.gather(*samplers, return_exceptions=True)
        with contextlib.suppress(errors.KubeError):
            await hostile.delete(Kind("v1", "Namespace"), hostile.namespace)
    ended = controller.process.returncode
    return result if ended is None else f"the process ended with {ended}"


async def _apply(hostile: Cluster, documents: Iterable[environment.Document], seconds: float) -> str:
    try:
        for document in documents:
            await hostile.apply(document)
    except errors.KubeError as error:
        return f"rejected by the API server: {error}"
    try:
        await hostile.until(
            environment.APPLICATION, hostile_documents.NAME, lambda d: _condition(d) is not None, seconds=seconds
        )
    except TimeoutError:
        return f"no condition after {seconds:g} s"
    await asyncio.sleep(SETTLE)
    condition = _condition(await hostile.get(environment.APPLICATION, hostile_documents.NAME) or {})
    assert condition is not None
    return f"{condition['type']}={condition['status']}, {condition['reason']}: {condition.get('message', '')}"


def _condition(document: environment.Document) -> environment.Document | None:
    """The first condition that is False, else Ready."""
    conditions = document.get("status", {}).get("conditions", ())
    refused = [each for each in conditions if each["status"] == "False"]
    return next(iter([*refused, *(each for each in conditions if each["type"] == "Ready")]), None)


async def _repeat(
    sample: Callable[[Controller, Cluster], Awaitable[None]], controller: Controller, innocent: Cluster
) -> None:
    while True:
        await sample(controller, innocent)
        await asyncio.sleep(INTERVAL)


async def _change(controller: Controller, innocent: Cluster) -> None:
    """Change a parameter of the innocent application, and note the time until its Deployment follows."""
    text = secrets.token_hex(4)
    document = environment.application(0)
    document["spec"]["components"][0]["parameterValues"] = [{"name": "greeting", "value": text}]
    started = time.perf_counter()
    await innocent.apply(document)
    with contextlib.suppress(TimeoutError):
        await innocent.until(DEPLOYMENT, "app-0-web", lambda d: text in json.dumps(d["spec"]), seconds=120)
    controller.sample.delay = max(controller.sample.delay, time.perf_counter() - started)


async def _probe(controller: Controller, _: Cluster) -> None:
    """Read /healthz and the memory of the process."""
    sample, started = controller.sample, time.perf_counter()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", controller.port)
        writer.write(b"GET /healthz HTTP/1.0\r\n\r\n")
        healthy = b" 200 " in await reader.readline()
        writer.close()
    except OSError:
        healthy = False
    sample.unhealthy += not healthy
    sample.health = max(sample.health, time.perf_counter() - started)
    sample.memory = max(sample.memory, _memory(controller.process.pid))


def _memory(pid: int) -> float:
    """Resident memory of a process, in MiB; 0 where the system has no /proc, or the process has ended."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / 2**20
    except OSError:
        return 0.0


def _print_row(name: str, documents: list[environment.Document], sample: Sample, result: str) -> None:
    size = max(len(environment.encoded(document)) for document in documents)
    health = f"{sample.health:.2f}" + (f", {sample.unhealthy} failed" if sample.unhealthy else "")
    text = " ".join(result.split())[:120].replace("|", "\\|")
    print(f"| {name} | {size:,} | {sample.delay:.2f} | {health} | {sample.memory:.0f} | {text} |", flush=True)


if __name__ == "__main__":
    main()
