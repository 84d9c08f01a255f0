"""Divides a fixed number of places among groups, so that no group takes all of them. Pure."""

from __future__ import annotations

import math


class Shares:
    """Counts the places that each group holds.

    A group without a place gets any free one. A group with places gets a further one only if it then holds at most
    `factor` times as many as remain free: a single group leaves one in `factor` + 1 free, several groups leave fewer,
    and the last free place is for a group that holds none. With `outer_shares`, each place is one of those, too.
    """

    def __init__(self, places: float = math.inf, *, factor: int = 3, outer_shares: Shares | None = None) -> None:
        self._outer_shares = outer_shares
        self._places = places
        self._factor = factor
        self._held: dict[str, int] = {}
        self._total = 0

    def __len__(self) -> int:
        """The number of places that are taken."""
        return self._total

    @property
    def is_full(self) -> bool:
        """Whether no place is free for any group."""
        return self._total >= self._places or (self._outer_shares is not None and self._outer_shares.is_full)

    def take(self, group: str) -> bool:
        """Take a place for a group; return whether it got one."""
        held, left = self._held.get(group, 0), self._places - self._total - 1
        if left < 0 or (held > 0 and held + 1 > self._factor * left):
            return False
        if self._outer_shares is not None and not self._outer_shares.take(group):
            return False
        self._held[group] = held + 1
        self._total += 1
        return True

    def give_back(self, group: str) -> None:
        """Free a place of a group. Raises KeyError when it holds none."""
        held = self._held.pop(group)
        if held > 1:
            self._held[group] = held - 1
        self._total -= 1
        if self._outer_shares is not None:
            self._outer_shares.give_back(group)
