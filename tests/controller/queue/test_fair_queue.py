"""The work queue with namespaces and workers, at random by Hypothesis: no key is lost, and no worker sleeps in vain.

Keys are `NAMESPACE` and a digit.
"""

from __future__ import annotations

import asyncio
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from rudr_py.controller.queue.fair_heap import FairHeap
from rudr_py.controller.queue.queue import PriorityQueue, QueueClosed
from rudr_py.testing.clock import FakeClock, settle

KEYS = st.builds("{}{}".format, st.sampled_from("abc"), st.integers(0, 4))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), KEYS, st.sampled_from([-100, 0])),
        st.tuples(st.just("delay"), KEYS, st.integers(0, 3)),
        st.tuples(st.sampled_from(["finish", "cancel", "wait"]), st.just(""), st.integers(0, 9)),
    ),
    max_size=60,
)


class Workers:
    """Workers that keep each key until they are told to finish it."""

    def __init__(self, number: int) -> None:
        self.clock = FakeClock()
        heap: FairHeap[str] = FairHeap(lambda key: key[0], number)
        self.queue: PriorityQueue[str] = PriorityQueue(self.clock, retry_initial=1, retry_maximum=1, heap=heap)
        self.in_hand: dict[str, asyncio.Event] = {}
        self.requested: set[str] = set()
        self.tasks = [asyncio.create_task(self.work()) for _ in range(number)]
        self.run = asyncio.create_task(self.queue.run())

    async def work(self) -> None:
        while True:
            try:
                key = await self.queue.get()
            except QueueClosed:
                return
            assert key not in self.in_hand, "two workers have one key"
            self.requested.remove(key)
            finish = self.in_hand[key] = asyncio.Event()
            try:
                await finish.wait()
            finally:
                del self.in_hand[key]
                self.queue.done(key)

    async def step(self, action: str, key: str, number: int) -> None:
        if action == "add":
            self.requested.add(key)
            self.queue.add(key, priority=number)
        elif action == "delay":
            self.requested.add(key)
            self.queue.add_after(key, number)
        elif action == "finish" and self.in_hand:
            sorted(self.in_hand.items())[number % len(self.in_hand)][1].set()
        elif action == "cancel":
            place = number % len(self.tasks)
            self.tasks[place].cancel()
            self.tasks[place] = asyncio.create_task(self.work())
        elif action == "wait":
            await self.clock.advance(number / 4)
        await settle()
        self.check()

    def check(self) -> None:
        """No worker is free while a key is ready, except for the places that are withheld from its namespace."""
        held = Counter(key[0] for key in self.in_hand)
        if self.queue.depth and len(self.in_hand) < len(self.tasks):
            ready = self.requested - self.in_hand.keys()
            assert all(held[key[0]] for key in ready if self.is_ready(key))

    def is_ready(self, key: str) -> bool:
        return key in self.queue._heap

    async def end(self) -> None:
        await self.clock.advance(10.0)
        while self.in_hand:
            for finish in self.in_hand.values():
                finish.set()
            await settle()
        assert not self.requested, "a key was lost"
        await asyncio.wait_for(self.queue.join(), 1)
        self.queue.close()
        await asyncio.wait_for(asyncio.gather(self.run, *self.tasks), 1)


@given(STEPS, st.integers(1, 5))
@settings(max_examples=150, deadline=None)
def test_every_key_is_worked_on_once_at_a_time_and_no_worker_sleeps_beside_a_key_that_it_may_take(
    steps: list[tuple[str, str, int]], number: int
) -> None:
    async def scenario() -> None:
        workers = Workers(number)
        for step in steps:
            await workers.step(*step)
        await workers.end()

    asyncio.run(scenario())
