"""Holds keys back until all members of a group have arrived once. A data structure: it sends nothing and never waits.

After a start, scope members are not recomputed until every application of the namespace has been reconciled once:
otherwise a scope would shrink because its members are not known yet.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Barrier(Generic[K]):
    """Open while no key is expected."""

    def __init__(self) -> None:
        self._expected: set[K] = set()
        self._held: set[K] = set()

    def expect(self, key: K) -> None:
        """Close the barrier until this key has arrived, too."""
        self._expected.add(key)

    def hold(self, keys: Iterable[K]) -> bool:
        """Hold keys back if the barrier is closed; return whether it is."""
        if self._expected:
            self._held.update(keys)
        return bool(self._expected)

    def arrive(self, key: K) -> frozenset[K]:
        """Note an arrival; return the keys that were held back when no other key is expected any more."""
        self._expected.discard(key)
        if self._expected:
            return frozenset()
        held, self._held = self._held, set()
        return frozenset(held)
