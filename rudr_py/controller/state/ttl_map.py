"""Values that are kept for some seconds and then forgotten, so that what we remember never grows with time.

Reads the clock that it is given; starts nothing.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

from rudr_py.kube.clock import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class TtlMap(Generic[K, V]):
    """Values by key, each for `seconds` after it was put. Everything takes O(1), spread over the calls."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._values: dict[K, tuple[float, V]] = {}  # oldest first, because `put` moves a key to the end

    def __len__(self) -> int:
        self._sweep()
        return len(self._values)

    def get(self, key: K) -> V | None:
        """The value, if it was put within the last seconds."""
        self._sweep()
        found = self._values.get(key)
        return found[1] if found is not None else None

    def left(self, key: K) -> float:
        """Seconds until the value of `key` is forgotten; 0 when there is none."""
        self._sweep()
        found = self._values.get(key)
        return found[0] + self._seconds - self._clock.monotonic() if found is not None else 0.0

    def items(self) -> Iterator[tuple[K, V]]:
        """All that is kept, the oldest first."""
        self._sweep()
        return iter([(key, value) for key, (_, value) in self._values.items()])

    def put(self, key: K, value: V) -> None:
        """Keep a value from now on."""
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
