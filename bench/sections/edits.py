"""The time from a stored edit of an application to the changed Deployment: at rest, and while the arm starts.

The controller and a bare client that watches and applies run on a server each, over the same number of applications.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator

from bench import driver, environment
from bench.environment import DEPLOYMENT
from bench.samples import BARE, CONTROLLER, Plan, Samples, alternating, quantile
from bench.sections import new
from bench.worlds import World

LONGEST = 120.0
"""Seconds after which an edit counts as lost; the benchmark fails."""

INTERVAL = 0.1
"""Seconds between two edits during a start. None waits for the one before, so that they come at any time of it."""

ARMS = {CONTROLLER: "controller", BARE: "reactor"}


async def measure(plan: Plan, samples: Samples) -> None:
    """All rounds, in two worlds that the arms have brought to rest before."""
    async with contextlib.AsyncExitStack() as stack:
        edited = {}
        for name in (CONTROLLER, BARE):
            print(f"edits: {name} prepares", file=sys.stderr)
            world = await stack.enter_async_context(new.world(plan))
            async with driver.arm(new.ARMS[name], world) as arm:
                await arm.start()
                await environment.reached(world.cluster, world.count, lambda d, name=name: new.state(name, d))  # type: ignore[misc] # bound by default
                await arm.quiet(plan.quiet)
            edited[name] = await stack.enter_async_context(follow(world))
        for name in alternating((CONTROLLER, BARE), plan.rounds):
            print(f"edits during a start: {name}", file=sys.stderr)
            await _started(name, edited[name], plan, samples)
        arms = {name: await stack.enter_async_context(driver.arm(ARMS[name], edited[name].world)) for name in edited}
        for arm in arms.values():
            await arm.start()
            await arm.quiet(plan.quiet)
        print("edits at rest", file=sys.stderr)
        for _ in range(plan.rounds):
            delays: dict[str, list[float]] = {name: [] for name in edited}
            for name in alternating((CONTROLLER, BARE), plan.edits):
                delays[name].append(await edited[name].edit())
            for name, values in delays.items():
                samples.add(name, _summary("edit", values))


async def _started(name: str, edited: Edited, plan: Plan, samples: Samples) -> None:
    """Edits at a constant rate from the start of an arm until it has processed all applications."""
    async with driver.arm(ARMS[name], edited.world) as arm:
        starting = asyncio.create_task(arm.start())
        edits = [asyncio.create_task(edited.edit())]
        while not starting.done():
            await asyncio.wait([starting], timeout=INTERVAL)
            edits.append(asyncio.create_task(edited.edit()))
        delays = await asyncio.gather(*edits)
        await arm.quiet(plan.quiet)
    samples.add(name, _summary("edit during a start", delays))


def _summary(phase: str, delays: list[float]) -> dict[str, float]:
    return {f"{phase}: p50, s": quantile(delays, 0.5), f"{phase}: p99, s": quantile(delays, 0.99)}


class Edited:
    """Edits applications in turn, and follows the Deployments of the world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._numbers: Iterator[int] = itertools.cycle(range(world.count))
        self._edits = itertools.count(1)
        self._awaited: dict[tuple[str, str], dict[int, asyncio.Future[float]]] = defaultdict(dict)

    async def edit(self) -> float:
        """Edit the next application; returns the seconds from the answer of the server to the changed Deployment.

        A Deployment with a later edit of the same application counts, too.
        """
        number, edit = next(self._numbers), next(self._edits)
        document = environment.edited(number, str(edit))
        key = (document["metadata"]["namespace"], environment.deployment_name(number))
        changed: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._awaited[key][edit] = changed
        await self.world.cluster.apply(document)
        stored = time.monotonic()
        async with asyncio.timeout(LONGEST):
            return max(0.0, await changed - stored)

    async def follow(self) -> None:
        """Note the times of changes until cancelled."""
        async with contextlib.aclosing(self.world.cluster.changes(DEPLOYMENT, "")) as changes:
            async for live in changes:
                text = environment.greeting_of({"spec": live.part("spec")}) if live is not None else ""
                if live is not None and text.isdecimal():
                    self._note(live.key, int(text))

    def _note(self, key: tuple[str, str], edit: int) -> None:
        awaited, now = self._awaited[key], time.monotonic()
        for earlier in [number for number in awaited if number <= edit]:
            changed = awaited.pop(earlier)
            if not changed.done():
                changed.set_result(now)


@contextlib.asynccontextmanager
async def follow(world: World) -> AsyncIterator[Edited]:
    """The edits of a world, followed until the context ends."""
    edited = Edited(world)
    following = asyncio.create_task(edited.follow())
    try:
        yield edited
    finally:
        following.cancel()
