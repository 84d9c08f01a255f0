"""A map whose entries expire, so that memory does not grow with time. Reads its clock; starts no task."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

from rudr_py.kube.clock import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class TtlMap(Generic[K, V]):
    """Values by key, each kept for `seconds` after `put`. All operations take amortized O(1)."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._values: dict[K, tuple[float, V]] = {}  # oldest first, because `put` moves a key to the end

    def __len__(self) -> int:
        self._sweep()
        return len(self._values)

    def get(self, key: K) -> V | None:
        """The value, or None when it is absent or expired."""
        self._sweep()
        entry = self._values.get(key)
        return entry[1] if entry is not None else None

    def left(self, key: K) -> float:
        """Seconds until the value of `key` expires; 0 when there is none."""
        self._sweep()
        entry = self._values.get(key)
        return entry[0] + self._seconds - self._clock.monotonic() if entry is not None else 0.0

    def items(self) -> Iterator[tuple[K, V]]:
        """All values, the oldest first."""
        self._sweep()
        return iter([(key, value) for key, (_, value) in self._values.items()])

    def put(self, key: K, value: V) -> None:
        """Set a value and restart its time."""
        self._sweep()
        self._values.pop(key, None)
        self._values[key] = (self._clock.monotonic(), value)

    def _sweep(self) -> None:
        limit = self._clock.monotonic() - self._seconds
        while self._values:
            oldest = next(iter(self._values))
            if self._values[oldest][0] > limit:
                return
            del self._values[oldest]
