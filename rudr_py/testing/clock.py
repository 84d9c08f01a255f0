"""Clocks of tests: one that only the test advances, and one that is ahead of the system. Both are a `Clock`."""

from __future__ import annotations

import asyncio
import heapq
from datetime import UTC, datetime, timedelta

from rudr_py.kube.clock import SystemClock

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
"""The wall-clock time of a new FakeClock."""

TURNS = 25


async def settle() -> None:
    """Run every task until it blocks; enough iterations of the loop for any chain of wake-ups in a test."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


class FakeClock:
    """Time that changes only by `advance` (each sleeper wakes at its time) or by `jump` (no sleeper wakes yet)."""

    def __init__(self, time: float = 1000.0) -> None:
        self._start = time
        self._time = time
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def monotonic(self) -> float:
        """Seconds, starting with the argument of the constructor."""
        return self._time

    def now(self) -> datetime:
        """START plus the elapsed time."""
        return START + timedelta(seconds=self._time - self._start)

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has advanced by `seconds`. Zero or less only yields to other tasks."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        self._count += 1
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._time + seconds, self._count, woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Advance the time, wake every sleeper at its time, and let all tasks settle after each."""
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
        """Advance the time as if the process was suspended: the next `advance` wakes the sleepers."""
        self._time += seconds

    @property
    def sleeping(self) -> int:
        """The number of sleepers."""
        return sum(not woken.done() for _, _, woken in self._sleepers)


class LaterClock(SystemClock):
    """The clock of the system, as it will be after an interval. Its sleeps are not shortened."""

    def __init__(self, ahead: timedelta) -> None:
        self._ahead = ahead

    def now(self) -> datetime:
        """The wall clock in UTC, plus the interval."""
        return super().now() + self._ahead
