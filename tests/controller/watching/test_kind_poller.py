"""Looking for absent kinds: in rounds, for all at once, and slowly when nobody waits."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.controller.watching.kind_poller import (
    EAGER_ROUNDS,
    LONG_INTERVAL,
    PATIENCE,
    SHORT_INTERVAL,
    WATCHED_INTERVAL,
    KindPoller,
)
from rudr_py.kube.client import Client
from rudr_py.kube.discovery import Discovery
from rudr_py.local.faults.faults import Faults
from rudr_py.testing.clock import FakeClock, settle

MOONS = [Kind("example.com/v1", f"Moon{number}") for number in range(20)]
DISCOVERY = ["GET /api", "GET /apis", "GET /version"]


@pytest.fixture
def wanted() -> list[bool]:
    return [True]


@pytest.fixture
def seeker(transport: Any, clock: FakeClock) -> KindPoller:
    return KindPoller(Discovery(Client(transport), clock=clock), clock)


async def absent(seeker: KindPoller, kind: Kind) -> None:
    with pytest.raises(errors.KindAbsentError):
        await seeker.resolve(kind)


async def test_many_absent_kinds_cost_one_discovery_per_round(seeker: KindPoller, clock: FakeClock, spent: Any) -> None:
    async def look(kind: Kind) -> None:
        await absent(seeker, kind)
        await seeker.next_round(lambda: True)
        await absent(seeker, kind)

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        for kind in MOONS:
            tasks.create_task(look(kind))
        while not clock.sleeping:
            await settle()
        await clock.advance(SHORT_INTERVAL)
    assert [one.split("?")[0] for one in spent.all()] == 2 * DISCOVERY


async def test_kinds_that_no_application_needs_are_polled_slowly(
    seeker: KindPoller, clock: FakeClock, wanted: list[bool]
) -> None:
    wanted[0] = False
    waiting = asyncio.create_task(seeker.next_round(lambda: wanted[0]))
    await clock.advance(LONG_INTERVAL - SHORT_INTERVAL)
    assert not waiting.done()
    await clock.advance(SHORT_INTERVAL)
    assert waiting.done()
    hurried = asyncio.create_task(seeker.next_round(lambda: wanted[0]))
    await clock.advance(SHORT_INTERVAL)
    wanted[0] = True
    await clock.advance(SHORT_INTERVAL)
    assert hurried.done()


async def test_a_failing_discovery_is_tried_once_per_round(
    seeker: KindPoller, clock: FakeClock, spent: Any, faults: Faults
) -> None:
    faults.refuse(500)
    for kind in MOONS:
        with pytest.raises(errors.ServerError):
            await seeker.resolve(kind)
    assert len(spent.all()) == 1
    following = asyncio.create_task(seeker.next_round(lambda: True))
    await clock.advance(SHORT_INTERVAL)
    assert following.done()
    await absent(seeker, MOONS[0])
    assert (await seeker.resolve(Kind("v1", "Pod"))).plural == "pods"


async def test_a_cancelled_waiter_does_not_stop_the_round_of_other_waiters(
    seeker: KindPoller, clock: FakeClock
) -> None:
    first, second = (asyncio.create_task(seeker.next_round(lambda: True)) for _ in range(2))
    await settle()
    first.cancel()
    await clock.advance(SHORT_INTERVAL)
    assert second.done()


@pytest.mark.parametrize(
    ("is_watched", "steady", "first", "last"),
    [(False, PATIENCE, SHORT_INTERVAL, LONG_INTERVAL), (True, 0, LONG_INTERVAL, WATCHED_INTERVAL)],
)
async def test_the_polls_for_applications_that_need_an_absent_kind_become_rare_until_a_crd_changes(
    seeker: KindPoller, clock: FakeClock, is_watched: bool, steady: int, first: float, last: float
) -> None:
    async def interval() -> float:
        begun = clock.monotonic()
        waiting = asyncio.create_task(seeker.next_round(lambda: True))
        while not waiting.done():
            await clock.advance(SHORT_INTERVAL)
        return clock.monotonic() - begun

    seeker.is_watched = lambda: is_watched
    assert {await interval() for _ in range(steady)} <= {first}
    assert [await interval() for _ in range(3)] == [first, 2 * first, 4 * first]
    assert [await interval() for _ in range(3)][-1] == last
    seeker.poke()
    for _ in range(EAGER_ROUNDS + 1):
        assert await interval() <= SHORT_INTERVAL
    assert await interval() <= 2 * first
