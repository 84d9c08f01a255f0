"""Time as an argument: what a clock is asked, how a moment is written, and the real clock.

A clock is made where the process is put together, or in a test, and handed down; nothing else may look at the time.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The three things that this room asks of time."""

    def monotonic(self) -> float:
        """Seconds that only grow; for intervals."""
        ...

    def now(self) -> datetime:
        """The wall clock in UTC, aware; for display only."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        ...


def micro_time(at: datetime) -> str:
    """A moment in UTC as a MicroTime of the Kubernetes API, with six digits of a second."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class SystemClock:
    """Time as it passes."""

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()

    def now(self) -> datetime:
        """The wall clock in UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds."""
        await asyncio.sleep(seconds)
