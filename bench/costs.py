"""Profiles the convergence of N new applications: the CPU time of each part of the controller, as a table.

The parts are disjoint. The profiler slows short functions down, so the shares are for orientation; the number of
executed function calls compares two revisions on any machine, however busy it is.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
import time

from bench import environment, worlds
from rudr_py.plugins import loading
from rudr_py.settings import Settings

PARTS = {
    "requests: sending, and reading the response": ("kube/transport.py", "send"),
    "decoding responses and watch events": ("kube/live_object.py", "decode"),
    "caches and triggers": ("watching/sources.py", "_feed"),
    "reading and parsing documents": ("inputs/reader.py", "steps"),
    "rendering": ("inputs/plan_cache.py", "steps"),
    "completing and hashing bodies": ("apply/predecessors.py", "complete"),
    "health of objects": ("status/health.py", "steps"),
    "content of the status": ("status/reporter.py", "_status"),
}
"""Each part with the function that contains it."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--applications", type=int, default=200)
    arguments = parser.parse_args()
    _print(asyncio.run(_profiled(arguments.applications)), arguments.applications)


async def _profiled(count: int) -> pstats.Stats:
    catalog = loading.installed().catalog
    profile = cProfile.Profile(time.thread_time)
    async with worlds.world("", count) as world:
        profile.enable()
        async with world.cluster.controller(catalog, settings=Settings()):
            await environment.reached(world.cluster, count, environment.is_ready)
        profile.disable()
    return pstats.Stats(profile)


def _print(profile: pstats.Stats, count: int) -> None:
    entries = profile.stats  # type: ignore[attr-defined] # typeshed lacks it
    calls, total = sum(entry[1] for entry in entries.values()), sum(entry[2] for entry in entries.values())
    print(f"{count} applications, {calls / count:,.0f} function calls for each")
    print(f"{'part':46} {'ms each':>8} {'share':>6}")
    rows = {
        name: sum(
            entry[3] for (file, _, function), entry in entries.items() if file.endswith(path) and function == called
        )
        for name, (path, called) in PARTS.items()
    }
    rows["everything else"] = total - sum(rows.values())
    for name, seconds in sorted(rows.items(), key=lambda row: -row[1]):
        print(f"{name:46} {1000 * seconds / count:8.2f} {seconds / total:6.0%}")


if __name__ == "__main__":
    main()
