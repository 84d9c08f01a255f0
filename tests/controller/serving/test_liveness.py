"""The heartbeat of the event loop."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest

from rudr_py.controller.serving import liveness
from rudr_py.controller.serving.liveness import Liveness
from rudr_py.kube.clock import SystemClock
from rudr_py.testing.clock import FakeClock, settle


async def test_a_loop_that_has_not_started_is_a_problem() -> None:
    assert Liveness().problem() == "the event loop has not started"


async def test_the_loop_counts_as_alive_until_it_is_blocked() -> None:
    clock, heart = FakeClock(), Liveness()
    beating = asyncio.create_task(heart.run(clock))
    await clock.advance(60 * liveness.INTERVAL)
    assert heart.problem() is None
    clock.jump(liveness.LIMIT)
    assert heart.problem() is None
    clock.jump(2)
    assert heart.problem() == "the event loop has been blocked for 12 s"
    await clock.advance(0)
    assert heart.problem() is None
    beating.cancel()
    await clock.advance(liveness.LIMIT + 1)
    assert heart.problem() is not None


async def test_the_stack_of_a_blocked_loop_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """This test stands still itself until the thread has spoken, twice over."""
    heart, told = Liveness(), threading.Semaphore(0)
    beating = asyncio.create_task(heart.run(SystemClock()))
    await settle()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            told.release()

    listener = Listener()
    liveness.log.addHandler(listener)
    try:
        with liveness.watchdog(heart, limit=0.04):
            assert told.acquire(timeout=60)
            assert not told.acquire(timeout=0.2)
    finally:
        liveness.log.removeHandler(listener)
        beating.cancel()
    stack = vars(caplog.records[0])["stack"].splitlines()
    assert any(__name__.rpartition(".")[2] in line for line in stack)


def test_a_stack_has_files_lines_and_functions_but_no_values() -> None:
    def password(secret: str) -> str:
        return liveness.stack(threading.get_ident()) if secret else ""

    told = password("hunter2")
    assert "test_liveness.py" in told
    assert " in password" in told
    assert "hunter2" not in told
