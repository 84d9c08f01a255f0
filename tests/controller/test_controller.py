"""Tasks, workers and the stop: nothing is swallowed, nothing is cut off that could have ended."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.controller import controller
from rudr_py.controller.results import log_context
from rudr_py.controller.results.result import Result
from rudr_py.kube.discovery import Discovery
from rudr_py.local.faults.faults import Faults, Match
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION
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
        await bench.clock.advance(SETTINGS.refused_retry * controller.SLOW_RETRY_SPREAD)
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


async def test_a_crashed_task_ends_the_process_with_its_exception(bench: Bench) -> None:
    class BrokenError(Exception):
        pass

    async with bench.over():
        cache = bench.state.caches(APPLICATION)[0]

        def feed(_event: Any) -> Any:
            raise BrokenError("a fault of ours")

        cache.feed = feed  # type: ignore[method-assign, assignment] # a watch whose consumer is broken
        await _disturb(bench)
        assert bench.running is not None
        async with asyncio.timeout(60):
            await asyncio.wait([bench.running])
        assert isinstance(bench.running.exception(), BrokenError)


async def _disturb(bench: Bench) -> None:
    client = bench.recorder.__dict__["_client"]
    kind = APPLICATION
    resource = await Discovery(client, clock=bench.clock).resolve(kind.api_version, kind.kind)
    body = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": "x"}, "spec": {"components": []}}
    await client.create(resource.object("shop", ""), msgspec.json.encode(body), "tester")


async def test_a_stop_waits_for_running_reconciles_and_starts_none(bench: Bench) -> None:
    going, finish = asyncio.Event(), asyncio.Event()
    ended: list[ObjectKey] = []

    async def slow(key: ObjectKey) -> Result:
        going.set()
        await finish.wait()
        ended.append(key)
        return Result()

    bench.reconciler.does = slow
    async with bench.over():
        for number in range(5):
            bench.queue.add(ObjectKey("shop", f"app-{number}"))
        await going.wait()
        await settle()
        bench.stop.set()
        await settle()
        assert bench.running is not None
        assert not bench.running.done()
        finish.set()
    assert len(ended) == SETTINGS.workers
    assert bench.running.exception() is None


async def test_a_stop_cancels_reconciles_after_the_grace_time(bench: Bench) -> None:
    cut: list[ObjectKey] = []

    async def stuck(key: ObjectKey) -> Result:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cut.append(key)
            raise
        return Result()

    bench.reconciler.does = stuck
    async with bench.over():
        bench.queue.add(SHOP)
        await bench.worked(1)
        bench.stop.set()
        await bench.clock.advance(SETTINGS.stop_grace - 1)
        assert bench.running is not None
        assert not bench.running.done()
        await bench.clock.advance(1.0)
        async with asyncio.timeout(60):
            await asyncio.wait([bench.running])
    assert cut == [SHOP]
    assert bench.running.exception() is None


async def test_events_that_cannot_be_sent_do_not_block_a_stop(bench: Bench, faults: Faults) -> None:
    async with bench.over():
        await _disturb(bench)
        await bench.worked(1)
        held = faults.hold(Match(plural="events"), times=9)
        live = bench.state.get(APPLICATION, "shop", "x")
        assert live is not None
        bench.recorder.record(live, "Test", "note", action="Test")
        await settle()
        bench.recorder.record(live, "Test", "another", action="Test")
        bench.stop.set()
        await settle()
        await bench.clock.advance(SETTINGS.stop_grace)
        assert bench.running is not None
        async with asyncio.timeout(60):
            await asyncio.wait([bench.running])
        held.set()
    assert bench.running.exception() is None


async def test_a_stop_sends_pending_events(bench: Bench, cluster: Any) -> None:
    async with bench.over():
        await _disturb(bench)
        await bench.worked(1)
        live = bench.state.get(APPLICATION, "shop", "x")
        assert live is not None
        for number in range(20):
            bench.recorder.record(live, "Test", f"note {number}", action="Test")
    assert len(await cluster.list(Kind("events.k8s.io/v1", "Event"))) == 20


async def test_the_kinds_of_all_inventories_are_watched_from_the_start(bench: Bench, cluster: Any) -> None:
    kind = Kind("v1", "ServiceAccount")
    head = {
        "apiVersion": APPLICATION.api_version,
        "kind": APPLICATION.kind,
        "metadata": {"name": "shop"},
    }
    await cluster.apply({**head, "spec": {"components": []}})
    status = {"resources": [{"apiVersion": kind.api_version, "kind": kind.kind, "name": "web"}]}
    target = await cluster.target(APPLICATION, "shop", "status")
    await cluster.client.apply(target, msgspec.json.encode({**head, "status": status}), "tester")
    async with bench.over():
        assert kind in bench.state.kinds()


async def test_a_stop_before_the_caches_are_synced_ends_at_once(bare: Any, transport: Any) -> None:
    bench = Bench(transport)
    bench.running = asyncio.create_task(bench.controller.run(bench.stop))
    await settle()
    bench.stop.set()
    async with asyncio.timeout(60):
        await bench.running
    assert not bench.controller.synced.is_set()


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
