"""A start over applications that are in sync, beside a client that lists and decodes the same objects."""

from __future__ import annotations

import sys
import time

from bench import driver, environment
from bench.samples import CONTROLLER, LIST, Plan, Samples, alternating
from bench.sections import new


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
            async with driver.arm("controller" if name == CONTROLLER else "list", world) as arm:
                before, started = await arm.figures(), time.monotonic()
                figures = await arm.start()
                after = await arm.quiet(plan.quiet)
            samples.add(
                name,
                {
                    "start: wall, s": figures.time - started,
                    "start: CPU, s": figures.cpu - before.cpu,
                    "start: writes": after.writes - before.writes,
                    "start: memory, MiB": after.memory,
                    "start: longest step, s": after.longest_step,
                },
            )
