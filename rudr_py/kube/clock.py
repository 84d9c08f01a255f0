"""Time as an argument. What implements it is made where the process is put together, or in a test.

There is no clock here, only what one is asked, and how a moment is written.
"""

from __future__ import annotations

from datetime import datetime
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
