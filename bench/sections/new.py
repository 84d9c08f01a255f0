"""New applications, a restart over them, and rest: the controller, a bare client, and an operator written with Kopf.

Each round of an arm has a new server on which the applications exist already. The bare client runs twice in a round:
the ratio of the two is the control of the run.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator

from bench import driver, environment, processes, worlds
from bench.arms.figures import PURPOSES, Figures
from bench.environment import Document
from bench.samples import AGAIN, BARE, CONTROLLER, KOPF, Plan, Samples, alternating
from bench.worlds import World

ARMS = {CONTROLLER: "controller", BARE: "bare", AGAIN: "bare", KOPF: "kopf"}
"""The arm of each name in the results."""


async def measure(plan: Plan, samples: Samples) -> None:
    """All rounds."""
    for name in alternating((BARE, CONTROLLER, KOPF, AGAIN), plan.rounds):
        print(f"new applications: {name}", file=sys.stderr)
        async with world(plan) as created:
            samples.add(name, await _converged(name, created, plan))
            if name in (CONTROLLER, KOPF):
                samples.add(name, await _restarted(name, created, plan))


@contextlib.asynccontextmanager
async def world(plan: Plan) -> AsyncIterator[World]:
    """A new server with applications, and with the controllers of a cluster, if it has none."""
    async with worlds.world(plan.assets, plan.applications) as created, contextlib.AsyncExitStack() as stack:
        if not created.server.has_controllers:
            await (await stack.enter_async_context(driver.arm("cluster-controllers", created))).start()
        yield created


def state(name: str, document: Document) -> bool:
    """Whether an arm has finished an application."""
    if name == CONTROLLER:
        return environment.is_ready(document)
    return environment.is_synced(document) and (document.get("status") or {}).get("phase") == "synced"


async def _converged(name: str, world: World, plan: Plan) -> dict[str, float]:
    """Seconds and CPU until all are applied; the rest until all are ready and the arm is quiet."""
    async with driver.arm(ARMS[name], world) as arm:
        before, server = await arm.figures(), processes.cpu(*world.server.processes)
        started = time.monotonic()
        synced = asyncio.create_task(environment.reached(world.cluster, world.count, environment.is_synced))
        finished = asyncio.create_task(environment.reached(world.cluster, world.count, lambda d: state(name, d)))
        await arm.start()
        await synced
        wall, applied = time.monotonic() - started, await arm.figures()
        server = processes.cpu(*world.server.processes) - server
        await finished
        after = await arm.quiet(plan.quiet)
    return {
        "new: wall, s": wall,
        "new: CPU, s": applied.cpu - before.cpu,
        "new: CPU of the server, s": server,
        "new: CPU until quiet, s": after.cpu - before.cpu,
        "new: requests": (after.own - before.own) / world.count,
        "new: shared requests": after.shared - before.shared,
        "new: reconciles": after.reconciles / world.count,
        "new: memory, MiB": after.memory,
        "new: longest step, s": after.longest_step,
        **{f"new: {purpose}": after.requests.get(purpose, 0) / world.count for purpose in PURPOSES},
    }


async def _restarted(name: str, world: World, plan: Plan) -> dict[str, float]:
    """Costs of a start over applications that need no change, and of the time after it."""
    async with driver.arm(ARMS[name], world) as arm:
        before = await arm.figures()
        await arm.start()
        quiet = await arm.quiet(plan.quiet)
        await asyncio.sleep(plan.rest)
        rested = await arm.figures()
    hour = 3600 / plan.rest
    return {
        **_costs("restart", before, quiet),
        "at rest: CPU in an hour, s": (rested.cpu - quiet.cpu) * hour,
        "at rest: requests in an hour": (rested.total - quiet.total) * hour,
    }


def _costs(phase: str, before: Figures, after: Figures) -> dict[str, float]:
    return {
        f"{phase}: CPU, s": after.cpu - before.cpu,
        f"{phase}: requests": after.total - before.total,
        f"{phase}: writes": after.writes - before.writes,
    }
