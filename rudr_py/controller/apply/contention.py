"""Detect that another client keeps reverting the writes of rudr, and pause the writes of that object.

Two managers that force their values on one field would write permanently. This module only counts; the applier writes
and reports.
"""

from __future__ import annotations

from rudr_py.api import Ref
from rudr_py.controller.state.ttl_map import TtlMap
from rudr_py.kube.clock import Clock

LIMIT = 3
"""How many times an object is reverted within WINDOW before its writes pause."""

WINDOW = 60.0
"""Seconds in which reverts are counted, and for which the writes of a contested object pause."""

Place = tuple[str, Ref, str]
"""Namespace, object, and the hash of its desired body: another desired body is written at once."""


class ContentionMetrics:
    """Receives the reverts and pauses; this one ignores them."""

    def reverted(self) -> None:
        """An object was reverted to its desired state."""

    def paused(self) -> None:
        """The writes of an object pause from now on."""


class Contention:
    """The reverts of the last minute, and the objects whose writes pause."""

    def __init__(self, clock: Clock, metrics: ContentionMetrics | None = None) -> None:
        self._clock = clock
        self._metrics = metrics or ContentionMetrics()
        self._times: TtlMap[Place, tuple[float, ...]] = TtlMap(clock, WINDOW)
        self._pauses: TtlMap[Place, None] = TtlMap(clock, WINDOW)

    def pause(self, place: Place) -> float:
        """Seconds until the object may be written again; 0 when it may be written now."""
        return self._pauses.left(place)

    def begins(self, place: Place) -> bool:
        """Whether one more revert exceeds LIMIT; a pause begins then."""
        if len(self._in_window(place)) < LIMIT:
            return False
        self._pauses.put(place, None)
        self._metrics.paused()
        return True

    def reverted(self, place: Place) -> None:
        """Count a revert."""
        self._times.put(place, (*self._in_window(place), self._clock.monotonic()))
        self._metrics.reverted()

    def _in_window(self, place: Place) -> tuple[float, ...]:
        since = self._clock.monotonic() - WINDOW
        return tuple(time for time in self._times.get(place) or () if time > since)
