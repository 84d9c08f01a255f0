"""Is the event loop alive? A task beats as often as the loop lets it; who wants to know looks how long ago that was.

The age may be read from another thread.
"""

from __future__ import annotations

from rudr_py.kube.clock import Clock

INTERVAL = 1.0
"""Seconds between two beats."""

LIMIT = 10.0
"""Seconds without a beat after which the loop counts as stuck."""


class Heartbeat:
    """When the event loop was last seen at work."""

    def __init__(self) -> None:
        self._clock: Clock | None = None
        self._last = 0.0

    async def run(self, clock: Clock) -> None:
        """Beat until cancelled."""
        self._clock = clock
        while True:
            self._last = clock.monotonic()
            await clock.sleep(INTERVAL)

    def problem(self) -> str | None:
        """Why the loop does not count as alive, or None."""
        if self._clock is None:
            return "the heartbeat has not begun"
        age = self._clock.monotonic() - self._last
        return f"the last heartbeat was {age:.0f} s ago" if age > LIMIT else None
