"""Objects that the server, or rudr itself, has refused: the same body is not sent again before its time."""

from __future__ import annotations

from rudr_py import errors
from rudr_py.api import Ref
from rudr_py.controller.apply import immutable_fields
from rudr_py.controller.apply.desired import DesiredObject
from rudr_py.controller.results.failures import RefusedError
from rudr_py.controller.state.ttl_map import TtlMap
from rudr_py.kube.clock import Clock
from rudr_py.kube.live_object import LiveObject

LASTING = 3600.0
"""Seconds for which a body with a change of an immutable field is not sent again, unless the live object changes."""

REPLACEMENTS = 3
"""How many times within LASTING an object is replaced by the same body; a webhook may set its fields each time."""

_Place = tuple[str, Ref, str]


class Refusals:
    """The refused bodies with their errors, and the number of replacements."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        """`seconds` is how long a refusal counts whose end no change of the object reveals, such as a quota."""
        self._clock = clock
        self._refused: TtlMap[tuple[_Place, str], errors.RudrError] = TtlMap(clock, seconds)
        self._lasting: TtlMap[tuple[_Place, str], errors.RudrError] = TtlMap(clock, LASTING)
        self._replaced: TtlMap[_Place, int] = TtlMap(clock, LASTING)

    def get(self, namespace: str, desired: DesiredObject, live: LiveObject | None) -> errors.RudrError | None:
        """The error of the last attempt, if it would be the same now."""
        place = _place(namespace, desired)
        return self._refused.get((place, _uid(live))) or self._lasting.get((place, _revision(live)))

    def put(self, namespace: str, desired: DesiredObject, live: LiveObject | None, error: errors.RudrError) -> None:
        """Keep the error of a refused attempt."""
        place = _place(namespace, desired)
        if isinstance(error, RefusedError) and error.reason == immutable_fields.IMMUTABLE:
            self._lasting.put((place, _revision(live)), error)
        else:
            self._refused.put((place, _uid(live)), error)

    def replace(self, namespace: str, desired: DesiredObject) -> bool:
        """Count a replacement of the object by the desired body. Whether it is one too many."""
        place = _place(namespace, desired)
        count = (self._replaced.get(place) or 0) + 1
        if count <= REPLACEMENTS:
            self._replaced.put(place, count)
        return count > REPLACEMENTS


def _place(namespace: str, desired: DesiredObject) -> _Place:
    return namespace, desired.ref, desired.hash


def _uid(live: LiveObject | None) -> str:
    return live.uid if live is not None else ""


def _revision(live: LiveObject | None) -> str:
    """A text that changes with the spec of the object, or, where that has no generation, with any of its fields."""
    return "" if live is None else f"{live.uid}/{live.generation or live.resource_version}"
