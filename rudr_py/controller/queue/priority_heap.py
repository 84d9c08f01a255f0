"""A heap of keys ordered by rank, in which any key can be moved forward or removed. It has no notion of time."""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
R = TypeVar("R", int, float, tuple[int, int])


class PriorityHeap(Generic[K, R]):
    """Keys in the order of their ranks, lowest first; equal ranks in the order of insertion.

    All operations take amortized O(log n). A key that is moved or removed leaves its old entry in the heap; such
    entries are swept out when they are the majority.
    """

    def __init__(self) -> None:
        self._heap: list[tuple[R, int, K]] = []
        self._entries: dict[K, tuple[R, int, K]] = {}
        self._count = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[K]:
        return iter(self._entries)

    def put(self, key: K, rank: R) -> None:
        """Add `key`, or move it forward to a lower rank; a higher rank has no effect."""
        entry = self._entries.get(key)
        if entry is not None and entry[0] <= rank:
            return
        self._count += 1
        entry = (rank, self._count, key)
        self._entries[key] = entry
        heapq.heappush(self._heap, entry)
        self._sweep()

    def first(self) -> tuple[R, K] | None:
        """The lowest rank and its key."""
        while self._heap:
            rank, _, key = self._heap[0]
            if self._entries.get(key) is self._heap[0]:
                return rank, key
            heapq.heappop(self._heap)
        return None

    def pop(self) -> tuple[R, K]:
        """Remove and return the lowest rank and its key. Raises IndexError when the heap is empty."""
        first = self.first()
        if first is None:
            raise IndexError("pop from an empty heap")
        heapq.heappop(self._heap)
        del self._entries[first[1]]
        return first

    def remove(self, key: K) -> None:
        """Remove `key` if it is in the heap."""
        if self._entries.pop(key, None) is not None:
            self._sweep()

    def _sweep(self) -> None:
        if len(self._heap) > 2 * len(self._entries) + 64:
            self._heap = list(self._entries.values())
            heapq.heapify(self._heap)
