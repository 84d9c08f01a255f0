"""A start, a relist and a fail-over over thousands of applications that are in sync, with edits meanwhile.

The applications are stored in a local API without controllers, see `bench.copies`. Requests are counted without edits.
One edit follows another; the first one is sent when the disturbance begins.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Awaitable, Callable

from bench import driver, worlds
from bench.arms.figures import Figures
from bench.driver import ArmProcess
from bench.samples import BARE, CONTROLLER, LIST, Plan, Samples, alternating, quantile
from bench.sections import edits, start
from bench.sections.edits import ARMS, Edited


async def measure(plan: Plan, samples: Samples) -> None:
    """All rounds, on one server. The section needs the local API."""
    print(f"scale: {plan.applications} applications are stored", file=sys.stderr)
    await _measure_empty(plan, samples)
    async with worlds.loaded(plan.applications) as (world, expire):
        for name in alternating((CONTROLLER, LIST), plan.rounds):
            print(f"scale: start of {name}", file=sys.stderr)
            samples.add(name, await start.started("scale, start", name, world, plan))
        async with edits.follow(world) as edited:
            for name in alternating((CONTROLLER, BARE), plan.rounds):
                print(f"scale: edits during a start of {name}, and at rest", file=sys.stderr)
                await _edit(name, edited, plan, samples)
            print("scale: relist", file=sys.stderr)
            await _relist(edited, expire, plan, samples)
            print("scale: fail-over", file=sys.stderr)
            for with_edits in (False, True):
                await _fail_over(edited, plan, samples, with_edits=with_edits)


async def _measure_empty(plan: Plan, samples: Samples) -> None:
    """The memory of the arm without applications."""
    async with worlds.loaded(0) as (world, _), driver.arm("controller", world) as arm:
        await arm.start()
        samples.add(CONTROLLER, {"scale, no applications: memory, MiB": (await arm.quiet(plan.quiet)).memory})


async def _edit(name: str, edited: Edited, plan: Plan, samples: Samples) -> None:
    async with driver.arm(ARMS[name], edited.world) as arm:
        delays = await _edits_until(edited, arm.start)
        await arm.quiet(plan.quiet)
        at_rest = [await edited.edit() for _ in range(plan.edits)]
    samples.add(name, {**_delays("start", delays), **_delays("at rest", at_rest)})


async def _relist(edited: Edited, expire: Callable[[], None], plan: Plan, samples: Samples) -> None:
    """All watches end, and cannot be resumed: first without edits, then with edits."""
    async with driver.arm("controller", edited.world) as arm:
        await arm.start()
        before = await arm.quiet(plan.quiet)
        await arm.begin()
        expire()
        expired = time.monotonic()
        after = await arm.quiet(2 * plan.quiet)
        duration = after.time - expired - 2 * plan.quiet
        expire()
        delays = await _edits_until(edited, lambda: asyncio.sleep(max(1.0, duration)))
    requests = sum(after.requests.values()) - sum(before.requests.values())
    figures = {"scale, relist: requests": requests, **start.disturbance("scale, relist", before, after)}
    samples.add(CONTROLLER, {**figures, **_delays("relist", delays)})


async def _fail_over(edited: Edited, plan: Plan, samples: Samples, *, with_edits: bool) -> None:
    """The leader is killed, and the other process has complete caches."""
    async with contextlib.AsyncExitStack() as stack:
        leader = await stack.enter_async_context(driver.arm("candidate", edited.world))
        await leader.start()
        await _reconciled(leader, edited.world.count)
        standby = await stack.enter_async_context(driver.arm("candidate", edited.world))
        await standby.start()
        before = await standby.quiet(plan.quiet)
        await standby.begin()
        leader.kill()
        killed = time.monotonic()
        if with_edits:
            delays = await _edits_until(edited, lambda: _reconciled(standby, edited.world.count))
            samples.add(CONTROLLER, {"scale, fail-over: first edit, s": delays[0], **_delays("fail-over", delays[1:])})
            return
        done = await _reconciled(standby, edited.world.count)
        after = await standby.quiet(plan.quiet)
    figures = {"scale, fail-over: wall, s": done.time - killed, "scale, fail-over: lists": after.reads - before.reads}
    samples.add(CONTROLLER, {**figures, **start.disturbance("scale, fail-over", before, after)})


async def _reconciled(arm: ArmProcess, count: int) -> Figures:
    """The figures of an arm once it has reconciled so many applications."""
    while (figures := await arm.figures()).reconciles < count:  # noqa: ASYNC110 - of another process
        await asyncio.sleep(driver.INTERVAL)
    return figures


async def _edits_until(edited: Edited, wait: Callable[[], Awaitable[object]]) -> list[float]:
    """The delays of edits, at least two of them, one after the other, until a wait ends."""
    waiting = asyncio.ensure_future(wait())
    delays = [await edited.edit(), await edited.edit()]
    while not waiting.done():
        delays.append(await edited.edit())
    await waiting
    return delays


def _delays(phase: str, delays: list[float]) -> dict[str, float]:
    parts = {"p50": 0.5, "p99": 0.99}
    return {f"scale, {phase}: edit, {name}, s": quantile(delays, part) for name, part in parts.items()}
