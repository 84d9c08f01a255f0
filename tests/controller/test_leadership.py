"""Leading and standing by, as the runner does it: who works when, and how a leader ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rudr_py import errors
from rudr_py.controller.leadership import Leadership
from rudr_py.controller.results.result import Result
from rudr_py.model.identity import ObjectKey
from rudr_py.settings import LeaderElection, Settings
from rudr_py.testing.clock import FakeClock, settle
from tests.controller.bench import SETTINGS, SHOP, Bench
from tests.kube.lease_server import LeaseServer, Line, SkewedClock

ELECTION = LeaderElection(namespace="oam-system", identity="us")
TERM = ELECTION.lease_duration
STATUS = 'leader_election_master_status{name="rudr-py"}'


class Standing:
    """A bench with a Lease that no socket is needed for."""

    def __init__(self, transport: Any) -> None:
        self.clock = FakeClock()
        self.server = LeaseServer(self.clock)
        self.line = Line(self.server, SkewedClock(self.clock))
        self.bench = Bench(transport, clock=self.clock, election=ELECTION, lease=self.line)

    @property
    def leads(self) -> bool:
        return f"{STATUS} 1.0" in self.bench.metrics.exposition()[0].decode()

    async def ended(self) -> BaseException | None:
        """What the controller ended with."""
        assert self.bench.running is not None
        async with asyncio.timeout(60):
            await asyncio.wait([self.bench.running])
        return self.bench.running.exception()


@pytest.fixture
async def standing(cluster: Any, transport: Any) -> Standing:
    return Standing(transport)


async def stuck(_key: ObjectKey) -> Result:
    await asyncio.Event().wait()
    return Result()


async def test_a_standby_reconciles_nothing_until_it_leads(standing: Standing) -> None:
    standing.server.held("them")
    bench = standing.bench
    async with bench.over():
        bench.queue.add(SHOP)
        await standing.clock.advance(TERM - 1)
        assert bench.times() == []
        assert bench.leadership.standing() == "standby, leader is them"
        assert bench.leadership.problem() is None
        assert not standing.leads
        await standing.clock.advance(1.5)
        await bench.worked(1)
        assert bench.leadership.standing() == "leader"
        assert bench.leadership.lost() is None
        assert standing.leads


async def test_a_process_takes_part_in_the_election_once_its_caches_are_synced(bare: Any, transport: Any) -> None:
    standing = Standing(transport)
    running = asyncio.create_task(standing.bench.controller.run(standing.bench.stop))
    await standing.clock.advance(1.0)
    assert not standing.bench.controller.synced.is_set()
    assert standing.line.sent == []
    standing.bench.stop.set()
    await running


async def test_losing_the_lease_cancels_running_reconciles_and_ends_with_an_error(standing: Standing) -> None:
    cut: list[ObjectKey] = []

    async def slow(key: ObjectKey) -> Result:
        try:
            return await stuck(key)
        finally:
            cut.append(key)

    bench = standing.bench
    bench.reconciler.does = slow
    async with bench.over():
        bench.queue.add(SHOP)
        await bench.worked(1)
        standing.line.down = True
        await standing.clock.advance(ELECTION.renew_deadline)
        assert isinstance(await standing.ended(), errors.LeaseLostError)
    assert bench.leadership.lost()
    assert cut == [SHOP]
    assert not standing.leads
    assert standing.server.spec["holderIdentity"] == "us"


async def test_the_lease_is_held_while_a_stop_waits_for_reconciles_and_released_after_them(standing: Standing) -> None:
    finish = asyncio.Event()
    released: list[str] = []

    async def slow(_key: ObjectKey) -> Result:
        await finish.wait()
        released.append(standing.server.spec["holderIdentity"])
        return Result()

    bench = standing.bench
    bench.reconciler.does = slow
    async with bench.over():
        bench.queue.add(SHOP)
        await bench.worked(1)
        bench.stop.set()
        await standing.clock.advance(TERM + 1)
        assert standing.leads
        finish.set()
        assert await standing.ended() is None
    assert released == ["us"]
    assert standing.server.spec["holderIdentity"] == ""


async def test_the_lease_expires_after_a_stop_that_cancelled_reconciles(standing: Standing) -> None:
    """What was cut off may still be under way at the server."""
    bench = standing.bench
    bench.reconciler.does = stuck
    async with bench.over():
        bench.queue.add(SHOP)
        await bench.worked(1)
        bench.stop.set()
        await standing.clock.advance(SETTINGS.stop_grace)
        assert await standing.ended() is None
    assert standing.server.spec["holderIdentity"] == "us"


async def test_a_stop_of_a_standby_leaves_the_lease_to_its_holder(standing: Standing) -> None:
    standing.server.held("them")
    async with standing.bench.over():
        await settle()
    assert standing.server.spec["holderIdentity"] == "them"
    assert standing.server.writes == []


async def test_without_an_election_the_process_always_leads() -> None:
    told: list[str] = []
    clock = FakeClock()
    line = Line(LeaseServer(clock), SkewedClock(clock))
    alone = Leadership(Settings(), line, clock, lambda lease, _leads: told.append(lease))
    await alone.run()
    await alone.wait()
    assert alone.allowance() == Settings().request_timeout
    assert (alone.standing(), alone.problem(), told, line.sent) == ("", None, [], [])


async def test_a_request_of_a_leader_never_outlives_the_lease(standing: Standing) -> None:
    leadership = standing.bench.leadership
    assert leadership.allowance() == 0.0
    async with standing.bench.over():
        await standing.clock.advance(0)
        assert leadership.allowance() == pytest.approx(TERM * 0.9)
        standing.line.down = True
        await standing.clock.advance(ELECTION.renew_deadline - 0.1)
        assert leadership.allowance() == pytest.approx(TERM * 0.9 - ELECTION.renew_deadline + 0.1)
        await standing.clock.advance(0.1)
        assert leadership.allowance() == 0.0
        assert isinstance(await standing.ended(), errors.LeaseLostError)
