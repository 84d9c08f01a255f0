"""Large applications are reconciled few at a time, and a suspected one alone."""

from __future__ import annotations

import asyncio

from rudr_py.controller.load.heavy_gate import PLACES, HeavyGate
from rudr_py.testing.clock import settle


class Reconcile:
    """A reconcile that lasts until it is ended."""

    def __init__(self, gate: HeavyGate, namespace: str, *, alone: bool = False) -> None:
        self.runs = False
        self.end = asyncio.Event()
        self.task = asyncio.create_task(self._run(gate, namespace, alone))

    async def _run(self, gate: HeavyGate, namespace: str, alone: bool) -> None:
        async with gate.enter(namespace, alone=alone):
            self.runs = True
            await self.end.wait()
            self.runs = False

    async def ended(self) -> None:
        self.end.set()
        await self.task


async def test_one_namespace_has_one_place_and_another_the_next() -> None:
    gate = HeavyGate()
    noisy = [Reconcile(gate, "noisy") for _ in range(3)]
    await settle()
    quiet = Reconcile(gate, "quiet")
    await settle()
    assert [one.runs for one in (*noisy, quiet)] == [True, False, False, True]
    for one in (*noisy, quiet):
        await one.ended()


async def test_a_suspected_application_runs_alone() -> None:
    gate = HeavyGate()
    first = Reconcile(gate, "a")
    await settle()
    suspects = [Reconcile(gate, "a", alone=True), Reconcile(gate, "b", alone=True)]
    await settle()
    later = Reconcile(gate, "c")
    await settle()
    assert not any(suspect.runs for suspect in suspects)
    await first.ended()
    running = [first, *suspects, later]
    while running:
        await settle()
        now = [one for one in running if one.runs]
        assert len(now) == 1 if any(suspect.runs for suspect in suspects) else len(now) <= PLACES
        running = [one for one in running if not one.task.done()]
        for one in now:
            await one.ended()


async def test_a_cancelled_wait_frees_its_places() -> None:
    gate = HeavyGate()
    first = Reconcile(gate, "a")
    await settle()
    suspect = Reconcile(gate, "a", alone=True)
    await settle()
    suspect.task.cancel()
    await settle()
    other = Reconcile(gate, "b")
    await settle()
    assert other.runs
    await first.ended()
    await other.ended()
