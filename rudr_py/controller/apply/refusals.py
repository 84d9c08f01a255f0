"""The requests that the server refused lately: the same body is not sent again for a while, unless a cause has ended.

Sends nothing. Memory is bounded by the time for which entries are kept.
"""

from __future__ import annotations

import itertools

from rudr_py.controller.state.ttl_map import TtlMap
from rudr_py.errors import RudrError
from rudr_py.kube.clock import Clock
from rudr_py.model.identity import ObjectKey

Place = tuple[str, ...]
"""An object and a body of it."""

GRACE = 30.0
"""Seconds for which refused requests are retried soon after an object of the application was deleted: quotas are
counted, and the caches of webhooks are updated, some time after a deletion."""

LASTING = 3600.0
"""Seconds for which a change of an immutable field is not sent again, unless the live object changes."""

REPLACEMENTS = 3
"""How many times within LASTING an object is replaced by the same body; a webhook may set its fields each time."""


class Refusals:
    """Refusals by application, each kept for `seconds`, or for LASTING if only a change of the object can end it."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._numbers = itertools.count()
        self._refused: TtlMap[tuple[ObjectKey, Place], tuple[int, RudrError]] = TtlMap(clock, seconds)
        self._forgotten: TtlMap[ObjectKey, int] = TtlMap(clock, seconds)
        self._freed: TtlMap[ObjectKey, None] = TtlMap(clock, GRACE)
        self._lasting: TtlMap[tuple[ObjectKey, Place, str], RudrError] = TtlMap(clock, LASTING)
        self._replaced: TtlMap[tuple[ObjectKey, Place], int] = TtlMap(clock, LASTING)

    def get(self, application: ObjectKey, place: Place, revision: str = "") -> RudrError | None:
        """The error of the refused body; None where it may be sent. `revision` is that of the live object."""
        lasting = self._lasting.get((application, place, revision))
        if lasting is not None:
            return lasting
        entry = self._refused.get((application, place))
        if entry is None or self.is_soon(application):
            return None
        number, error = entry
        forgotten = self._forgotten.get(application)
        return None if forgotten is not None and forgotten > number else error

    def put(self, application: ObjectKey, place: Place, error: RudrError) -> None:
        """Keep a refusal."""
        self._refused.put((application, place), (next(self._numbers), error))

    def put_lasting(self, application: ObjectKey, place: Place, revision: str, error: RudrError) -> None:
        """Keep a refusal that holds as long as the live object has this revision."""
        self._lasting.put((application, place, revision), error)

    def replace(self, application: ObjectKey, place: Place) -> bool:
        """Count a replacement of an object by a body. Whether it is one too many."""
        count = (self._replaced.get((application, place)) or 0) + 1
        if count <= REPLACEMENTS:
            self._replaced.put((application, place), count)
        return count > REPLACEMENTS

    def forget(self, application: ObjectKey) -> None:
        """Allow every refused body of the application once more, because a possible cause has ended."""
        self._forgotten.put(application, next(self._numbers))

    def freed(self, application: ObjectKey) -> None:
        """An object of the application has been deleted: its refused bodies are retried soon, for some time."""
        self._freed.put(application, None)

    def is_soon(self, application: ObjectKey) -> bool:
        """Whether an object of the application was deleted a short time ago."""
        return self._freed.left(application) > 0
