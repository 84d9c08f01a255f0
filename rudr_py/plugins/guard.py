"""Calls a function of a plugin so that it cannot hang or end the process.

An interval timer interrupts the main thread: that stops an endless loop, a sleep, a backtracking expression and an
`except Exception` that swallows everything. A loop in C and a flood of memory are beyond it. This is a guard against
mistakes, not against malice: an installed plugin is trusted code.
"""

from __future__ import annotations

import functools
import gc
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from rudr_py.catalog import Guard

CALL_LIMIT = 0.25
"""Seconds of work that one call of a type may take, and as long again before it is stopped; see `GRACE`."""

PATIENCE = 3
"""A call that does not work but sleeps, or that a busy machine keeps waiting, may take so many times its limit."""

GRACE = 2
"""The alarm that counts: a garbage collection of the whole process may fall into any call, and brings one alarm."""

_SOON = 0.001
"""Seconds until the alarm tries again when it came in the middle of a garbage collection."""

_NEARLY = 0.9
"""The timer and the processor's clock do not tick together."""


class _Expired(BaseException):
    """Raised inside the plugin's code; no `except Exception` catches it. It never leaves this module."""


def within(seconds: float) -> Guard:
    """A guard that stops a call after this many seconds of work, or `PATIENCE` times as long, with a TimeoutError.

    Everything that the function raises passes through. Guards may be nested; the previous handler and timer of
    SIGALRM are put back, less the time that the call took. Off the main thread, and where the platform has no
    interval timers, the function is just called.
    """
    return functools.partial(_call, seconds)


def _call(seconds: float, function: Callable[[], Any]) -> Any:
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        return function()
    alarm = _Alarm(seconds)
    gc.callbacks.append(alarm.collect)
    previous = signal.signal(signal.SIGALRM, alarm)
    delay, interval = signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    expired = None
    try:
        result = _inside(function)
    except _Expired as raised:
        expired = raised
    finally:
        left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL if previous is None else previous)
        gc.callbacks.remove(alarm.collect)
        if delay:
            spent = seconds * (alarm.fired + 1) - left
            signal.setitimer(signal.ITIMER_REAL, max(delay - spent, 1e-6), interval)
    # the plugin may have swallowed the exception and returned: it was too slow all the same
    if expired or alarm.expired:
        raise TimeoutError(f"no answer within {seconds:g} s") from expired
    return result


def _inside(function: Callable[[], Any]) -> Any:
    """Mark the stack: the alarm raises only above this frame, so it cannot hit the code that puts things back."""
    return function()


class _Alarm:
    """The handler of SIGALRM during one call. Counts how often the timer fired, and knows whether time is up."""

    def __init__(self, seconds: float) -> None:
        self.fired = 0
        self.expired = False
        self.collecting = False
        self._seconds = seconds
        self._worked = time.thread_time()

    def collect(self, phase: str, info: dict[str, int]) -> None:
        """Told by the garbage collector when it begins and when it has ended."""
        del info
        self.collecting = phase == "start"

    def __call__(self, number: int, frame: FrameType | None) -> None:
        del number
        if self.collecting:
            # what is raised in a destructor is lost, and the collector's work is not the plugin's
            signal.setitimer(signal.ITIMER_REAL, _SOON, self._seconds)
            return
        self.fired += 1
        # the timer runs while others have the processor, too: that is no fault of the plugin
        worked = time.thread_time() - self._worked
        if self.fired < GRACE or (worked < GRACE * self._seconds * _NEARLY and self.fired < PATIENCE):
            return
        self.expired = True
        collecting = {getattr(callback, "__code__", None) for callback in gc.callbacks}
        while frame is not None and frame.f_code is not _call.__code__:
            if frame.f_code in collecting:
                # what is raised in there is lost, and the code is somebody else's
                signal.setitimer(signal.ITIMER_REAL, _SOON, self._seconds)
                return
            if frame.f_code is _inside.__code__:
                raise _Expired
            frame = frame.f_back
