"""The work queue of one controller: deduplicated keys, delays and backoff.

It depends neither on objects nor on events. `call_later` is an argument, so that tests control time.
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
    """The key of an object: its kind in the stored version, namespace (empty for cluster-scoped kinds) and name."""

    kind: KindInfo
    namespace: str
    name: str


class Timer(Protocol):
    """A pending call of `call_later`."""

    def cancel(self) -> None:
        """Cancel the call."""
        ...


CallLater = Callable[[float, Callable[[], None]], Timer]
"""Calls a function after a delay in seconds, as `asyncio.AbstractEventLoop.call_later` does."""


class WorkQueue:
    """Keys in the order of their first addition. A queued key is not queued again.

    There is one worker: it gets a key, reconciles it, and calls `forget` or `retry`.
    """

    def __init__(self, call_later: CallLater) -> None:
        self._call_later = call_later
        self._keys: dict[QueueKey, None] = {}
        self._timers: dict[QueueKey, Timer] = {}
        self._failures: dict[QueueKey, int] = {}
        self._refused: dict[QueueKey, None] = {}
        self._filled = asyncio.Event()

    def add(self, key: QueueKey) -> None:
        """Queue a key now."""
        self._keys[key] = None
        self._filled.set()

    def add_after(self, key: QueueKey, seconds: float) -> None:
        """Queue a key after a delay, which replaces its previous delay."""
        self._cancel(key)
        if seconds <= 0:
            self.add(key)
        else:
            self._timers[key] = self._call_later(seconds, lambda: self._due(key))

    def retry(self, key: QueueKey, *, refused: bool = False) -> float:
        """Queue a key after its backoff, which doubles with every consecutive failure; return the backoff.

        `refused`: the API refused a write of the reconcile, and `wake` may queue the key earlier.
        """
        if refused:
            self._refused[key] = None
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        pause: float = min(LAST_BACKOFF, FIRST_BACKOFF * 2 ** min(failures, 20))
        self.add_after(key, pause)
        return pause

    def wake(self, namespace: str) -> None:
        """Queue the refused keys of a namespace now."""
        for key in self._refused:
            if key.namespace == namespace:
                self.add(key)

    def forget(self, key: QueueKey) -> None:
        """Reset the backoff of a key and cancel its delay."""
        self._failures.pop(key, None)
        self._refused.pop(key, None)
        self._cancel(key)

    async def get(self) -> QueueKey:
        """Return the next key; wait for one if the queue is empty."""
        while not self._keys:
            self._filled.clear()
            await self._filled.wait()
        key = next(iter(self._keys))
        del self._keys[key]
        return key

    def close(self) -> None:
        """Cancel all delays."""
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
