"""An asyncio event loop with virtual time: no sockets, no threads, no waiting. Time jumps to the next timer.

Callbacks run in the order that asyncio defines; timers of the same time run in the order of their creation.
"""

from __future__ import annotations

import asyncio
import heapq
from asyncio import base_events
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
"""The wall clock at the virtual time 0."""


class DeadlockError(Exception):
    """No callback is ready and no timer is pending, so that nothing can ever happen again."""


class VirtualLoop(base_events.BaseEventLoop):
    """Runs ready callbacks; if there is none, it advances the time to the next timer."""

    def __init__(self) -> None:
        super().__init__()
        self._virtual_time = 0.0
        self._clock_resolution = 1e-6
        self._selector = _Selector(self)

    def time(self) -> float:
        """Virtual seconds since the creation of the loop."""
        return self._virtual_time

    def advance_to_next_timer(self) -> None:
        """Move the time to exactly the next timer, without the rounding of a difference."""
        scheduled: list[asyncio.TimerHandle] = self._scheduled  # type: ignore[attr-defined] # asyncio has no hook
        while scheduled and scheduled[0].cancelled():
            handle = heapq.heappop(scheduled)
            handle._scheduled = False  # type: ignore[attr-defined] # as BaseEventLoop does
            self._timer_cancelled_count -= 1  # type: ignore[attr-defined] # as BaseEventLoop does
        if not scheduled:
            raise DeadlockError("no callback is ready and no timer is pending")
        self._virtual_time = max(self._virtual_time, scheduled[0].when())

    def _process_events(self, event_list: list[Any]) -> None:
        """There are no events of the system."""

    def _write_to_self(self) -> None:
        """No other thread wakes this loop."""


class WorkerLoop(VirtualLoop):
    """A loop on which each step of a worker runs by `step`, which tests override to count steps or their work."""

    def call_soon(  # type: ignore[override] # typeshed relates the arguments to the callback
        self, callback: Callable[..., Any], *args: Any, context: Any = None
    ) -> asyncio.Handle:
        """Schedule a callback, by `step` if it is a step of a worker."""
        task = getattr(callback, "__self__", None)
        if isinstance(task, asyncio.Task) and "worker" in task.get_name():
            return super().call_soon(self.step, callback, *args, context=context)
        return super().call_soon(callback, *args, context=context)

    def step(self, callback: Callable[..., Any], *args: Any) -> None:
        """Run a step of a worker."""
        callback(*args)


class _Selector:
    """Takes the place of a selector of the system in `BaseEventLoop._run_once`."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        """Return no events; a wait ends at the next timer."""
        if timeout is None or timeout > 0:
            self._loop.advance_to_next_timer()
        return []

    def close(self) -> None:
        """Nothing is open."""


class VirtualClock:
    """The `rudr_py.kube.clock.Clock` of a virtual loop."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def monotonic(self) -> float:
        """Virtual seconds."""
        return self._loop.time()

    def now(self) -> datetime:
        """START plus the virtual time."""
        return START + timedelta(seconds=self._loop.time())

    async def sleep(self, seconds: float) -> None:
        """Return after virtual seconds."""
        await asyncio.sleep(seconds)


def run(main: Coroutine[Any, Any, T], loop: VirtualLoop) -> T:
    """Run a coroutine to its end, then cancel all remaining tasks."""
    try:
        return loop.run_until_complete(main)
    finally:
        tasks = sorted(asyncio.all_tasks(loop), key=lambda task: task.get_name())
        for task in tasks:
            task.cancel()
        if tasks:
            loop.run_until_complete(asyncio.wait(tasks))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
