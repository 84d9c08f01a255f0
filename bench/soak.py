"""Runs `rudr run` under random edits, faults and kills, and compares the cluster with the documents again and again.

The user and the comparison are those of the simulation in tests/; here the controller is a process of its own, the
connection a socket, and the clock the real one. In the first half the process is killed at random, in the second half
its memory is measured. Each round ends with a time without faults, after which everything must be as declared. Exits
with 1 if something is not as declared or is left over. A seed repeats the edits, not their timing.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import random
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bench import neighbour, processes
from bench.neighbour import Controller
from rudr_py.kube.clock import SystemClock
from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.local.faults.faults import Faults
from rudr_py.local.scheduling.nodes import NodeSettings
from rudr_py.model.crd_schemas import crds
from rudr_py.plugins import loading
from tests.simulation import expected
from tests.simulation.network import Log
from tests.simulation.stored_cluster import StoredCluster
from tests.simulation.user import User

CODES = (429, 500, 503, 504)
"""Status codes after which clients repeat a request."""

LIMIT = 240.0
"""Seconds after the last fault in which everything must be as declared: a lost watch and a backoff fit into it."""

STABLE = 2.0
"""Seconds for which it must stay so."""

UNUSED = ("hold", "create_stranger")
"""Actions that leave differences on purpose, or need a plugin of the tests."""


@dataclass
class Outcome:
    """The counts of a run. `memory` are pairs of seconds and MiB."""

    disturbances: int = 0
    strangers: dict[str, Any] = field(default_factory=dict)
    rounds: int = 0
    kills: int = 0
    faults: int = 0
    longest: float = 0.0
    differences: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)

    @property
    def slope(self) -> float:
        """The growth of the memory, in KiB for each round."""
        if len(self.memory) < 2:
            return 0.0
        return 1024 * statistics.linear_regression(*zip(*self.memory, strict=True)).slope

    def table(self) -> str:
        """The counts in Markdown."""
        memory = f"{self.memory[0][1]:.1f} to {self.memory[-1][1]:.1f} MiB" if self.memory else "not measured"
        rows = (
            ("rounds; actions; faults; kills", f"{self.rounds}; {self.disturbances}; {self.faults}; {self.kills}", ""),
            ("not as declared at the end of a round", len(self.differences), "0"),
            ("objects that no document needs", len(self.leftovers), "0"),
            ("longest time from the last fault until all is as declared", f"{self.longest:.1f} s", ""),
            ("memory of the process that was not killed", memory, ""),
            ("growth of that memory in a round", f"{self.slope:.0f} KiB", "flat"),
        )
        lines = (f"| {label} | {value} | {target} |" for label, value, target in rows)
        return "\n".join(("| figure | value | target |", "|---|---:|---:|", *lines))


def main() -> int:
    """Run, and print the counts; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--actions", type=int, default=12, help="actions, faults and kills in a round")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # it logs each connection that a fault closes
    source = random.Random(arguments.seed)  # noqa: S311 - no secret
    outcome = asyncio.run(_run(60 * arguments.minutes, arguments.actions, source))
    print(outcome.table())
    for text in (*outcome.differences, *outcome.leftovers):
        print(f"- {text}")
    return 1 if outcome.differences or outcome.leftovers else 0


async def _run(seconds: float, actions: int, source: random.Random) -> Outcome:
    node = NodeSettings(cpu="1000", memory="10Ti", pods=10_000)
    async with contextlib.AsyncExitStack() as stack:
        local = await stack.enter_async_context(LocalCluster(LocalSettings(nodes=(node,))))
        for document in crds.documents():
            local.client.create(document)
        kubeconfig = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "kubeconfig"
        kubeconfig.write_text(yaml.safe_dump(local.kubeconfig()))
        cluster = StoredCluster(local, loading.installed(only=()).catalog, SystemClock(), Log(time.monotonic))
        soak = _Soak(cluster, str(kubeconfig), source)
        stack.push_async_callback(soak.end)
        return await soak.run(seconds, actions)


class _Soak:
    """One run. The current controller is in a stack of its own, which a kill closes."""

    def __init__(self, cluster: StoredCluster, kubeconfig: str, source: random.Random) -> None:
        self._cluster = cluster
        self._kubeconfig = kubeconfig
        self._source = source
        self._faults = Faults(cluster.local.server)
        self._outcome = Outcome()
        self._user = User(cluster, self._outcome, source, without=UNUSED)
        self._processes = contextlib.AsyncExitStack()
        self._controller: Controller | None = None

    async def end(self) -> None:
        """Kill the controller."""
        await self._processes.aclose()

    async def run(self, seconds: float, actions: int) -> Outcome:
        """Rounds until the time is over, at least one with kills and one without."""
        began, outcome = time.monotonic(), self._outcome
        await self._start()
        self._user.begin()
        while outcome.rounds < 2 or time.monotonic() - began < seconds:
            kills = outcome.rounds == 0 or time.monotonic() - began < seconds / 2
            await self._round(actions, kills=kills)
            outcome.rounds += 1
            if not kills:
                self._note_memory()
            print(f"round {outcome.rounds}: {time.monotonic() - began:.0f} s", file=sys.stderr)
        return outcome

    async def _start(self) -> None:
        self._controller = await self._processes.enter_async_context(neighbour.controller(self._kubeconfig))

    def _note_memory(self) -> None:
        assert self._controller is not None
        memory = processes.memory(self._controller.process.pid)
        self._outcome.memory.append((float(self._outcome.rounds), memory))

    async def _round(self, actions: int, *, kills: bool) -> None:
        source = self._source
        for _ in range(actions):
            await asyncio.sleep(source.choice((0.01, 0.1, 1.0, 3.0)) * source.random())
            chance = source.random()
            if kills and chance < 0.15:
                await self._kill()
            elif chance < 0.4:
                self._disturb()
            else:
                self._user.act()
        self._faults.clear()
        self._user.finish()
        await self._settle()
        await self._check_process()

    async def _kill(self) -> None:
        self._outcome.kills += 1
        await self.end()
        await asyncio.sleep(self._source.choice((0.0, 0.5, 2.0)))
        await self._start()

    def _disturb(self) -> None:
        self._outcome.faults += 1
        times = self._source.randint(1, 5)
        self._source.choice(
            (
                lambda: self._faults.refuse(self._source.choice(CODES), times=times),
                lambda: self._faults.refuse_after(504, times=times),
                lambda: self._faults.hang_up(times=times),
                lambda: self._faults.lose_answer(times=times),
                lambda: self._faults.delay(1.0, times=times),
                self._faults.cut_watches,
                lambda: self._faults.cut_watches(mid_line=True),
                self._faults.expire_history,
            )
        )()

    async def _check_process(self) -> None:
        """Note a process that has ended by itself, and start another one."""
        assert self._controller is not None
        code = self._controller.process.returncode
        if code is not None:
            self._outcome.differences.append(f"round {self._outcome.rounds + 1}: the process ended with {code}")
            await self._start()

    async def _settle(self) -> None:
        """Wait until all is as declared, and stays so; note the differences that remain."""
        began = declared = time.monotonic()
        differences: list[str] = []
        while (now := time.monotonic()) < declared + STABLE and now < began + LIMIT:
            differences = list(expected.differences(self._cluster, frozenset()))
            declared = now if differences else declared
            await asyncio.sleep(0.25)
        self._outcome.longest = max(self._outcome.longest, declared - began)
        for text in differences:
            kind = self._outcome.leftovers if text.endswith("left over") else self._outcome.differences
            kind.append(f"round {self._outcome.rounds + 1}: {text}")


if __name__ == "__main__":
    sys.exit(main())
