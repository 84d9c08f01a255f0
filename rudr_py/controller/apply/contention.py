"""Notices when somebody undoes our writes again and again, and says for how long to give way.

Two that force their will on one field would write for ever. It counts; who writes and who tells is `apply`'s business.
"""

from __future__ import annotations

from rudr_py.api import Ref
from rudr_py.controller.state.ttl_map import TtlMap
from rudr_py.kube.clock import Clock

LIMIT = 3
"""How often an object is set back within a minute before it is left alone."""

WINDOW = 60.0
"""Seconds in which set-backs are counted, and for which a contested object is left alone."""

Place = tuple[str, Ref, str]
"""Namespace, object, and the hash of what we want it to be: another wish is another matter."""


class ContentionMetrics:
    """Where set-backs are reported; this one tells nobody."""

    def set_back(self) -> None:
        """An object was set back."""

    def began(self) -> None:
        """An object is left alone from now on."""


class Contention:
    """The set-backs of the last minute, and the objects that are left alone."""

    def __init__(self, clock: Clock, metrics: ContentionMetrics | None = None) -> None:
        self._clock = clock
        self._metrics = metrics or ContentionMetrics()
        self._times: TtlMap[Place, tuple[float, ...]] = TtlMap(clock, WINDOW)
        self._left_alone: TtlMap[Place, None] = TtlMap(clock, WINDOW)

    def pause(self, place: Place) -> float:
        """Seconds for which an object is to be left alone yet; 0 when it may be set back."""
        return self._left_alone.left(place)

    def begins(self, place: Place) -> bool:
        """Whether one more set-back is too many: then the object is left alone from now on."""
        if len(self._counted(place)) < LIMIT:
            return False
        self._left_alone.put(place, None)
        self._metrics.began()
        return True

    def set_back(self, place: Place) -> None:
        """An object was set back to what it had been made before."""
        self._times.put(place, (*self._counted(place), self._clock.monotonic()))
        self._metrics.set_back()

    def _counted(self, place: Place) -> tuple[float, ...]:
        since = self._clock.monotonic() - WINDOW
        return tuple(time for time in self._times.get(place) or () if time > since)
