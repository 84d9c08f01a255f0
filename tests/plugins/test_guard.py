"""A function of a plugin cannot hang the process, and the guard leaves no trace."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import re
import select
import signal
import sys
import threading
from collections.abc import Callable

import pytest

from rudr_py.plugins import guard

LIMIT = 0.05
LONG = 60.0
"""Seconds that no test takes: the alarms are those that the call raises itself."""


def _loop() -> None:
    while True:
        pass


def _sleep() -> None:
    select.select([], [], [], 5)


def _backtrack() -> None:
    re.match(r"(a+)+$", "a" * 40 + "b")


def _swallow() -> None:
    while True:
        with contextlib.suppress(Exception):
            _loop()


def _swallow_all_once() -> str:
    with contextlib.suppress(BaseException):
        _loop()
    return "done"


@pytest.mark.parametrize("function", [_loop, _sleep, _backtrack, _swallow, _swallow_all_once])
def test_an_endless_call_is_stopped(function: Callable[[], object]) -> None:
    with pytest.raises(TimeoutError, match=r"0\.05 s"):
        guard.within(LIMIT)(function)


def test_a_built_in_function_is_stopped_too() -> None:
    with pytest.raises(TimeoutError):
        guard.within(LIMIT)(threading.Event().wait)


def test_the_alarm_fires_again_if_the_first_exception_is_caught() -> None:
    def stubborn() -> None:
        for _ in range(2):
            with contextlib.suppress(BaseException):
                _loop()
        _loop()

    with pytest.raises(TimeoutError):
        guard.within(LIMIT)(stubborn)


def test_a_fast_call_returns_its_result_or_raises_its_exception() -> None:
    assert guard.within(LIMIT)(lambda: 7) == 7
    with pytest.raises(KeyError):
        guard.within(LIMIT)(lambda: dict[str, int]()["a"])
    with pytest.raises(SystemExit):
        guard.within(LIMIT)(sys.exit)


def test_handler_and_timer_are_restored_after_every_call() -> None:
    before = signal.getsignal(signal.SIGALRM)
    guard.within(LIMIT)(lambda: None)
    with pytest.raises(TimeoutError):
        guard.within(LIMIT)(_loop)
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_another_timer_continues_with_its_remaining_time() -> None:
    def handler(number: int, frame: object) -> None:
        return None

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 60, 30)
    try:
        with pytest.raises(TimeoutError):
            guard.within(LIMIT)(_loop)
        assert signal.getsignal(signal.SIGALRM) is handler
        left, interval = signal.getitimer(signal.ITIMER_REAL)
        assert 55 < left <= 60 - LIMIT
        assert interval == 30
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_guarded_call_inside_a_guarded_call_can_be_stopped_by_either() -> None:
    def inner_hangs() -> str:
        with pytest.raises(TimeoutError):
            guard.within(LIMIT)(_loop)
        return "outer goes on"

    assert guard.within(10)(inner_hangs) == "outer goes on"

    def outer_hangs() -> None:
        guard.within(LIMIT)(lambda: None)
        _loop()

    with pytest.raises(TimeoutError):
        guard.within(LIMIT)(outer_hangs)


def test_outside_of_the_main_thread_the_function_is_called_without_a_limit() -> None:
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.append(guard.within(LIMIT)(lambda: 7)))
    thread.start()
    thread.join()
    assert results == [7]


def test_the_interrupt_of_the_user_passes_through() -> None:
    with pytest.raises(KeyboardInterrupt):
        guard.within(LIMIT)(lambda: signal.raise_signal(signal.SIGINT))


def test_without_interval_timers_the_function_is_called_without_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "setitimer")
    assert guard.within(LIMIT)(lambda: signal.getitimer(signal.ITIMER_REAL)) == (0.0, 0.0)


async def test_a_running_event_loop_continues_after_a_stopped_call() -> None:
    with pytest.raises(TimeoutError):
        guard.within(LIMIT)(_loop)
    assert await asyncio.wait_for(asyncio.to_thread(lambda: 7), 60) == 7


def test_a_call_that_waits_for_the_processor_is_not_stopped() -> None:
    """The timer fires while the call does nothing, as on a machine that is busy with other processes."""

    def starved() -> str:
        for _ in range(guard.PATIENCE - 1):
            signal.raise_signal(signal.SIGALRM)
        return "done"

    assert guard.within(LONG)(starved) == "done"


def test_callbacks_of_the_garbage_collector_are_not_interrupted() -> None:
    """An exception in a callback of the collector would be lost, and would interrupt third-party code."""
    ended: list[str] = []

    def callback(phase: str, facts: object) -> None:
        for _ in range(100):
            pass
        ended.append(phase)

    gc.callbacks.append(callback)
    try:
        for _ in range(5):
            with pytest.raises(TimeoutError):
                guard.within(LIMIT)(lambda: tuple([number] for number in itertools.count()))
    finally:
        gc.callbacks.remove(callback)
    assert ended.count("start") == ended.count("stop") > 0


def test_one_alarm_alone_stops_no_call() -> None:
    """A garbage collection of the whole process is work of the thread, and falls into any call."""

    def interrupted() -> str:
        signal.raise_signal(signal.SIGALRM)
        return "done"

    assert guard.within(LONG)(interrupted) == "done"
