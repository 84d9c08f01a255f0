"""A start over applications that are in sync, beside a client that lists and decodes the same objects."""

from __future__ import annotations

import sys
import time

from bench import driver, environment
from bench.arms.figures import Figures
from bench.samples import CONTROLLER, LIST, Plan, Samples, alternating
from bench.sections import new
from bench.worlds import World


async def measure(plan: Plan, samples: Samples) -> None:
    """All rounds, on one server."""
    print("starts: the controller prepares", file=sys.stderr)
    async with new.world(plan) as world:
        async with driver.arm("controller", world) as arm:
            await arm.start()
            await environment.reached(world.cluster, world.count, environment.is_ready)
            await arm.quiet(plan.quiet)
        for name in alternating((CONTROLLER, LIST), plan.rounds):
            print(f"start: {name}", file=sys.stderr)
            samples.add(name, await started("start", name, world, plan))


async def started(phase: str, name: str, world: World, plan: Plan) -> dict[str, float]:
    """Costs of one start of an arm."""
    async with driver.arm("controller" if name == CONTROLLER else "list", world) as arm:
        before, began = await arm.figures(), time.monotonic()
        figures = await arm.start()
        after = await arm.quiet(plan.quiet)
    return {
        f"{phase}: wall, s": figures.time - began,
        f"{phase}: CPU, s": figures.cpu - before.cpu,
        f"{phase}: memory, MiB": after.memory,
        **disturbance(phase, before, after),
    }


def disturbance(phase: str, before: Figures, after: Figures) -> dict[str, float]:
    """Writes, and the longest step and the peak of memory, of a phase."""
    return {
        f"{phase}: writes": after.writes - before.writes,
        f"{phase}: longest step, s": after.longest_step,
        f"{phase}: peak, MiB": after.peak,
    }
