"""Ends the process when a call of third-party code blocks it and no exception can stop the call.

Two mechanisms. A thread detects a call that does not return while Python still runs: it reports the type and ends the
process with EXIT_CODE. A loop in C that holds the interpreter's lock blocks that thread, too: the interpreter's own
watchdog (`faulthandler`), which the thread resets periodically, then prints all stacks and ends the process with 1. The
next process reads the blocked call from the marker.
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
"""Seconds that one call may block the process. The interval timer of `guard` stops nearly all calls much earlier."""

EXIT_CODE = 70
"""EX_SOFTWARE of sysexits.h."""

_CHECKS = 4
"""The number of checks within the limit after which a call counts as blocked."""

Report = Callable[[CallLabel], None]


@contextlib.contextmanager
def watching(
    marker: CallMarker, report: Report, *, seconds: float = LIMIT, end: Callable[[int], object] = os._exit
) -> Iterator[None]:
    """Watch until the context exits. `report` is called with the label of the blocked call just before `end`."""
    stop = threading.Event()
    _reset(seconds)  # before the thread starts, which may never run
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
    checks = 0
    while not stop.wait(seconds / _CHECKS):
        _reset(seconds)
        current = marker.current()
        checks = checks + 1 if current is not None and current == seen else 0
        seen = current
        if current is not None and checks >= _CHECKS:
            _end(current[1], report, seconds, end)
            return


def _reset(seconds: float) -> None:
    with contextlib.suppress(ValueError, AttributeError, OSError):  # standard error may not be a real file
        faulthandler.dump_traceback_later(seconds, exit=True)


def _end(label: CallLabel, report: Report, seconds: float, end: Callable[[int], object]) -> None:
    print(  # noqa: T201 - the process ends, and logging may be blocked
        f"error: {label.sort} {label.name} of {label.package} has blocked the process for {seconds:g} s; "
        "the process exits, and the next one starts without it",
        file=sys.stderr,
        flush=True,
    )
    try:
        report(label)
    finally:
        end(EXIT_CODE)
