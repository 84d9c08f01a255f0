"""A priority queue of keys with delays and backoff: each key once, and never in flight twice at a time.

The semantics are those of client-go's work queue with controller-runtime's priorities. It knows neither objects nor
events, starts no task outside `run`, and reads time from its clock.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from typing import Generic, Protocol, TypeVar

from rudr_py.controller.queue.fair_heap import FairHeap
from rudr_py.controller.queue.priority_heap import PriorityHeap
from rudr_py.kube.clock import Clock

K = TypeVar("K", bound=Hashable)

LOW_PRIORITY = -100
"""The priority of keys from an initial list, whose objects are most likely in sync, and of ones that keep failing."""

PATIENT = 6
"""The number of consecutive failures after which a key has a low priority."""


class QueueClosed(Exception):  # noqa: N818 - not an error: it ends a worker
    """The queue is closed and returns no more keys."""


class Heap(Protocol[K]):
    """The keys that are ready. It decides about their order, and how many of a group are taken at a time."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[K]: ...

    def put(self, key: K, priority: int) -> None:
        """Add `key`, or raise its priority; a lower priority has no effect."""
        ...

    def take(self) -> K | None:
        """Remove and return the next key; None if there is none that may be taken now."""
        ...

    def give_back(self, key: K) -> None:
        """End the work on a key that `take` has returned."""
        ...


class QueueGauges(Protocol):
    """The current numbers of a queue."""

    def depths(self) -> Mapping[int, int]:
        """The number of ready keys at each priority."""
        ...

    def ages(self) -> list[float]:
        """The seconds that each key in flight has been worked on."""
        ...


class QueueMetrics:
    """Receives the events of a queue; this class ignores them. Times are seconds."""

    def follow(self, queue: QueueGauges) -> None:
        """Called once, by the queue that will report here."""

    def added(self) -> None:
        """A key was added that was not waiting already."""

    def retried(self) -> None:
        """A key was added with a delay."""

    def taken(self, waited: float) -> None:
        """A key was taken by a worker after waiting this long."""

    def finished(self, worked: float) -> None:
        """A worker has finished a key after this long."""


class PriorityQueue(Generic[K]):
    """Keys to work on, in the order of its heap: by default the highest priority first, then the longest waiting.

    A worker calls `get`, works, calls `forget` after a success and `retry` after a failure, `add_after` to requeue the
    key, and always `done` at the end. A key is in flight at most once; a key that is added while in flight, however
    often, is returned exactly once more after `done`. A key has one due time: the earliest that was requested, but not
    before the end of its `hold`.

    `run` makes delayed keys ready and has to run beside the workers. All operations take O(log n).
    """

    def __init__(
        self,
        clock: Clock,
        *,
        retry_initial: float,
        retry_maximum: float,
        metrics: QueueMetrics | None = None,
        heap: Heap[K] | None = None,
    ) -> None:
        """`heap` is empty."""
        self.clock = clock
        self._retry_initial = retry_initial
        self._retry_maximum = retry_maximum
        self._metrics = metrics or QueueMetrics()
        self._heap: Heap[K] = FairHeap() if heap is None else heap
        self._delayed: PriorityHeap[K, float] = PriorityHeap()  # by the time when due
        self._again: set[K] = set()  # in flight, and added meanwhile
        self._priorities: dict[K, int] = {}  # of every key that is ready, delayed or in `_again`
        self._since: dict[K, float] = {}  # when a key that is ready or in `_again` was added
        self._working: dict[K, tuple[int, float]] = {}  # in flight: its priority, and when it was taken
        self._failures: dict[K, int] = {}
        self._holds: dict[K, float] = {}  # until when a key must not be returned
        self._waiters: dict[asyncio.Future[None], None] = {}  # of workers without a key, the longest waiting first
        self._sleeper: asyncio.Task[None] | None = None
        self._closed = False
        self._idle = asyncio.Event()
        self._idle.set()
        self._metrics.follow(self)

    def add(self, key: K, *, priority: int = 0) -> None:
        """Make `key` ready as soon as possible, instead of at a later due time.

        Of several requested priorities the highest counts. Does nothing after `close`.
        """
        if self._closed:
            return
        if self._held_until(key) > self.clock.monotonic():
            self.add_at(key, self.clock.monotonic(), priority=priority)
            return
        self._delayed.remove(key)
        priority = max(priority, self._priorities.get(key, priority))
        self._priorities[key] = priority
        if key not in self._since:
            self._since[key] = self.clock.monotonic()
            self._metrics.added()
        if key in self._working:
            self._again.add(key)
        else:
            self._make_ready(key)

    def add_after(self, key: K, seconds: float, *, priority: int = 0) -> None:
        """Make `key` ready in this many seconds; see `add_at`."""
        self.add_at(key, self.clock.monotonic() + seconds, priority=priority)

    def add_at(self, key: K, time: float, *, priority: int = 0) -> None:
        """Make `key` ready when the monotonic clock shows `time`, or earlier if it is due earlier already.

        Has no effect on a key that is ready, or that was added while in flight.
        """
        time = max(time, self._held_until(key))
        if time <= self.clock.monotonic():
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

    def hold(self, key: K, seconds: float) -> None:
        """Do not return `key`, which is in flight, for this long; requests for it until then are due at the end."""
        self._holds[key] = until = self.clock.monotonic() + seconds
        requested = key in self._again or key in self._delayed
        self._again.discard(key)
        self._since.pop(key, None)
        self._delayed.remove(key)
        if requested:
            self.add_at(key, until, priority=self._priorities.get(key, 0))

    def _held_until(self, key: K) -> float:
        return self._holds.get(key, -math.inf)

    def retry(self, key: K) -> float:
        """Make `key`, which failed, ready after its backoff, which doubles with each consecutive failure; return it.

        The key keeps the priority of the failed run, so that thousands of failing keys do not overtake an edit; after
        several failures it has a low one.
        """
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        backoff = min(self._retry_maximum, math.ldexp(self._retry_initial, min(failures, 64)))
        priority, _ = self._working.get(key, (0, 0.0))
        self.add_after(key, backoff, priority=min(priority, LOW_PRIORITY) if failures >= PATIENT else priority)
        return max(backoff, self._held_until(key) - self.clock.monotonic())

    def is_exhausted(self, key: K) -> bool:
        """Whether the backoff of `key` has reached its maximum."""
        return math.ldexp(self._retry_initial, min(self._failures.get(key, 0), 64)) >= self._retry_maximum

    def forget(self, key: K) -> None:
        """Reset the backoff of `key`. Its due time stays."""
        self._failures.pop(key, None)

    async def get(self) -> K:
        """Wait for the next key and take it. The caller must call `done` with it, even after an error.

        Raises QueueClosed as soon as the queue is closed, even if keys are ready.
        """
        self._release()
        while True:
            if self._closed:
                raise QueueClosed
            key = self._heap.take()
            if key is not None:
                break
            await self._wait()
        self._wake()
        self._holds.pop(key, None)
        now = self.clock.monotonic()
        self._working[key] = (self._priorities.pop(key), now)
        self._metrics.taken(now - self._since.pop(key))
        return key

    def done(self, key: K) -> None:
        """End the work on `key`; if it was added meanwhile, it becomes ready."""
        _, since = self._working.pop(key)
        self._heap.give_back(key)
        self._metrics.finished(self.clock.monotonic() - since)
        if key in self._again:
            self._again.remove(key)
            self._make_ready(key)
        self._wake()  # a key of the same group may be ready
        if not self._working and not self._heap:
            self._idle.set()

    async def join(self) -> None:
        """Wait until no key is ready or in flight; delayed keys do not count."""
        await self._idle.wait()

    def close(self) -> None:
        """Return and accept no more keys, and end `run`. Keys in flight can still be `done`."""
        if self._closed:
            return
        self._closed = True
        while self._waiters:
            self._end_wait()
        if self._sleeper is not None:
            self._sleeper.cancel()

    async def run(self) -> None:
        """Make delayed keys ready when they are due, until `close`. Must not run twice at a time."""
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
        """The number of ready keys."""
        return len(self._heap)

    @property
    def in_flight(self) -> frozenset[K]:
        """The keys that workers have taken and not finished."""
        return frozenset(self._working)

    def depths(self) -> Mapping[int, int]:
        """The number of ready keys at each priority."""
        return Counter(self._priorities[key] for key in self._heap)

    def ages(self) -> list[float]:
        """The seconds that each key in flight has been worked on."""
        now = self.clock.monotonic()
        return [now - since for _, since in self._working.values()]

    def _make_ready(self, key: K) -> None:
        self._idle.clear()
        self._heap.put(key, self._priorities[key])
        self._wake()

    async def _wait(self) -> None:
        """Wait until a key may be available."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters[waiter] = None
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._wake()  # the key for which this worker was woken
            raise
        finally:
            self._waiters.pop(waiter, None)

    def _wake(self) -> None:
        """Wake a worker if a key is ready. It takes one and wakes the next, or waits again."""
        if self._heap and self._waiters:
            self._end_wait()

    def _end_wait(self) -> None:
        waiter = next(iter(self._waiters))
        del self._waiters[waiter]
        if not waiter.done():
            waiter.set_result(None)

    def _release(self) -> None:
        """Make due keys ready."""
        if self._closed:
            return
        now = self.clock.monotonic()
        while (first := self._delayed.first()) is not None and first[0] <= now:
            self.add(first[1], priority=self._priorities[first[1]])

    async def _sleep(self) -> None:
        """Sleep until the first delayed key is due; cancelled when that time changes."""
        first = self._delayed.first()
        if first is None:
            await asyncio.get_running_loop().create_future()
        else:
            await self.clock.sleep(first[0] - self.clock.monotonic())
