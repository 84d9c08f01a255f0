"""Time as an argument: the clock's interface, the real clock, and the format of times in the API.

The composition root, or a test, creates the clock and passes it down; nothing else may read the time.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The interface of a clock."""

    def monotonic(self) -> float:
        """Seconds that never decrease; for intervals."""
        ...

    def now(self) -> datetime:
        """The wall clock in UTC, aware; for display only."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        ...


def micro_time(at: datetime) -> str:
    """A time in UTC as a MicroTime of the Kubernetes API, with microseconds."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class SystemClock:
    """The clock of the system."""

    def monotonic(self) -> float:
        """Seconds that never decrease."""
        return time.monotonic()

    def now(self) -> datetime:
        """The wall clock in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        await asyncio.sleep(seconds)
