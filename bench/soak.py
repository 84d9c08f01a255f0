"""Runs `rudr run` under random edits, faults and kills, and compares the cluster with the documents again and again.

The user and the comparison are those of the simulation in tests/; here the controller is a process of its own, the
connection a socket, and the clock the real one. In the first half the process is killed at random, in the second half
its memory is measured. Each round ends with a time without faults, after which everything must be as declared, and the
run with a rest, in which no request may be sent. With `--shards`, two processes divide the shards and are killed in
turn. Exits with 1 if a value of the table is beyond its target. A seed repeats the edits, not their timing.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bench import neighbour, processes
from bench.neighbour import Controller
from bench.slope import Slope, theil_sen
from rudr_py.kube.clock import SystemClock
from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.local.faults.faults import Faults
from rudr_py.local.scheduling.nodes import NodeSettings
from rudr_py.model.crd_schemas import crds
from rudr_py.plugins import loading
from tests.e2e import apiserver
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

INTERVAL = 1.0
"""Seconds between two samples of the memory."""

WARM_UP, QUICK_ACTIONS = 0.5, 100
"""The part of the second half before the memory is measured, and the actions at its begin that follow each other at
once: the first object of each kind takes memory, and caches of a bounded size fill.
"""

FLAT = 1.0
"""The growth of the memory, in MiB while it is measured, below which it is flat, besides the noise of the samples.

A leak of one application in each round would be 40 KiB for each of about 15 rounds.
"""

PANICS = "controller_runtime_reconcile_panics_total"


@dataclass
class Outcome:
    """The counts of a run. `memory` are pairs of seconds and MiB; `exits` are processes that ended by themselves."""

    disturbances: int = 0
    strangers: dict[str, Any] = field(default_factory=dict)
    rounds: int = 0
    kills: int = 0
    faults: int = 0
    exits: int = 0
    panics: int = 0
    longest: float = 0.0
    differences: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    at_rest: list[str] = field(default_factory=list)
    memory: list[tuple[float, float]] = field(default_factory=list)

    @property
    def slope(self) -> Slope:
        """The line through the memory, by hours."""
        return theil_sen([(seconds / 3600, memory) for seconds, memory in self.memory])

    @property
    def is_flat(self) -> bool:
        """Whether the memory does not grow."""
        return self.slope.is_flat(FLAT)

    @property
    def problems(self) -> list[str]:
        """All reasons of a failure."""
        problems = [*self.differences, *self.leftovers, *(f"sent at rest: {path}" for path in self.at_rest)]
        if self.panics:
            problems.append(f"{self.panics} reconciles raised an unexpected exception")
        if not self.is_flat:
            slope = self.slope
            problems.append(
                f"the memory grew by {slope.growth:.1f} MiB within {60 * slope.length:.0f} min, with a noise of "
                f"{slope.noise:.2f} MiB"
            )
        return problems

    def table(self) -> str:
        """The counts in Markdown."""
        memory = f"{self.memory[0][1]:.1f} to {self.memory[-1][1]:.1f} MiB" if self.memory else "not measured"
        slope = self.slope
        growth = f"{slope.slope:.1f} MiB an hour, {slope.growth:.2f} MiB in all, noise {slope.noise:.2f} MiB"
        counts = f"{self.rounds}; {self.disturbances}; {self.faults}; {self.kills}"
        rows = (
            ("rounds; actions; faults; kills", counts, ""),
            ("not as declared at the end of a round", len(self.differences), "0"),
            ("objects that no document needs", len(self.leftovers), "0"),
            ("reconciles that raised an unexpected exception", self.panics, "0"),
            ("requests at rest", len(self.at_rest), "0"),
            ("processes that ended because they lost a lease", self.exits, ""),
            ("longest time from the last fault until all is as declared", f"{self.longest:.1f} s", ""),
            ("memory of a process that was not killed", memory, ""),
            ("growth of that memory", growth, "flat" if self.is_flat else "flat: **no**"),
        )
        lines = (f"| {label} | {value} | {target} |" for label, value, target in rows)
        return "\n".join(("| figure | value | target |", "|---|---:|---:|", *lines))


def main() -> int:
    """Run, and print the counts; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--actions", type=int, default=12, help="actions, faults and kills in a round")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--shards", type=int, default=1, help="with more than 1, two processes divide them")
    parser.add_argument("--rest", type=float, default=40.0, help="seconds of rest, half of them more before")
    parser.add_argument("--json", type=Path, default=Path("build/soak.json"), help="the file of the memory samples")
    arguments = parser.parse_args()
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # it logs each connection that a fault closes
    outcome = asyncio.run(_run(arguments))
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    problems = outcome.problems
    arguments.json.write_text(json.dumps({"memory": outcome.memory, "problems": problems}))
    print(outcome.table())
    for text in problems:
        print(f"- {text}")
    return 1 if problems else 0


async def _run(arguments: argparse.Namespace) -> Outcome:
    node = NodeSettings(cpu="1000", memory="10Ti", pods=10_000)
    async with contextlib.AsyncExitStack() as stack:
        local = await stack.enter_async_context(LocalCluster(LocalSettings(nodes=(node,))))
        for document in crds.documents():
            local.client.create(document)
        kubeconfig = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "kubeconfig"
        kubeconfig.write_text(yaml.safe_dump(local.kubeconfig()))
        cluster = StoredCluster(local, loading.installed(only=()).catalog, SystemClock(), Log(time.monotonic))
        source = random.Random(arguments.seed)  # noqa: S311 - no secret
        soak = _Soak(cluster, str(kubeconfig), source, arguments.shards)
        stack.push_async_callback(soak.end)
        return await soak.run(60 * arguments.minutes, arguments.actions, arguments.rest)


class _Replica:
    """A controller process that can be killed and started again."""

    def __init__(self, kubeconfig: str, shards: int) -> None:
        self._kubeconfig = kubeconfig
        self._flags: tuple[str, ...] = ()
        if shards > 1:
            self._flags = ("--leader-elect", "--leader-election-namespace", "default", "--shards", str(shards))
        self._stack = contextlib.AsyncExitStack()
        self._metrics = 0
        self.controller: Controller | None = None

    async def start(self) -> None:
        (self._metrics,) = apiserver.free_ports(1)
        flags = (*self._flags, "--metrics-bind-address", f"127.0.0.1:{self._metrics}", "--log-level", "error")
        self.controller = await self._stack.enter_async_context(neighbour.controller(self._kubeconfig, *flags))

    async def kill(self) -> None:
        await self._stack.aclose()

    async def panics(self) -> int | None:
        """The reconciles of this process that raised an unexpected exception; None if it has no metrics yet."""
        lines = (await neighbour.get(self._metrics, "/metrics")).decode().splitlines()
        counts = [int(float(line.rpartition(" ")[2])) for line in lines if line.startswith(PANICS)]
        return sum(counts) if counts else None

    @property
    def exit_code(self) -> int | None:
        assert self.controller is not None
        return self.controller.process.returncode

    @property
    def memory(self) -> float:
        assert self.controller is not None
        return processes.memory(self.controller.process.pid)


class _Soak:
    """One run."""

    def __init__(self, cluster: StoredCluster, kubeconfig: str, source: random.Random, shards: int) -> None:
        self._cluster = cluster
        self._source = source
        self._faults = Faults(cluster.local.server)
        self._outcome = Outcome()
        self._user = User(cluster, self._outcome, source, without=UNUSED)
        self._elects = shards > 1
        self._replicas = [_Replica(kubeconfig, shards) for _ in range(2 if self._elects else 1)]

    async def end(self) -> None:
        """Kill the controllers."""
        for replica in self._replicas:
            await replica.kill()

    async def run(self, seconds: float, actions: int, rest: float) -> Outcome:
        """Rounds until the time is over, at least one with kills and one without; then the rest."""
        began, outcome = time.monotonic(), self._outcome
        for replica in self._replicas:
            await replica.start()
        self._user.begin()
        sampling: asyncio.Task[None] | None = None
        while outcome.rounds < 2 or time.monotonic() - began < seconds:
            kills = outcome.rounds == 0 or time.monotonic() - began < seconds / 2
            if sampling is None and not kills:
                sampling = asyncio.create_task(self._sample(began, began + seconds * (1 + WARM_UP) / 2))
                await self._warm_up(seconds)
            await self._round(actions, kills=kills)
            outcome.rounds += 1
            print(f"round {outcome.rounds}: {time.monotonic() - began:.0f} s", file=sys.stderr)
        if sampling is not None:
            sampling.cancel()
        await self._rest(rest)
        for replica in self._replicas:
            panics = await replica.panics()
            outcome.panics += panics or 0
            if panics is None:
                outcome.differences.append("a process has no metrics at the end")
        return outcome

    async def _warm_up(self, seconds: float) -> None:
        for _ in range(QUICK_ACTIONS if seconds else 0):
            self._user.act()
            await asyncio.sleep(0.1)

    async def _sample(self, began: float, start: float) -> None:
        """Sample the memory of the first process from `start` on; a new process begins again."""
        process: object = None
        while True:
            await asyncio.sleep(INTERVAL)
            replica, now = self._replicas[0], time.monotonic()
            if replica.controller is not process:
                process = replica.controller
                self._outcome.memory.clear()
            if now >= start and replica.memory:
                self._outcome.memory.append((now - began, replica.memory))

    async def _rest(self, seconds: float) -> None:
        """Note the requests at rest, after a time for delayed ones; renewals of leases and watches are none."""
        await asyncio.sleep(seconds / 2)
        requests = self._cluster.local.requests
        requests.clear()
        await asyncio.sleep(seconds)
        paths = (f"{request.method} {request.path}" for request in requests)
        self._outcome.at_rest += [path for path in paths if "watch=true" not in path and "/leases" not in path]

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
        for replica in self._replicas:
            await self._check_process(replica)

    async def _kill(self) -> None:
        replica = self._replicas[self._outcome.kills % len(self._replicas)]
        self._outcome.kills += 1
        self._outcome.panics += await replica.panics() or 0
        await replica.kill()
        await asyncio.sleep(self._source.choice((0.0, 0.5, 2.0)))
        await replica.start()

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

    async def _check_process(self, replica: _Replica) -> None:
        """Note a process that has ended by itself, and start another one."""
        code = replica.exit_code
        if code is None:
            return
        if self._elects and code == 1:
            self._outcome.exits += 1
        else:
            self._outcome.differences.append(f"round {self._outcome.rounds + 1}: a process ended with {code}")
        await replica.kill()
        await replica.start()

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
