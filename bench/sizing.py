"""Counts requests and memory of a controller for several numbers of applications, as the table of docs/operations.md.

For each number there is a new server with applications, a controller that processes them, and another one that starts
over them.
"""

from __future__ import annotations

import argparse
import asyncio

from bench import driver, environment, worlds

HEADER = """| applications | reads at start | writes to create all | writes at restart | requests at rest | memory |
|---:|---:|---:|---:|---:|---:|"""


def main() -> None:
    """Print a row for each number of applications. Memory is that of the second controller, which is larger."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--applications", type=int, nargs="+", default=[0, 100, 400, 1000])
    parser.add_argument("--rest", type=float, default=10.0, help="seconds of rest")
    arguments = parser.parse_args()
    print(HEADER)
    for count in arguments.applications:
        print(asyncio.run(_row(count, arguments.rest)), flush=True)


async def _row(count: int, rest: float) -> str:
    async with worlds.world("", count) as world:
        async with driver.arm("controller", world) as arm:
            await arm.start()
            if count:
                await environment.reached(world.cluster, count, environment.is_ready)
            new = await arm.quiet(driver.QUIET)
        async with driver.arm("controller", world) as arm:
            await arm.start()
            again = await arm.quiet(driver.QUIET)
            await asyncio.sleep(rest)
            last = await arm.figures()
    counts = (count, again.reads, new.writes, again.writes, last.total - again.total)
    return f"| {' | '.join(f'{number:,}' for number in counts)} | {last.memory:.0f} MiB |"


if __name__ == "__main__":
    main()
