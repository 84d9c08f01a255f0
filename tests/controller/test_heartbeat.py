"""The heartbeat of the event loop."""

from __future__ import annotations

import asyncio

from rudr_py.controller import heartbeat
from rudr_py.controller.heartbeat import Heartbeat
from rudr_py.testing.clock import FakeClock


async def test_a_heart_that_never_beat_is_a_problem() -> None:
    assert Heartbeat().problem() == "the heartbeat has not begun"


async def test_a_beating_heart_is_well_until_the_loop_stands_still() -> None:
    clock, heart = FakeClock(), Heartbeat()
    beating = asyncio.create_task(heart.run(clock))
    await clock.advance(60 * heartbeat.INTERVAL)
    assert heart.problem() is None
    clock.jump(heartbeat.LIMIT)
    assert heart.problem() is None
    clock.jump(2)
    assert heart.problem() == "the last heartbeat was 12 s ago"
    await clock.advance(0)
    assert heart.problem() is None
    beating.cancel()
    await clock.advance(heartbeat.LIMIT + 1)
    assert heart.problem() is not None
