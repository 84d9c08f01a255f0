"""Places that namespaces share."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from rudr_py.controller.queue.fair_slots import FairSlots
from rudr_py.testing.clock import settle


class Holder:
    """A task that holds a place until it is released."""

    def __init__(self, slots: FairSlots, namespace: str) -> None:
        self.namespace = namespace
        self.holds = False
        self.release = asyncio.Event()
        self.task = asyncio.create_task(self.run(slots))

    async def run(self, slots: FairSlots) -> None:
        async with slots.slot(self.namespace):
            self.holds = True
            try:
                await self.release.wait()
            finally:
                self.holds = False


async def test_one_namespace_leaves_places_to_others_and_a_free_place_is_used() -> None:
    slots = FairSlots(4)
    noisy = [Holder(slots, "noisy") for _ in range(10)]
    await settle()
    assert sum(holder.holds for holder in noisy) == 3
    quiet = Holder(slots, "quiet")
    await settle()
    assert quiet.holds
    noisy[0].release.set()
    quiet.release.set()
    await settle()
    assert sum(holder.holds for holder in noisy) == 3
    for holder in noisy:
        holder.release.set()
    await asyncio.gather(quiet.task, *(holder.task for holder in noisy))


@given(st.lists(st.tuples(st.sampled_from(["new", "release", "cancel"]), st.integers(0, 20)), max_size=50))
@settings(max_examples=100, deadline=None)
def test_no_place_is_lost_or_held_twice(steps: list[tuple[str, int]]) -> None:
    async def scenario() -> None:
        slots, holders = FairSlots(3), list[Holder]()
        for step, number in steps:
            if step == "new":
                holders.append(Holder(slots, "abc"[number % 3]))
                if number % 2:
                    await settle()
            elif holders and step == "release":
                holders[number % len(holders)].release.set()
            elif holders:
                holders[number % len(holders)].task.cancel()
            if number % 4:
                await settle()
            assert sum(holder.holds for holder in holders) <= 3
        for holder in holders:
            holder.release.set()
        await asyncio.wait_for(asyncio.gather(*(holder.task for holder in holders), return_exceptions=True), 5)
        last = [Holder(slots, namespace) for namespace in "abc"]
        await settle()
        assert all(holder.holds for holder in last)
        for holder in last:
            holder.task.cancel()
        await asyncio.gather(*(holder.task for holder in last), return_exceptions=True)

    asyncio.run(scenario())
