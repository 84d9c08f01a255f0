"""Measures event-loop lag: a task records the time of its last iteration; the liveness probe checks its age.

A watchdog thread checks it, too, because a blocked loop answers no probe: it logs the stack of the loop once, which
explains the restart by the kubelet. It ends nothing.
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
"""Seconds between two iterations."""

LIMIT = 10.0
"""Seconds without an iteration after which the liveness probe fails."""

WATCHDOG_LIMIT = 20.0
"""Seconds without an iteration after which the watchdog logs: before the kubelet restarts, but not for a short lag."""

log = logging.getLogger(__name__)


class Liveness:
    """The time of the last iteration of the event loop. Can be read by any thread."""

    def __init__(self) -> None:
        self._clock: Clock | None = None
        self._last = 0.0

    async def run(self, clock: Clock) -> None:
        """Record iterations until cancelled."""
        self._clock = clock
        while True:
            self._last = clock.monotonic()
            await clock.sleep(INTERVAL)

    @property
    def age(self) -> float:
        """Seconds since the last iteration; 0 before the first."""
        return 0.0 if self._clock is None else self._clock.monotonic() - self._last

    def problem(self) -> str | None:
        """Why the event loop does not count as alive, or None."""
        if self._clock is None:
            return "the event loop has not started"
        age = self.age
        return f"the event loop has been blocked for {age:.0f} s" if age > LIMIT else None


@contextlib.contextmanager
def watchdog(liveness: Liveness, *, limit: float = WATCHDOG_LIMIT) -> Iterator[None]:
    """Log the stack of this thread when it blocks the event loop, from another thread until the context ends."""
    stop = threading.Event()
    watched = threading.get_ident()
    thread = threading.Thread(target=_watch, args=(liveness, watched, limit, stop), name="loop watchdog", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _watch(liveness: Liveness, watched: int, limit: float, stop: threading.Event) -> None:
    logged = False
    while not stop.wait(limit / 4):
        age = liveness.age
        if age > limit and not logged:
            log.error("event loop is blocked", extra={"seconds": round(age, 1), "stack": stack(watched)})
        logged = age > limit


def stack(thread: int) -> str:
    """The stack of a thread, innermost call last: files, lines and functions, without values, which may be secret."""
    frame = sys._current_frames().get(thread)  # faulthandler can write to files only
    if frame is None:
        return ""
    calls = traceback.StackSummary.extract(traceback.walk_stack(frame), lookup_lines=False)
    return "\n".join(f"{call.filename}:{call.lineno} in {call.name}" for call in reversed(calls))
