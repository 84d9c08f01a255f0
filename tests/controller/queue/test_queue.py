"""The work queue by example. `test_queue_model.py` drives it at random."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from rudr_py.controller.queue.fair_heap import FairHeap
from rudr_py.controller.queue.queue import LOW_PRIORITY, PriorityQueue, QueueClosed, QueueGauges, QueueMetrics
from rudr_py.testing.clock import FakeClock, settle


class Recorder(QueueMetrics):
    """Keeps what the queue reports."""

    def __init__(self) -> None:
        self.followed: QueueGauges | None = None
        self.told: list[tuple[str, float]] = []

    def follow(self, queue: QueueGauges) -> None:
        self.followed = queue

    def added(self) -> None:
        self.told.append(("added", 0))

    def retried(self) -> None:
        self.told.append(("retried", 0))

    def taken(self, waited: float) -> None:
        self.told.append(("taken", waited))

    def finished(self, worked: float) -> None:
        self.told.append(("finished", worked))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def queue(clock: FakeClock, recorder: Recorder) -> AsyncIterator[PriorityQueue[str]]:
    """A queue whose `run` runs."""
    made: PriorityQueue[str] = PriorityQueue(clock, retry_initial=1.0, retry_maximum=10.0, metrics=recorder)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(made.run())
        await settle()
        yield made
        made.close()


async def test_a_held_key_is_not_returned_earlier_whatever_requests_it(
    queue: PriorityQueue[str], clock: FakeClock
) -> None:
    queue.add("a")
    assert await get(queue) == "a"
    queue.add("a")
    queue.hold("a", 7.0)
    assert queue.retry("a") == 7.0
    queue.done("a")
    queue.add("a")
    queue.add_after("a", 1.0)
    await clock.advance(6.0)
    assert queue.depth == 0
    await clock.advance(1.0)
    assert queue.depth == 1
    assert await get(queue) == "a"
    queue.done("a")
    queue.add("a")
    assert queue.depth == 1


async def test_a_held_key_that_nothing_requests_stays_away(queue: PriorityQueue[str], clock: FakeClock) -> None:
    queue.add("a")
    await get(queue)
    queue.hold("a", 7.0)
    queue.done("a")
    await clock.advance(60.0)
    assert queue.depth == 0


async def test_join_waits_for_ready_and_running_keys_but_not_delayed_ones(
    queue: PriorityQueue[str],
) -> None:
    await queue.join()
    queue.add("a")
    queue.add_after("later", 60.0)
    joined = asyncio.create_task(queue.join())
    await settle()
    assert not joined.done()
    await get(queue)
    await settle()
    assert not joined.done()
    queue.add("a")
    queue.done("a")
    await settle()
    assert not joined.done()
    queue.done(await get(queue))
    await settle()
    assert joined.done()


async def get(queue: PriorityQueue[str]) -> str:
    async with asyncio.timeout(60):
        return await queue.get()


async def drain(queue: PriorityQueue[str]) -> list[str]:
    """Everything that is ready, in order, done at once."""
    found = []
    while queue.depth:
        found.append(await get(queue))
        queue.done(found[-1])
    return found


async def test_keys_are_returned_once_each_in_the_order_of_their_requests(queue: PriorityQueue[str]) -> None:
    for key in ("b", "a", "b", "c", "a"):
        queue.add(key)
    assert queue.depth == 3
    assert await drain(queue) == ["b", "a", "c"]


async def test_a_key_added_while_in_flight_runs_once_more_and_only_after_done(queue: PriorityQueue[str]) -> None:
    queue.add("a")
    assert await get(queue) == "a"
    queue.add("a")
    queue.add("a")
    assert queue.depth == 0
    assert queue.in_flight == {"a"}
    queue.done("a")
    assert await drain(queue) == ["a"]


async def test_an_edit_overtakes_keys_of_the_initial_list(queue: PriorityQueue[str]) -> None:
    for key in ("a", "b", "c"):
        queue.add(key, priority=LOW_PRIORITY)
    queue.add("edited")
    queue.add("b")
    queue.add("edited", priority=LOW_PRIORITY)
    assert queue.depths() == {0: 2, LOW_PRIORITY: 2}
    assert await drain(queue) == ["edited", "b", "a", "c"]


async def test_a_failing_key_of_the_initial_list_does_not_overtake_an_edit(
    queue: PriorityQueue[str], clock: FakeClock
) -> None:
    queue.add("listed", priority=LOW_PRIORITY)
    queue.retry(await get(queue))
    queue.done("listed")
    await clock.advance(1)
    queue.add("edited")
    assert await drain(queue) == ["edited", "listed"]


async def test_a_waiting_worker_gets_a_delayed_key_when_it_is_due(queue: PriorityQueue[str], clock: FakeClock) -> None:
    worker = asyncio.create_task(get(queue))
    queue.add_after("a", 5)
    await clock.advance(4.99)
    assert not worker.done()
    await clock.advance(0.01)
    assert worker.done()
    assert await worker == "a"


async def test_the_earliest_due_time_counts(queue: PriorityQueue[str], clock: FakeClock) -> None:
    queue.add_after("a", 10)
    queue.add_after("a", 5)
    queue.add_after("a", 7)
    await clock.advance(5)
    assert await drain(queue) == ["a"]
    await clock.advance(100)
    assert await drain(queue) == []


async def test_a_later_key_that_is_due_earlier_wakes_the_sleeper(queue: PriorityQueue[str], clock: FakeClock) -> None:
    queue.add_after("late", 100)
    await settle()
    queue.add_at("soon", clock.monotonic() + 1)
    await clock.advance(1)
    assert await drain(queue) == ["soon"]
    await clock.advance(99)
    assert await drain(queue) == ["late"]


async def test_adding_a_delayed_key_makes_it_ready_at_once(queue: PriorityQueue[str], clock: FakeClock) -> None:
    queue.add_after("a", 5)
    queue.add("a")
    assert await drain(queue) == ["a"]
    await clock.advance(100)
    assert await drain(queue) == []


async def test_a_key_that_is_due_while_in_flight_runs_after_done(queue: PriorityQueue[str], clock: FakeClock) -> None:
    queue.add("a")
    await get(queue)
    queue.add_after("a", 5)
    await clock.advance(5)
    assert queue.depth == 0
    queue.done("a")
    assert await drain(queue) == ["a"]


async def test_a_due_time_in_the_past_makes_a_key_ready_at_once(queue: PriorityQueue[str], clock: FakeClock) -> None:
    queue.add_after("a", 0)
    queue.add_at("b", clock.monotonic() - 1)
    assert await drain(queue) == ["a", "b"]


async def test_the_backoff_doubles_to_the_maximum_and_forget_resets_it(queue: PriorityQueue[str]) -> None:
    pauses = []
    for _ in range(6):
        queue.add("a")
        pauses.append(queue.retry(await get(queue)))
        queue.done("a")
    assert pauses == [1, 2, 4, 8, 10, 10]
    assert queue.retry("b") == 1
    queue.forget("a")
    assert queue.retry("a") == 1


async def test_a_key_that_failed_a_thousand_times_still_waits_the_maximum(queue: PriorityQueue[str]) -> None:
    for _ in range(2000):
        pause = queue.retry("a")
    assert pause == 10


async def test_due_keys_are_returned_even_before_the_sleeper_wakes(queue: PriorityQueue[str], clock: FakeClock) -> None:
    queue.add_after("a", 5)
    await settle()
    clock.jump(60)
    assert await get(queue) == "a"
    queue.done("a")


async def test_closing_ends_waiting_workers_later_workers_and_run(clock: FakeClock) -> None:
    queue: PriorityQueue[str] = PriorityQueue(clock, retry_initial=1, retry_maximum=1)
    run = asyncio.create_task(queue.run())
    queue.add("a")
    await get(queue)
    queue.add_after("c", 1)
    workers = [asyncio.create_task(get(queue)) for _ in range(3)]
    await settle()
    queue.close()
    queue.close()
    queue.add("b")
    assert queue.retry("a") == 1
    clock.jump(5)
    for worker in workers:
        with pytest.raises(QueueClosed):
            await worker
    with pytest.raises(QueueClosed):
        await get(queue)
    queue.done("a")
    assert (queue.depth, queue.in_flight) == (0, frozenset())
    async with asyncio.timeout(60):
        await run


async def test_no_key_is_returned_after_close(queue: PriorityQueue[str]) -> None:
    queue.add("a")
    queue.close()
    with pytest.raises(QueueClosed):
        await get(queue)


async def test_cancelling_run_leaves_no_sleeper(clock: FakeClock) -> None:
    queue: PriorityQueue[str] = PriorityQueue(clock, retry_initial=1, retry_maximum=1)
    queue.add_after("a", 5)
    run = asyncio.create_task(queue.run())
    await settle()
    assert clock.sleeping == 1
    run.cancel()
    await settle()
    assert run.cancelled()
    assert clock.sleeping == 0


async def test_a_clock_that_breaks_ends_run_with_its_error() -> None:
    class Broken(FakeClock):
        async def sleep(self, seconds: float) -> None:
            raise RuntimeError("no time")

    queue: PriorityQueue[str] = PriorityQueue(Broken(), retry_initial=1, retry_maximum=1)
    queue.add_after("a", 5)
    with pytest.raises(RuntimeError, match="no time"):
        await queue.run()


async def test_the_queue_reports_its_events_to_metrics(
    queue: PriorityQueue[str], recorder: Recorder, clock: FakeClock
) -> None:
    assert recorder.followed is queue
    queue.add("a")
    queue.add("a")
    await clock.advance(2)
    await get(queue)
    await clock.advance(3)
    assert queue.ages() == [3]
    queue.retry("a")
    queue.done("a")
    assert queue.ages() == []
    assert recorder.told == [("added", 0), ("taken", 2), ("retried", 0), ("finished", 3)]


async def test_a_waiting_worker_gets_a_key_of_a_namespace_as_soon_as_one_of_its_places_is_free(
    clock: FakeClock,
) -> None:
    heap: FairHeap[str] = FairHeap(lambda key: key[0], places=4)
    queue: PriorityQueue[str] = PriorityQueue(clock, retry_initial=1, retry_maximum=1, heap=heap)
    for key in ("a1", "a2", "a3", "a4", "a5"):
        queue.add(key)
    workers = [asyncio.ensure_future(queue.get()) for _ in range(4)]
    await settle()
    assert sorted(worker.result() for worker in workers if worker.done()) == ["a1", "a2", "a3"]
    queue.done("a2")
    await settle()
    assert [worker.result() for worker in workers if worker.done()][-1] == "a4"
    another = asyncio.ensure_future(queue.get())
    queue.add("b1")
    await settle()
    assert another.result() == "b1"
    for key in ("a1", "a3", "a4", "b1"):
        queue.done(key)
    assert await queue.get() == "a5"
    queue.done("a5")
    await asyncio.wait_for(queue.join(), 1)
