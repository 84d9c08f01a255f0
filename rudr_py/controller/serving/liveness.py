"""Is the event loop alive? A task beats as often as the loop lets it; who wants to know looks how long ago that was.

A thread looks, too, because a loop that stands still answers nobody: it says once where the loop stands, so that the
restart which the probes bring about can be explained. It ends nothing and answers no probe.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import threading
import traceback
from collections.abc import Iterator

from rudr_py.kube.clock import Clock

INTERVAL = 1.0
"""Seconds between two beats."""

LIMIT = 10.0
"""Seconds without a beat after which the loop counts as stuck."""

PATIENCE = 20.0
"""Seconds without a beat after which the thread speaks: less than any probe forgives, and no busy moment is so long."""

log = logging.getLogger(__name__)


class Liveness:
    """When the event loop was last seen at work. May be asked by any thread."""

    def __init__(self) -> None:
        self._clock: Clock | None = None
        self._last = 0.0

    async def run(self, clock: Clock) -> None:
        """Beat until cancelled."""
        self._clock = clock
        while True:
            self._last = clock.monotonic()
            await clock.sleep(INTERVAL)

    @property
    def age(self) -> float:
        """Seconds since the last beat; 0 before the first."""
        return 0.0 if self._clock is None else self._clock.monotonic() - self._last

    def problem(self) -> str | None:
        """Why the loop does not count as alive, or None."""
        if self._clock is None:
            return "the heartbeat has not begun"
        age = self.age
        return f"the last heartbeat was {age:.0f} s ago" if age > LIMIT else None


@contextlib.contextmanager
def watching(heartbeat: Liveness, *, patience: float = PATIENCE) -> Iterator[None]:
    """Look from a thread until the context ends, and log where this thread stands when it lets the loop stand still."""
    stop = threading.Event()
    watched = threading.get_ident()
    thread = threading.Thread(
        target=_watch, args=(heartbeat, watched, patience, stop), name="loop watchdog", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _watch(heartbeat: Liveness, watched: int, patience: float, stop: threading.Event) -> None:
    told = False
    while not stop.wait(patience / 4):
        age = heartbeat.age
        if age <= patience:
            told = False
        elif not told:
            told = True
            log.error("the event loop stands still", extra={"seconds": round(age, 1), "stack": where(watched)})


def where(thread: int) -> str:
    """The stack of a thread, the innermost call last: files, lines, functions, but no values: they may be secret."""
    frame = sys._current_frames().get(thread)  # faulthandler can write to files only
    if frame is None:
        return ""
    calls = traceback.StackSummary.extract(traceback.walk_stack(frame), lookup_lines=False)
    return "\n".join(f"{call.filename}:{call.lineno} in {call.name}" for call in reversed(calls))
