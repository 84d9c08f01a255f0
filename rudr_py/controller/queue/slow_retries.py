"""The intervals at which keys are retried that cannot go on before something else changes.

Nothing is to be gained by frequent attempts, and there may be hundreds of such keys: the interval of each doubles with
each attempt that ends in the same way. Keys of one group have probably the same cause: one of them is retried at short
intervals, and the rest of the group when it has ended. Sends nothing.
"""

from __future__ import annotations

import math
import random
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from rudr_py.kube.clock import Clock

K = TypeVar("K", bound=Hashable)
G = TypeVar("G", bound=Hashable)

LONGEST = 3600.0
"""The longest interval, in seconds."""

SPREAD = 5.0
"""An interval is a random time between its minimum and this many times as long."""

PACE, SLOWEST = 6.0, 900.0
"""The interval of the first key of a group is at least PACE for each group, but at most SLOWEST for that reason."""


class SlowRetries(Generic[K, G]):
    """The keys that cannot go on, with the number of their attempts. `minimum` is the shortest interval in seconds."""

    def __init__(self, clock: Clock, minimum: float) -> None:
        self._clock = clock
        self._minimum = minimum
        self._attempts: dict[K, tuple[G | None, int]] = {}
        # the first key of each is retried at short intervals; a dict would search for it behind all those that ended
        self._groups: dict[G, OrderedDict[K, None]] = {}
        self._woken: dict[G, float] = {}  # the last times at which a whole group was retried

    def __len__(self) -> int:
        """The number of keys that cannot go on."""
        return len(self._attempts)

    def refused(self, key: K, group: G | None) -> float:
        """Note an attempt that was refused, for a cause that the keys of a group share; return the seconds until the
        next one. The caller ends `key` before if its group is another one than at the last attempt.
        """
        number = self._note(key, group)
        shortest = self._minimum * random.uniform(1.0, SPREAD)  # noqa: S311 - spreads load, no secret
        if group is not None:
            members = self._groups.setdefault(group, OrderedDict())
            members.setdefault(key)
            if next(iter(members)) == key:
                return max(shortest, min(PACE * len(self._groups), SLOWEST))
        return _interval(shortest, number)

    def waiting(self, key: K, seconds: float) -> float:
        """Note an attempt that waits for an event; return the seconds until the next one, which are first `seconds`."""
        return _interval(seconds, self._note(key, None))

    def end(self, key: K) -> tuple[K, ...]:
        """Note that a key can go on. Returns the keys to retry now, because their cause may have ended, too."""
        group, _ = self._attempts.pop(key, (None, 0))
        if group is None:
            return ()
        members = self._groups[group]
        is_first = next(iter(members)) == key
        del members[key]
        if not members:
            del self._groups[group]
            self._woken.pop(group, None)
        if not is_first or not members:
            return ()
        now = self._clock.monotonic()
        if now - self._woken.get(group, -math.inf) < self._minimum:
            return (next(iter(members)),)  # the group has just been retried: the next one takes over
        self._woken[group] = now
        return tuple(members)

    def group_of(self, key: K) -> G | None:
        """The group of a key at its last attempt."""
        return self._attempts.get(key, (None, 0))[0]

    def _note(self, key: K, group: G | None) -> int:
        """Count an attempt, and return the number of the ones before that ended in the same way."""
        before, number = self._attempts.get(key, (group, 0))
        number = number if before == group else 0
        self._attempts[key] = (group, number + 1)
        return number


def _interval(shortest: float, number: int) -> float:
    longest = max(shortest, LONGEST * random.uniform(0.75, 1.0))  # noqa: S311 - spreads load, no secret
    return min(shortest * 2.0 ** min(number, 30), longest)
