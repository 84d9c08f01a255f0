"""How many applications, instances and health scopes are in which state, as this process has told it last. No I/O.

Kept up to date with each reconcile, so that a scrape has nothing to do. A standby has reconciled nothing and counts
nothing: sums over all replicas are right. Names are no part of it; whose state it is stands in the objects.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from rudr_py.model.identity import ObjectKey

READY: Final = ("True", "False", "Unknown")
"""The values of an application's condition Ready."""

STATES: Final = ("ready", "progressing", "failed", "unknown")
"""The states of an instance."""

HEALTH: Final = ("healthy", "unhealthy")
"""What a health scope says."""


class _Told(msgspec.Struct, frozen=True):
    """What one application adds."""

    ready: str = "Unknown"
    states: tuple[str, ...] = ()
    health: tuple[str, ...] = ()


class StateCounts:
    """The counts, each a map from the values above to numbers."""

    def __init__(self) -> None:
        self.applications: Counter[str] = Counter()
        self.instances: Counter[str] = Counter()
        self.health_scopes: Counter[str] = Counter()
        self._told: dict[ObjectKey, _Told] = {}

    def seen(self, key: ObjectKey) -> None:
        """There is an application; until something is told of it, its readiness is unknown."""
        if key not in self._told:
            self._put(key, _Told())

    def tell(self, key: ObjectKey, status: Mapping[str, Any]) -> None:
        """What the status of an application says now, as it was built."""
        ready = [one["status"] for one in status.get("conditions", ()) if one["type"] == "Ready"]
        shown = (one.get("show", {}).get("health") for one in status.get("scopes", ()))
        self._put(
            key,
            _Told(
                ready[0] if ready and ready[0] in READY else "Unknown",
                tuple(_of(STATES, (one.get("state") for one in status.get("instances", ())))),
                tuple(_of(HEALTH, shown)),
            ),
        )

    def forget(self, key: ObjectKey) -> None:
        """The application is gone."""
        self._count(self._told.pop(key, None), -1)

    def _put(self, key: ObjectKey, told: _Told) -> None:
        before = self._told.get(key)
        if told != before:
            self._count(before, -1)
            self._count(told, 1)
            self._told[key] = told

    def _count(self, told: _Told | None, weight: int) -> None:
        if told is not None:
            self.applications[told.ready] += weight
            for state in told.states:
                self.instances[state] += weight
            for health in told.health:
                self.health_scopes[health] += weight


def _of(known: tuple[str, ...], words: Iterable[object]) -> list[str]:
    """Those of the words that are known: a scope of somebody else may show anything."""
    return [word for word in words if isinstance(word, str) and word in known]
