"""Workers, retries and requeues of one controller."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest

from rudr_py import errors
from rudr_py.controller.controller import Controller, ControllerOptions
from rudr_py.controller.queue import slow_retries
from rudr_py.controller.results import log_context
from rudr_py.controller.results.result import Result
from rudr_py.model.identity import ObjectKey
from rudr_py.testing.clock import settle
from tests.controller.bench import SETTINGS, SHOP, Bench


@pytest.fixture
async def bench(cluster: Any, transport: Any) -> Bench:
    return Bench(transport)


async def test_a_failed_key_is_retried_with_backoff(bench: Bench) -> None:
    bench.reconciler.does = lambda _key: Result(error="failed")
    async with bench.over():
        bench.queue.add(SHOP)
        await bench.worked(1)
        await bench.clock.advance(7.0)
    assert bench.times() == [0.0, 1.0, 3.0, 7.0]


async def test_a_refused_key_is_retried_slowly(bench: Bench) -> None:
    bench.reconciler.does = lambda _key: Result(error="refused", retry="slow")
    async with bench.over():
        bench.queue.add(SHOP)
        await bench.worked(1)
        await bench.clock.advance(SETTINGS.refused_retry - 1)
        assert len(bench.times()) == 1
        await bench.clock.advance(SETTINGS.refused_retry * slow_retries.SPREAD)
        assert len(bench.times()) > 1
        assert 60.0 <= bench.times()[1] <= 300.0


@pytest.mark.parametrize("result", [Result(), Result(error="invalid", retry="never")])
async def test_a_success_and_a_terminal_error_are_not_retried(bench: Bench, result: Result) -> None:
    bench.reconciler.does = lambda _key: result
    async with bench.over():
        bench.queue.add(SHOP)
        await bench.worked(1)
        await bench.clock.advance(3600.0)
    assert bench.times() == [0.0]


async def test_a_key_is_requeued_after_the_time_of_its_result(bench: Bench) -> None:
    outcomes = [Result(requeue_after=60.0), Result()]
    bench.reconciler.does = lambda _key: outcomes.pop(0)
    async with bench.over():
        bench.queue.add(SHOP)
        await bench.worked(1)
        await bench.clock.advance(3600.0)
    assert bench.times() == [0.0, 60.0]


async def test_other_tasks_run_between_reconciles_that_wait_for_nothing(bench: Bench) -> None:
    done = [0]
    bench.reconciler.does = lambda _key: Result()
    async with bench.over():
        for number in range(100):
            bench.queue.add(ObjectKey("shop", str(number)))
        while done[-1] < 100:
            await asyncio.sleep(0)
            done.append(len(bench.times()))
    assert max(later - earlier for earlier, later in itertools.pairwise(done)) <= 2 * SETTINGS.workers


@pytest.mark.parametrize("raised", [True, False])
async def test_a_key_is_not_reconciled_before_the_retry_after_of_the_server(bench: Bench, raised: bool) -> None:
    """Not even a change; other keys go on."""
    busy = errors.TooManyRequestsError("slow down", status=429, retry_after=20.0)

    def refuse(key: ObjectKey) -> Result:
        if key != SHOP or bench.clock.monotonic() >= 1020.0:
            return Result()
        if raised:
            raise busy
        return Result(error="busy", hold=20.0, requeue_after=5.0)

    bench.reconciler.does = refuse
    other = ObjectKey("shop", "other")
    async with bench.over():
        bench.queue.add(SHOP)
        await bench.worked(1)
        for _ in range(3):
            await bench.clock.advance(5.0)
            bench.queue.add(SHOP)
            bench.queue.add(other)
            await settle()
        assert [key for _, key in bench.reconciler.runs] == [SHOP, other, other, other]
        await bench.clock.advance(30.0)
    assert [time for time, key in bench.reconciler.runs if key == SHOP] == [0.0, 20.0]


async def test_an_unexpected_exception_ends_no_worker(bench: Bench) -> None:
    def fail(key: ObjectKey) -> Result:
        if key == SHOP:
            raise RecursionError("poison")
        return Result()

    bench.reconciler.does = fail
    async with bench.over():
        for _ in range(SETTINGS.workers + 1):
            bench.queue.add(SHOP)
            await bench.worked(1)
            await bench.clock.advance(10.0)
        bench.queue.add(ObjectKey("shop", "other"))
        async with asyncio.timeout(60):
            await bench.controller.idle()
        assert (ObjectKey("shop", "other")) in {key for _, key in bench.reconciler.runs}
    assert b"controller_runtime_reconcile_panics_total" in bench.metrics.exposition()[0]


async def test_every_reconcile_has_its_own_id(bench: Bench) -> None:
    seen: list[str] = []

    def note(_key: ObjectKey) -> Result:
        seen.append(log_context.fields()["reconcileID"])
        return Result()

    bench.reconciler.does = note
    async with bench.over():
        for number in range(4):
            bench.queue.add(ObjectKey("shop", f"app-{number}"))
        await bench.worked(4)
    assert len(set(seen)) == 4
    assert all(seen)


async def test_keys_of_namespaces_that_the_controller_does_not_own_are_dropped(bench: Bench) -> None:
    queue, owned, keys = bench.queue, {"mine"}, list[ObjectKey]()

    def note(key: ObjectKey) -> Result:
        keys.append(key)
        return Result()

    bench.reconciler.does = note
    alone = Controller(queue, bench.reconciler, ControllerOptions(name="alone"), owns=owned.__contains__)
    work = asyncio.create_task(alone.run())
    for namespace in ("mine", "other", "mine"):
        queue.add(ObjectKey(namespace, "shop"))
    await queue.join()
    assert keys == [ObjectKey("mine", "shop")]
    owned.add("other")
    queue.add(ObjectKey("other", "shop"))
    await queue.join()
    assert keys[1:] == [ObjectKey("other", "shop")]
    queue.close()
    await work


async def test_the_end_of_the_running_reconciles_of_a_namespace_is_awaited(bench: Bench) -> None:
    finish = asyncio.Event()

    async def slow(_key: ObjectKey) -> Result:
        await finish.wait()
        return Result()

    bench.reconciler.does = slow
    alone = Controller(bench.queue, bench.reconciler, ControllerOptions(name="alone"))
    work = asyncio.create_task(alone.run())
    bench.queue.add(SHOP)
    await settle()
    await alone.ended(lambda key: key != SHOP)
    ended = asyncio.create_task(alone.ended(lambda key: key == SHOP))
    await settle()
    assert not ended.done()
    finish.set()
    await ended
    bench.queue.close()
    await work
