"""Ready keys in two tiers, so that an edit does not wait behind a backlog. It has no notion of time.

The backlog has a low priority: keys of an initial list, and keys that keep failing. Requests for them may hang.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from itertools import chain
from typing import Generic, TypeVar

from rudr_py.controller.queue.fair_heap import FairHeap
from rudr_py.controller.queue.shares import Shares

K = TypeVar("K", bound=Hashable)

RESERVED = 4
"""One place in this many is never taken by the backlog, neither of all places nor of those of one namespace."""

PATIENCE = 8
"""The backlog is served at least once after this many other keys, if it has a place."""


class TieredHeap(Generic[K]):
    """Keys of which those with a priority of at least 0 come first; each tier is a `FairHeap`.

    `places` is the number of keys that can be taken at a time.
    """

    def __init__(self, group: Callable[[K], str], places: int) -> None:
        shares = Shares(places)
        self._urgent_heap: FairHeap[K] = FairHeap(group, shares=shares)
        self._backlog_heap: FairHeap[K] = FairHeap(
            group, shares=Shares(max(1, places - places // RESERVED), outer_shares=shares)
        )
        self._taken: dict[K, FairHeap[K]] = {}
        self._in_a_row = 0  # keys that were taken while the backlog waited

    def __len__(self) -> int:
        return len(self._urgent_heap) + len(self._backlog_heap)

    def __contains__(self, key: K) -> bool:
        return key in self._urgent_heap or key in self._backlog_heap

    def __iter__(self) -> Iterator[K]:
        return chain(self._urgent_heap, self._backlog_heap)

    def put(self, key: K, priority: int) -> None:
        """Add `key`, or raise its priority; a lower priority has no effect."""
        if priority >= 0:
            self._backlog_heap.remove(key)
            self._urgent_heap.put(key, priority)
        elif key not in self._urgent_heap:
            self._backlog_heap.put(key, priority)

    def take(self) -> K | None:
        """Remove and return the next key; None if there is none that may take a place."""
        tiers = (
            (self._urgent_heap, self._backlog_heap)
            if self._in_a_row < PATIENCE
            else (self._backlog_heap, self._urgent_heap)
        )
        for tier in tiers:
            key = tier.take()
            if key is not None:
                self._taken[key] = tier
                self._in_a_row = self._in_a_row + 1 if tier is self._urgent_heap and self._backlog_heap else 0
                return key
        return None

    def give_back(self, key: K) -> None:
        """Free the place of a key that `take` has returned."""
        self._taken.pop(key).give_back(key)
