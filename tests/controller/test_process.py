"""The tasks of the controller process, and how it stops."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind
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
