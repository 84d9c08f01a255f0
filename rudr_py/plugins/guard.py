"""Calls a function of a plugin so that it cannot hang or end the process.

An interval timer interrupts the main thread: this stops an endless loop, a sleep, a backtracking regular expression
and an `except Exception` that catches everything. It cannot stop a loop in C or limit memory. The guard protects from
errors, not from attacks: an installed plugin is trusted code.
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

try:
    # signal.signal converts handlers to enums, which takes longer than the rest of a guarded call
    from _signal import signal as _install  # type: ignore[import-not-found] # typeshed lacks it
except ImportError:
    _install = signal.signal

CALL_LIMIT = 0.25
"""Seconds of CPU time that one call of a type may take; it is stopped after twice this time, see `GRACE`."""

PATIENCE = 3
"""A call that waits (a sleep, or a machine without a free processor) may take this multiple of its limit."""

GRACE = 2
"""The alarm that may stop a call. The first never does: a garbage collection during any call can cause one alarm."""

_SOON = 0.001
"""Seconds until the next alarm after one during a garbage collection."""

_NEARLY = 0.9
"""A tolerance, because the timer and the CPU clock are not synchronous."""


class _Expired(BaseException):
    """Raised inside the plugin's code; `except Exception` does not catch it. It never leaves this module."""


def within(seconds: float) -> Guard:
    """A guard that stops a call after this CPU time in seconds, or `PATIENCE` times this wall-clock time.

    A stopped call raises TimeoutError; exceptions of the function pass through. Guards may be nested: the previous
    handler and timer of SIGALRM are restored, less the time of the call. Outside of the main thread, and on platforms
    without interval timers, the function is called without a limit.
    """
    return functools.partial(_call, seconds)


def _call(seconds: float, function: Callable[[], Any]) -> Any:
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        return function()
    alarm = _Alarm(seconds)
    gc.callbacks.append(alarm.collect)
    previous = _install(signal.SIGALRM, alarm)
    delay, interval = signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    expired = None
    try:
        result = _inside(function)
    except _Expired as raised:
        expired = raised
    finally:
        left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
        _install(signal.SIGALRM, signal.SIG_DFL if previous is None else previous)
        gc.callbacks.remove(alarm.collect)
        if delay:
            spent = seconds * (alarm.fired + 1) - left
            signal.setitimer(signal.ITIMER_REAL, max(delay - spent, 1e-6), interval)
    # the plugin may have caught the exception and returned, but it was too slow
    if expired or alarm.expired:
        raise TimeoutError(f"no result within {seconds:g} s") from expired
    return result


def _inside(function: Callable[[], Any]) -> Any:
    """Mark the stack: the alarm raises only above this frame, never in the code that restores the timer."""
    return function()


class _Alarm:
    """The handler of SIGALRM during one call. Counts alarms and decides whether the time is over."""

    def __init__(self, seconds: float) -> None:
        self.fired = 0
        self.expired = False
        self.collecting = False
        self._seconds = seconds
        self._worked = time.thread_time()

    def collect(self, phase: str, info: dict[str, int]) -> None:
        """Callback of the garbage collector at start and stop."""
        del info
        self.collecting = phase == "start"

    def __call__(self, number: int, frame: FrameType | None) -> None:
        del number
        if self.collecting:
            # an exception in a destructor is lost, and the collection is not the plugin's work
            signal.setitimer(signal.ITIMER_REAL, _SOON, self._seconds)
            return
        self.fired += 1
        # the timer also runs while other processes have the processor, which is no fault of the plugin
        worked = time.thread_time() - self._worked
        if self.fired < GRACE or (worked < GRACE * self._seconds * _NEARLY and self.fired < PATIENCE):
            return
        self.expired = True
        collecting = {getattr(callback, "__code__", None) for callback in gc.callbacks}
        while frame is not None and frame.f_code is not _call.__code__:
            if frame.f_code in collecting:
                # an exception in a callback of the collector is lost
                signal.setitimer(signal.ITIMER_REAL, _SOON, self._seconds)
                return
            if frame.f_code is _inside.__code__:
                raise _Expired
            frame = frame.f_back
