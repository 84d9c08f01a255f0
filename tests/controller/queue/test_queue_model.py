"""The work queue against a model, driven at random by Hypothesis.

The model is a list of what is wanted, searched anew at each step: slow, and plainly right.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any, TypeVar

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from rudr_py.controller.queue.queue import PriorityQueue
from rudr_py.testing.clock import FakeClock, settle

T = TypeVar("T")

KEYS = st.sampled_from("abcde")
PRIORITIES = st.sampled_from([-100, 0, 10])
SECONDS = st.integers(-1, 12).map(lambda quarters: quarters / 4)  # exact as binary fractions
INITIAL, MAXIMUM = 0.25, 2.0


class Wish(msgspec.Struct):
    """That a key be worked on: from `time` on; `order` is when it became ready, or was put off."""

    key: str
    priority: int
    order: int
    time: float | None = None


class Model:
    """What the queue must do."""

    def __init__(self) -> None:
        self.wishes: dict[str, Wish] = {}
        self.working: dict[str, int] = {}
        self.failures: dict[str, int] = {}
        self.holds: dict[str, float] = {}
        self.count = 0

    def add(self, key: str, priority: int, time: float | None = None, *, now: float = 0.0) -> None:
        """`time` is None for at once, else in the future; `now` is the present time."""
        self.count += 1
        held_until = self.holds.get(key, 0.0)
        if held_until > max(time or 0.0, now):
            time = held_until
        known = self.wishes.get(key)
        wish = Wish(key, priority, self.count, time)
        if known is not None:
            wish.priority = max(priority, known.priority)
            if known.time is None and time is not None:  # ready, or will be: a later time says nothing
                return
            if known.time is None and priority <= known.priority:
                return
            if known.time is not None and time is not None and known.time <= time:
                wish.time, wish.order = known.time, known.order
        self.wishes[key] = wish

    def ready(self) -> list[Wish]:
        found = [wish for wish in self.wishes.values() if wish.time is None and wish.key not in self.working]
        return sorted(found, key=lambda wish: (-wish.priority, wish.order))

    def due(self, now: float) -> None:
        late = [wish for wish in self.wishes.values() if wish.time is not None and wish.time <= now]
        for wish in sorted(late, key=lambda wish: (wish.time or 0, wish.order)):
            self.add(wish.key, wish.priority, now=now)

    def hold(self, key: str, until: float) -> None:
        self.holds[key] = until
        wish = self.wishes.pop(key, None)
        if wish is not None:
            self.add(key, wish.priority, until)

    def take(self) -> str:
        wish = self.ready()[0]
        del self.wishes[wish.key]
        self.holds.pop(wish.key, None)
        self.working[wish.key] = wish.priority
        return wish.key

    def done(self, key: str) -> None:
        del self.working[key]
        if key in self.wishes and self.wishes[key].time is None:
            self.count += 1
            self.wishes[key].order = self.count


class QueueMachine(RuleBasedStateMachine):
    """Any number of workers, any order of events; after each event the queue and the model must agree."""

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.clock = FakeClock()
        self.model = Model()
        self.expected: list[str] = []
        self.taken: list[str] = []
        self.waiting: list[asyncio.Task[None]] = []
        self.queue: PriorityQueue[str] = self.do(self.make())
        self.run = self.loop.create_task(self.queue.run())
        self.do(settle())

    def teardown(self) -> None:
        if not hasattr(self, "loop"):
            return
        self.queue.close()
        for task in self.waiting:
            task.cancel()
        self.do(asyncio.wait({self.run, *self.waiting}, timeout=5))
        assert self.run.done()
        assert not asyncio.all_tasks(self.loop)
        self.loop.close()

    async def make(self) -> PriorityQueue[str]:
        return PriorityQueue(self.clock, retry_initial=INITIAL, retry_maximum=MAXIMUM)

    async def work(self) -> None:
        self.taken.append(await self.queue.get())

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def follow(self) -> None:
        """Hand out by the model, let the queue settle, compare."""
        self.hand_out()
        self.do(settle())
        self.compare()

    def compare(self) -> None:
        assert self.taken == self.expected
        self.waiting = [task for task in self.waiting if not task.done()]

    def hand_out(self) -> None:
        for _ in range(min(self.free, len(self.model.ready()))):
            self.expected.append(self.model.take())

    @property
    def free(self) -> int:
        """How many workers of the model wait."""
        return len(self.waiting) - (len(self.expected) - len(self.taken))

    @rule(key=KEYS, priority=PRIORITIES)
    def add(self, key: str, priority: int) -> None:
        self.queue.add(key, priority=priority)
        self.model.add(key, priority, now=self.clock.monotonic())
        self.follow()

    @rule(key=KEYS, priority=PRIORITIES, seconds=SECONDS, absolute=st.booleans())
    def put_off(self, key: str, priority: int, seconds: float, absolute: bool) -> None:
        now = self.clock.monotonic()
        if absolute:
            self.queue.add_at(key, now + seconds, priority=priority)
        else:
            self.queue.add_after(key, seconds, priority=priority)
        self.model.add(key, priority, now + seconds if seconds > 0 else None, now=now)
        self.follow()

    @precondition(lambda self: self.model.working)
    @rule(data=st.data(), well=st.booleans(), hold=SECONDS)
    def finish(self, data: st.DataObject, well: bool, hold: float) -> None:
        key = data.draw(st.sampled_from(sorted(self.model.working)))
        now = self.clock.monotonic()
        if hold > 0:
            self.queue.hold(key, hold)
            self.model.hold(key, now + hold)
        if well:
            self.queue.forget(key)
            self.model.failures.pop(key, None)
        else:
            failures = self.model.failures.get(key, 0)
            self.model.failures[key] = failures + 1
            pause = min(MAXIMUM, INITIAL * 2**failures)
            assert self.queue.retry(key) == max(pause, hold)
            self.model.add(key, self.model.working[key], now + pause)
        self.queue.done(key)
        self.model.done(key)
        self.follow()

    @rule()
    def one_more_worker(self) -> None:
        self.model.due(self.clock.monotonic())
        self.waiting.append(self.loop.create_task(self.work()))
        self.follow()

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), key=KEYS)
    def a_worker_leaves_just_when_a_key_comes(self, data: st.DataObject, key: str) -> None:
        self.queue.add(key)
        self.model.add(key, 0, now=self.clock.monotonic())
        leaver = self.waiting.pop(data.draw(st.integers(0, len(self.waiting) - 1)))
        leaver.cancel()
        self.follow()
        assert leaver.cancelled()

    @rule(seconds=SECONDS)
    def time_passes(self, seconds: float) -> None:
        end = self.clock.monotonic() + max(seconds, 0)
        times = {wish.time for wish in self.model.wishes.values() if wish.time is not None}
        for time in sorted(time for time in times if time <= end):
            self.model.due(max(time, self.clock.monotonic()))
            self.hand_out()
        self.do(self.clock.advance(max(seconds, 0)))
        self.compare()

    @rule(seconds=SECONDS)
    def the_process_stands_still(self, seconds: float) -> None:
        self.clock.jump(max(seconds, 0))

    @invariant()
    def both_see_the_same(self) -> None:
        assert self.queue.in_flight == set(self.model.working)
        assert self.queue.depth == len(self.model.ready())
        assert self.queue.depths() == Counter(wish.priority for wish in self.model.ready())
        assert len(self.queue.ages()) == len(self.model.working)


QueueMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestQueueAgainstTheModel = QueueMachine.TestCase
