"""The memory of an idle `rudr run`, beside a Python that has imported aiohttp."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable

from bench import driver, neighbour, processes, worlds
from bench.samples import CONTROLLER, IMPORT, Plan, Samples, alternating

READY = 60.0
"""Seconds after which a controller must be ready."""


async def measure(plan: Plan, samples: Samples) -> None:
    """All rounds, on one server without applications; also the memory of the controller's arm there."""
    print("idle processes", file=sys.stderr)
    async with worlds.world(plan.assets, 0) as world:
        for name in alternating((CONTROLLER, IMPORT), plan.rounds):
            memory = await (_controller(world.server.kubeconfig) if name == CONTROLLER else _import())
            samples.add(name, {"idle: memory, MiB": memory})
            if name == CONTROLLER:
                async with driver.arm("controller", world) as arm:
                    await arm.start()
                    samples.add(name, {"idle arm: memory, MiB": (await arm.quiet(plan.quiet)).memory})


async def _controller(kubeconfig: str) -> float:
    async with neighbour.controller(kubeconfig) as controller:
        async with asyncio.timeout(READY):
            while not await controller.answers("/readyz"):  # noqa: ASYNC110 - of another process
                await asyncio.sleep(0.1)
        return processes.memory(controller.process.pid)


async def _import() -> float:
    pipe = asyncio.subprocess.PIPE
    command: Iterable[str] = ("-c", "import aiohttp; print(); input()")
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdin=pipe, stdout=pipe)
    assert process.stdout is not None
    await process.stdout.readline()
    memory = processes.memory(process.pid)
    await process.communicate(b"\n")
    return memory
