"""The work of one controller: keys, each at most once, now or later.

It knows neither objects nor events. Time is an argument: `call_later` decides when a delayed key becomes work.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

import msgspec

from rudr_py.local.registry.resources import KindInfo

FIRST_BACKOFF = 0.05
LAST_BACKOFF = 60.0


class QueueKey(msgspec.Struct, frozen=True, order=True):
    """Which object: its kind in the stored version, its namespace (empty for cluster-scoped kinds) and name."""

    kind: KindInfo
    namespace: str
    name: str


class Timer(Protocol):
    """What `call_later` returns."""

    def cancel(self) -> None:
        """Do not call."""
        ...


CallLater = Callable[[float, Callable[[], None]], Timer]
"""Call a function after so many seconds, as `asyncio.AbstractEventLoop.call_later` does."""


class WorkQueue:
    """Keys in the order in which they were first asked for. A key that waits is not queued twice.

    For one worker: it takes a key, works, and says how it went with `forget` or `retry`.
    """

    def __init__(self, call_later: CallLater) -> None:
        self._call_later = call_later
        self._keys: dict[QueueKey, None] = {}
        self._timers: dict[QueueKey, Timer] = {}
        self._failures: dict[QueueKey, int] = {}
        self._filled = asyncio.Event()

    def add(self, key: QueueKey) -> None:
        """Ask for work on `key` as soon as possible."""
        self._keys[key] = None
        self._filled.set()

    def add_after(self, key: QueueKey, seconds: float) -> None:
        """Ask for work on `key` in so many seconds; replaces what was asked for later before."""
        self._cancel(key)
        if seconds <= 0:
            self.add(key)
        else:
            self._timers[key] = self._call_later(seconds, lambda: self._due(key))

    def retry(self, key: QueueKey) -> float:
        """Ask for work on `key` after a pause that doubles with every failure in a row; return the pause."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        pause: float = min(LAST_BACKOFF, FIRST_BACKOFF * 2 ** min(failures, 20))
        self.add_after(key, pause)
        return pause

    def forget(self, key: QueueKey) -> None:
        """The work on `key` went well: its next failure is the first, and nothing is asked for later."""
        self._failures.pop(key, None)
        self._cancel(key)

    async def get(self) -> QueueKey:
        """Take the next key, waiting for one."""
        while not self._keys:
            self._filled.clear()
            await self._filled.wait()
        key = next(iter(self._keys))
        del self._keys[key]
        return key

    def close(self) -> None:
        """Cancel what was asked for later."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _due(self, key: QueueKey) -> None:
        self._timers.pop(key, None)
        self.add(key)

    def _cancel(self, key: QueueKey) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
