"""Ready keys in groups that take turns, so that no backlog of one group delays another. It has no notion of time.

A group is a namespace. The work for each operation grows with the logarithm of the number of keys only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator
from itertools import chain
from typing import Generic, TypeVar

from rudr_py.controller.queue.priority_heap import PriorityHeap
from rudr_py.controller.queue.shares import Shares

K = TypeVar("K", bound=Hashable)

REMEMBERED = 1024
"""The number of groups without a key whose last turn is remembered; the ones that were served last."""


class FairHeap(Generic[K]):
    """Keys of which `take` returns one of the group that has waited longest since its last turn.

    Within a group, and among groups that never had a turn, the highest priority comes first, then the longest waiting.
    A turn for a key of low priority does not count for a key of higher priority. So between two keys of one group, of
    which the second has no higher priority than the first, each other group that waits all the time is served.

    `places` is the number of keys that can be taken at a time; see `Shares` for the part that one group may take.
    Several heaps may have common `shares`.
    """

    def __init__(
        self,
        group: Callable[[K], str] = lambda _key: "",
        places: float = math.inf,
        *,
        shares: Shares | None = None,
    ) -> None:
        self._group = group
        self._shares = Shares(places) if shares is None else shares
        self._keys: dict[str, PriorityHeap[K, int]] = {}  # by group, then by priority, negated
        self._turns: PriorityHeap[str, tuple[int, int]] = PriorityHeap()  # by the last turn, then by priority, negated
        self._served: dict[str, dict[int, int]] = {}  # the numbers of the last turns, by priority, negated
        self._number = 0
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __contains__(self, key: K) -> bool:
        return key in self._keys.get(self._group(key), ())

    def __iter__(self) -> Iterator[K]:
        return chain.from_iterable(self._keys.values())

    def put(self, key: K, priority: int) -> None:
        """Add `key`, or raise its priority; a lower priority has no effect."""
        group = self._group(key)
        keys = self._keys.setdefault(group, PriorityHeap())
        self._size += key not in keys
        keys.put(key, -priority)
        self._queue(group)

    def remove(self, key: K) -> None:
        """Remove `key` if it waits."""
        group = self._group(key)
        keys = self._keys.get(group)
        if keys is None or key not in keys:
            return
        keys.remove(key)
        self._removed(group)

    def take(self) -> K | None:
        """Remove and return the next key; None if there is none, or none whose group may take a further place.

        The caller must call `give_back` with the key when its work is done.
        """
        passed_over: list[str] = []  # groups that hold places, hence not more than there are places
        key = None
        while key is None and not self._shares.is_full and (first := self._turns.first()) is not None:
            group = first[1]
            if self._shares.take(group):
                key = self._serve(group)
            else:
                self._turns.remove(group)
                passed_over.append(group)
        for group in passed_over:
            self._queue(group)
        return key

    def give_back(self, key: K) -> None:
        """Free the place of a key that `take` has returned."""
        self._shares.give_back(self._group(key))

    def _serve(self, group: str) -> K:
        rank, key = self._keys[group].pop()
        self._number += 1
        served = self._served.pop(group, {})
        # a turn for a higher priority counts for the lower ones, too
        self._served[group] = {earlier: turn for earlier, turn in served.items() if earlier < rank} | {
            rank: self._number
        }
        self._removed(group)
        self._sweep()
        return key

    def _removed(self, group: str) -> None:
        """Note that a key was removed from a group, and queue the group anew if it has another one."""
        self._size -= 1
        self._turns.remove(group)
        if self._keys[group]:
            self._queue(group)
        else:
            del self._keys[group]

    def _queue(self, group: str) -> None:
        first = self._keys[group].first()
        if first is not None:
            rank = first[0]
            turns = (turn for earlier, turn in self._served.get(group, {}).items() if earlier <= rank)
            self._turns.put(group, (max(turns, default=0), rank))

    def _sweep(self) -> None:
        """Drop the turns of groups without a key, of which there may be any number over time."""
        if len(self._served) > 2 * (len(self._keys) + REMEMBERED):
            idle = [group for group in self._served if group not in self._keys]
            for group in idle[:-REMEMBERED]:
                del self._served[group]
