"""A clock that stands still until a test moves it: a `rudr_py.kube.clock.Clock`."""

from __future__ import annotations

import asyncio
import heapq
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
"""What the wall clock of a new FakeClock shows."""

TURNS = 25


async def settle() -> None:
    """Let every task run until it waits for something; enough turns of the loop for any chain of wake-ups in a test."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


class FakeClock:
    """Time that passes only by `advance` (sleepers wake, each at its own time) or by `jump` (nobody notices yet)."""

    def __init__(self, time: float = 1000.0) -> None:
        self._start = time
        self._time = time
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def monotonic(self) -> float:
        """Seconds; starts at what the constructor was given."""
        return self._time

    def now(self) -> datetime:
        """START and what has passed since."""
        return START + timedelta(seconds=self._time - self._start)

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was moved so far. No time, or less, gives way to other tasks only."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        self._count += 1
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._time + seconds, self._count, woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Move time on, waking every sleeper on the way at its time, and let all tasks settle after each."""
        end = self._time + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                self._time = max(self._time, due)
                woken.set_result(None)
                await settle()
        self._time = max(self._time, end)
        await settle()

    def jump(self, seconds: float) -> None:
        """Move time on as when the process stood still: whoever sleeps is woken by the next `advance`."""
        self._time += seconds

    @property
    def sleeping(self) -> int:
        """How many sleep now."""
        return sum(not woken.done() for _, _, woken in self._sleepers)
