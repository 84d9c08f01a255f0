"""Detects side effects of a type: clock, environment, randomness, sleep, files, network, processes.

Detected are calls of C functions from Python code (`sys.setprofile`) and audit events of the interpreter. The detection
finds errors; it does not protect from code that hides a side effect on purpose.
"""

from __future__ import annotations

import gc
import os
import random
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from types import FrameType
from typing import Any

from rudr_py.plugins import guard

CLOCKS = frozenset(
    {
        *("time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time"),
        *("gmtime", "localtime", "ctime"),
    }
)
DATES = frozenset({"now", "today", "utcnow"})
EVENTS = (
    *("socket.", "open", "os.listdir", "os.scandir", "os.remove", "os.mkdir", "os.rename", "os.system", "os.exec"),
    *("os.fork", "os.posix_spawn", "subprocess.Popen", "time.sleep", "urllib.Request", "shutil."),
)
LIMIT = 20 * guard.CALL_LIMIT
"""The timeout of a watched call in seconds; the profiler makes it many times slower."""

_ENVIRONMENT = (type(os.environ).__getitem__.__code__, type(os.environ).__iter__.__code__)
_CHANCE = random.random.__self__  # type: ignore[attr-defined] # it is a method of the hidden generator of the module


class Watch:
    """A guard that records forbidden actions in `violations`, each once, in order."""

    def __init__(self) -> None:
        self.violations: dict[str, None] = {}

    def guard(self, call: Callable[[], Any]) -> Any:
        """Call it under the profiler. Raises its exceptions, and TimeoutError."""
        return guard.within(LIMIT)(lambda: self._watched(call))

    def _watched(self, call: Callable[[], Any]) -> Any:
        previous, collecting = sys.getprofile(), gc.isenabled()
        gc.disable()  # actions of other code during a collection are not those of the type
        with _audited(self._audit):
            sys.setprofile(self._profile)
            try:
                return call()
            finally:
                sys.setprofile(previous)
                if collecting:
                    gc.enable()

    def _note(self, what: str, frame: FrameType | None) -> None:
        place = f" in {frame.f_code.co_filename}:{frame.f_lineno}" if frame else ""
        self.violations.setdefault(f"{what}{place}")

    def _profile(self, frame: FrameType, event: str, function: Any) -> None:
        if event == "call" and frame.f_code in _ENVIRONMENT:
            self._note("reads the environment", frame.f_back)
        elif event == "c_call":
            what = _forbidden(function)
            if what:
                self._note(what, frame)

    def _audit(self, event: str) -> None:
        self._note(f"does {event}", None)


def _forbidden(function: Any) -> str:
    """The description of a forbidden call of a C function, or ""."""
    name, owner = getattr(function, "__name__", ""), getattr(function, "__self__", None)
    if name in CLOCKS and getattr(function, "__module__", "") == "time":
        return f"reads the clock by time.{name}()"
    if name in DATES and isinstance(owner, type) and issubclass(owner, date):
        return f"reads the clock by {owner.__name__}.{name}()"
    if owner is _CHANCE or (name == "urandom" and getattr(owner, "__name__", "") in ("posix", "nt")):
        return "uses randomness"
    return ""


class _Hook:
    """The one audit hook of the process: hooks cannot be removed, so it is inactive without a listener."""

    def __init__(self) -> None:
        self.added = False
        self.listener: Callable[[str], None] | None = None
        self.thread = 0

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        del arguments
        listener = self.listener
        if listener is not None and event.startswith(EVENTS) and threading.get_ident() == self.thread:
            listener(event)


_HOOK = _Hook()


@contextmanager
def _audited(listener: Callable[[str], None]) -> Iterator[None]:
    if not _HOOK.added:
        sys.addaudithook(_HOOK)
        _HOOK.added = True
    _HOOK.listener, _HOOK.thread = listener, threading.get_ident()
    try:
        yield
    finally:
        _HOOK.listener = None
