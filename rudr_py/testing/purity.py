"""Watches calls of a type: does it read a clock or the environment, ask chance, sleep, or reach for what is outside?

What is seen are calls of C functions out of Python code (`sys.setprofile`) and audit events of the interpreter.
A second look for mistakes: an author who wants to hide a clock can.
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
"""Seconds that a watched call may take; watching makes it many times slower."""

_ENVIRONMENT = (type(os.environ).__getitem__.__code__, type(os.environ).__iter__.__code__)
_CHANCE = random.random.__self__  # type: ignore[attr-defined] # it is a method of the hidden generator of the module


class Watch:
    """A guard that notes what a type must not do in `sins`, once each, in order."""

    def __init__(self) -> None:
        self.sins: dict[str, None] = {}

    def guard(self, call: Callable[[], Any]) -> Any:
        """Call it, watched. Raises what it raises, and TimeoutError."""
        return guard.within(LIMIT)(lambda: self._watched(call))

    def _watched(self, call: Callable[[], Any]) -> Any:
        previous, collecting = sys.getprofile(), gc.isenabled()
        gc.disable()  # what others do at a collection is no deed of the type
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
        self.sins.setdefault(f"{what}{place}")

    def _profile(self, frame: FrameType, event: str, found: Any) -> None:
        if event == "call" and frame.f_code in _ENVIRONMENT:
            self._note("reads the environment", frame.f_back)
        elif event == "c_call":
            what = _forbidden(found)
            if what:
                self._note(what, frame)

    def _audit(self, event: str) -> None:
        self._note(f"does {event}", None)


def _forbidden(function: Any) -> str:
    """What a call of a C function is that a type must not do, or ""."""
    name, owner = getattr(function, "__name__", ""), getattr(function, "__self__", None)
    if name in CLOCKS and getattr(function, "__module__", "") == "time":
        return f"reads the clock by time.{name}()"
    if name in DATES and isinstance(owner, type) and issubclass(owner, date):
        return f"reads the clock by {owner.__name__}.{name}()"
    if owner is _CHANCE or (name == "urandom" and getattr(owner, "__name__", "") in ("posix", "nt")):
        return "asks chance"
    return ""


class _Hook:
    """The one audit hook of the process: hooks cannot be removed, so it is silent unless someone listens."""

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
