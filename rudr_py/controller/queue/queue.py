"""The work of the controller: keys, each once, never twice at a time, now or later.

The semantics are those of client-go's work queue with controller-runtime's priorities. It knows neither objects nor
events, starts no task of its own outside `run`, and reads time from the clock that it is given.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Hashable, Mapping
from typing import Generic, Protocol, TypeVar

from rudr_py.controller.queue.priority_heap import PriorityHeap
from rudr_py.kube.clock import Clock

K = TypeVar("K", bound=Hashable)

LOW_PRIORITY = -100
"""For what nobody waits for: keys of an initial listing, whose objects are most likely in order."""


class QueueClosed(Exception):  # noqa: N818 - no error: it tells a worker to go home
    """The queue hands out nothing any more."""


class QueueGauges(Protocol):
    """What can be read off a queue at any moment."""

    def depths(self) -> Mapping[int, int]:
        """How many keys wait at each priority."""
        ...

    def ages(self) -> list[float]:
        """For each key in flight, the seconds since it was handed out."""
        ...


class QueueMetrics:
    """Where a queue reports what happens to its keys; this one tells nobody. Times are seconds."""

    def follow(self, queue: QueueGauges) -> None:
        """Called once by the queue that is going to report here."""

    def added(self) -> None:
        """A key that was not waiting waits now."""

    def retried(self) -> None:
        """A key was put off."""

    def taken(self, waited: float) -> None:
        """A key was handed out after waiting this long."""

    def finished(self, worked: float) -> None:
        """The work on a key took this long."""


class PriorityQueue(Generic[K]):
    """Keys to work on: the highest priority first, and the longest waiting first among equals.

    A worker calls `get`, works, says how it went with `forget` (well), `retry` (failed), `add_after` or `add_at` (look
    again), and always ends with `done`. A key is in flight once at most; added meanwhile, however often, it is handed
    out exactly once more after `done`. A key is wanted at one time only: the earliest that was asked for.

    `run` brings delayed keys back and has to run beside the workers. Everything takes O(log n).
    """

    def __init__(
        self, clock: Clock, *, retry_initial: float, retry_maximum: float, metrics: QueueMetrics | None = None
    ) -> None:
        self._clock = clock
        self._retry_initial = retry_initial
        self._retry_maximum = retry_maximum
        self._metrics = metrics or QueueMetrics()
        self._ready: PriorityHeap[K] = PriorityHeap()  # by priority, negated
        self._delayed: PriorityHeap[K] = PriorityHeap()  # by the time when due
        self._again: set[K] = set()  # in flight and added meanwhile
        self._priorities: dict[K, int] = {}  # of every key that is ready, delayed or to be run again
        self._since: dict[K, float] = {}  # when a key that is ready, or to be run again, was added
        self._working: dict[K, tuple[int, float]] = {}  # in flight: its priority, and when it was handed out
        self._failures: dict[K, int] = {}
        self._permits = asyncio.Semaphore(0)  # one for each ready key, and one when closed
        self._sleeper: asyncio.Task[None] | None = None
        self._closed = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._metrics.follow(self)

    def add(self, key: K, *, priority: int = 0) -> None:
        """Ask for work on `key` as soon as possible; a time that it was put off to is forgotten.

        Of several priorities that were asked for a key, the highest counts. After `close` this does nothing.
        """
        if self._closed:
            return
        self._delayed.remove(key)
        priority = max(priority, self._priorities.get(key, priority))
        self._priorities[key] = priority
        if key not in self._since:
            self._since[key] = self._clock.monotonic()
            self._metrics.added()
        if key in self._working:
            self._again.add(key)
        else:
            self._make_ready(key)

    def add_after(self, key: K, seconds: float, *, priority: int = 0) -> None:
        """Ask for work on `key` in so many seconds; see `add_at`."""
        self.add_at(key, self._clock.monotonic() + seconds, priority=priority)

    def add_at(self, key: K, time: float, *, priority: int = 0) -> None:
        """Ask for work on `key` when the monotonic clock shows `time`, or earlier if that was asked for before.

        Changes nothing for a key that is ready, or that is in flight and to be handed out again.
        """
        if time <= self._clock.monotonic():
            self.add(key, priority=priority)
            return
        if self._closed or key in self._since:
            return
        self._priorities[key] = max(priority, self._priorities.get(key, priority))
        self._metrics.retried()
        first = self._delayed.first()
        self._delayed.put(key, time)
        if self._sleeper is not None and (first is None or time < first[0]):
            self._sleeper.cancel()

    def retry(self, key: K, *, at_least: float = 0.0) -> float:
        """Ask for work on `key`, which failed, after a pause that doubles with each failure in a row; return the pause.

        It is never shorter than `at_least`, for which somebody has asked. The priority of the failed run is kept: a
        start with thousands of failing keys does not overtake an edit.
        """
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        pause = max(at_least, min(self._retry_maximum, math.ldexp(self._retry_initial, min(failures, 64))))
        priority, _ = self._working.get(key, (0, 0.0))
        self.add_after(key, pause, priority=priority)
        return pause

    def forget(self, key: K) -> None:
        """The next failure of `key` is its first. A time that it was put off to stays."""
        self._failures.pop(key, None)

    async def get(self) -> K:
        """Take the next key, waiting for one. The caller must call `done` with it, whatever happens.

        Raises QueueClosed as soon as the queue is closed, even if keys wait.
        """
        self._release()
        await self._permits.acquire()
        if self._closed:
            self._permits.release()
            raise QueueClosed
        key = self._ready.pop()
        now = self._clock.monotonic()
        self._working[key] = (self._priorities.pop(key), now)
        self._metrics.taken(now - self._since.pop(key))
        return key

    def done(self, key: K) -> None:
        """The work on `key` has ended; if it was added meanwhile, it is ready again."""
        _, since = self._working.pop(key)
        self._metrics.finished(self._clock.monotonic() - since)
        if key in self._again:
            self._again.remove(key)
            self._make_ready(key)
        if not self._working and not self._ready:
            self._idle.set()

    async def join(self) -> None:
        """Wait until no key is ready or in flight; those that are put off do not count."""
        await self._idle.wait()

    def close(self) -> None:
        """Hand out nothing more, accept nothing more, end `run`. Keys in flight may still be `done`."""
        if self._closed:
            return
        self._closed = True
        self._permits.release()
        if self._sleeper is not None:
            self._sleeper.cancel()

    async def run(self) -> None:
        """Bring delayed keys back when they are due, until `close`. One at a time."""
        try:
            while not self._closed:
                self._release()
                self._sleeper = asyncio.create_task(self._sleep(), name="queue-sleeper")
                await asyncio.wait({self._sleeper})
                if not self._sleeper.cancelled():
                    self._sleeper.result()
        finally:
            if self._sleeper is not None:
                self._sleeper.cancel()
                self._sleeper = None

    @property
    def depth(self) -> int:
        """How many keys are ready and wait for a worker."""
        return len(self._ready)

    @property
    def in_flight(self) -> frozenset[K]:
        """The keys that were handed out and are not done."""
        return frozenset(self._working)

    def depths(self) -> Mapping[int, int]:
        """How many keys are ready at each priority."""
        return Counter(self._priorities[key] for key in self._ready)

    def ages(self) -> list[float]:
        """For each key in flight, the seconds since it was handed out."""
        now = self._clock.monotonic()
        return [now - since for _, since in self._working.values()]

    def _make_ready(self, key: K) -> None:
        self._idle.clear()
        if key not in self._ready:
            self._permits.release()
        self._ready.put(key, -self._priorities[key])

    def _release(self) -> None:
        """Make ready what is due."""
        if self._closed:
            return
        now = self._clock.monotonic()
        while (first := self._delayed.first()) is not None and first[0] <= now:
            self.add(first[1], priority=self._priorities[first[1]])

    async def _sleep(self) -> None:
        """Until the first delayed key is due; cancelled when that changes."""
        first = self._delayed.first()
        if first is None:
            await asyncio.get_running_loop().create_future()
        else:
            await self._clock.sleep(first[0] - self._clock.monotonic())
