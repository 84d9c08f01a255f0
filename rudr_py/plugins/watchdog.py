"""Ends the process when a call of a third party's code holds it up, which no exception can end.

Two eyes. A thread sees a call that goes on and on while Python still turns: it reports the type and ends the process
with EXIT_CODE. A loop in C that keeps the interpreter to itself stops that thread, too: the interpreter's own watchdog,
which the thread winds up again and again, then prints where everybody stands and ends the process with 1. Whom it was
calling is read from the marker when the next process starts.
"""

from __future__ import annotations

import contextlib
import faulthandler
import os
import sys
import threading
from collections.abc import Callable, Iterator

from rudr_py.plugins.call_marker import CallLabel, CallMarker

LIMIT = 10.0
"""Seconds that one call may hold up everything. The interval timer of `guard` ends nearly all of them long before."""

EXIT_CODE = 70
"""EX_SOFTWARE of sysexits.h."""

_LOOKS = 4
"""How often one call is seen within the limit before it counts as stuck."""

Report = Callable[[CallLabel], None]


@contextlib.contextmanager
def watching(
    marker: CallMarker, report: Report, *, seconds: float = LIMIT, end: Callable[[int], object] = os._exit
) -> Iterator[None]:
    """Watch until the context ends. `report` is told whom the process ends for, just before `end` is called."""
    stop = threading.Event()
    _wind_up(seconds)  # here and now: the thread may never get its turn
    thread = threading.Thread(
        target=_watch, args=(marker, report, seconds, stop, end), name="plugin watchdog", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        faulthandler.cancel_dump_traceback_later()


def _watch(
    marker: CallMarker, report: Report, seconds: float, stop: threading.Event, end: Callable[[int], object]
) -> None:
    seen: tuple[int, CallLabel] | None = None
    looks = 0
    while not stop.wait(seconds / _LOOKS):
        _wind_up(seconds)
        current = marker.current()
        looks = looks + 1 if current is not None and current == seen else 0
        seen = current
        if current is not None and looks >= _LOOKS:
            _end(current[1], report, seconds, end)
            return


def _wind_up(seconds: float) -> None:
    with contextlib.suppress(ValueError, AttributeError, OSError):  # standard error may be no real file
        faulthandler.dump_traceback_later(seconds, exit=True)


def _end(label: CallLabel, report: Report, seconds: float, end: Callable[[int], object]) -> None:
    print(  # noqa: T201 - the last words of the process; logging may be what hangs
        f"error: {label.sort} {label.name} of {label.package} has held up everything for {seconds:g} s; "
        "the process ends, and the next one starts without it",
        file=sys.stderr,
        flush=True,
    )
    try:
        report(label)
    finally:
        end(EXIT_CODE)
