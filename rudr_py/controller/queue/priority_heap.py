"""Keys in the order of a rank, of which each may move forward or go at any time.

A data structure: it knows neither time nor work.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class PriorityHeap(Generic[K]):
    """Keys in the order of their ranks, lowest first; equal ranks in the order of coming.

    Everything takes O(log n). A key that moves or goes leaves its old entry in the heap; such entries are swept out
    when they are the majority.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, K]] = []
        self._entries: dict[K, tuple[float, int, K]] = {}
        self._count = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[K]:
        return iter(self._entries)

    def put(self, key: K, rank: float) -> None:
        """Add `key`, or move it forward; it never moves back."""
        known = self._entries.get(key)
        if known is not None and known[0] <= rank:
            return
        self._count += 1
        entry = (rank, self._count, key)
        self._entries[key] = entry
        heapq.heappush(self._heap, entry)
        self._sweep()

    def first(self) -> tuple[float, K] | None:
        """The lowest rank and its key."""
        while self._heap:
            rank, _, key = self._heap[0]
            if self._entries.get(key) is self._heap[0]:
                return rank, key
            heapq.heappop(self._heap)
        return None

    def pop(self) -> K:
        """Take out the first key. Raises IndexError if there is none."""
        first = self.first()
        if first is None:
            raise IndexError("nothing is ranked")
        heapq.heappop(self._heap)
        del self._entries[first[1]]
        return first[1]

    def remove(self, key: K) -> None:
        """Take out `key` if it is there."""
        if self._entries.pop(key, None) is not None:
            self._sweep()

    def _sweep(self) -> None:
        if len(self._heap) > 2 * len(self._entries) + 64:
            self._heap = list(self._entries.values())
            heapq.heapify(self._heap)
