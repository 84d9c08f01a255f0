"""Detect that another client keeps reverting the writes of rudr, and pause the writes of that object.

Two managers that force their values on one field would write permanently. Each pause is followed by one attempt, and is
twice as long as the last one. This module only counts; the applier writes and reports.
"""

from __future__ import annotations

import msgspec

from rudr_py.api import Ref
from rudr_py.controller.state.ttl_map import TtlMap
from rudr_py.kube.clock import Clock
from rudr_py.model.metadata_keys import IGNORE_DIFFERENCES_ANNOTATION

CONTESTED = "Contested"
"""The reason of the condition and of the event of a pause."""

LIMIT = 3
"""The number of reverts within WINDOW after which the writes of an object pause."""

SLOW_LIMIT = 8
"""The number of reverts without a quiet time after which the writes of an object pause, however far apart they are."""

WINDOW = 60.0
"""Seconds in which LIMIT reverts are counted, and the length of the first pause."""

MAXIMUM = 3600.0
"""Seconds of the longest pause."""

ONE_POD_MAXIMUM = 5.0
"""Seconds of the longest pause of a workload that has to have one pod: its additional pods may write the same data."""

QUIET = 3600.0
"""Seconds without a revert, outside of a pause, after which the earlier ones no longer count."""

Place = tuple[str, Ref, str]
"""Namespace, object, and the hash of its desired body: another desired body is written at once."""


class ContentionMetrics:
    """Receives the reverts and pauses; this one ignores them."""

    def reverted(self) -> None:
        """An object was reverted to its desired state."""

    def paused(self) -> None:
        """The writes of an object pause from now on."""


class Contest(msgspec.Struct, frozen=True):
    """The reverts of one object since its last quiet time, and its pauses.

    `times` are those of the last reverts, at most LIMIT; `reverts` counts all of them since the last pause; `until` is
    the end of that pause. `cause` describes, for the user, what the other client changes. No pause is longer than
    `maximum` seconds.
    """

    times: tuple[float, ...] = ()
    reverts: int = 0
    pauses: int = 0
    until: float = 0.0
    cause: str = ""
    maximum: float = MAXIMUM

    @property
    def seconds(self) -> float:
        """The length of the last pause."""
        return min(WINDOW * 2.0 ** min(self.pauses - 1, 16), self.maximum)

    @property
    def note(self) -> str:
        """The cause and the length of the pause, for an event."""
        return f"{self.cause}; not reverting it for {self.seconds:.0f} s"

    @property
    def message(self) -> str:
        """The note and the action to take, for a condition."""
        advice = f"or leave the field to the other one by the annotation {IGNORE_DIFFERENCES_ANNOTATION}"
        return f"{self.note}; stop one of the two writers, {advice}"


class Contention:
    """The contested objects of the process; a restart begins anew."""

    def __init__(self, clock: Clock, metrics: ContentionMetrics | None = None) -> None:
        self._clock = clock
        self._metrics = metrics or ContentionMetrics()
        self._contests: TtlMap[Place, Contest] = TtlMap(clock, MAXIMUM + QUIET)

    def contest(self, place: Place) -> Contest:
        """The state of an object; a new one when none is kept or when the object has been quiet."""
        contest = self._contests.get(place) or Contest()
        last = max(contest.until, *contest.times) if contest.times else contest.until
        return contest if self._clock.monotonic() - last < QUIET else Contest()

    def pause(self, place: Place) -> float:
        """Seconds until the object may be written again; 0 when it may be written now."""
        return max(0.0, self.contest(place).until - self._clock.monotonic())

    def is_due(self, place: Place) -> bool:
        """Whether a pause has to begin instead of one more revert."""
        contest = self.contest(place)
        if contest.pauses:
            return contest.reverts > 0
        since = self._clock.monotonic() - WINDOW
        return contest.reverts >= SLOW_LIMIT or sum(time > since for time in contest.times) >= LIMIT

    def begin(self, place: Place, cause: str = "", maximum: float = MAXIMUM) -> Contest:
        """Begin a pause of at most `maximum` seconds, twice as long as the last one, and return the new state."""
        pauses = self.contest(place).pauses + 1
        contest = Contest(pauses=pauses, cause=cause, maximum=maximum)
        contest = msgspec.structs.replace(contest, until=self._clock.monotonic() + contest.seconds)
        self._contests.put(place, contest)
        self._metrics.paused()
        return contest

    def reverted(self, place: Place) -> None:
        """Count a revert."""
        contest = self.contest(place)
        times = (*contest.times, self._clock.monotonic())[-LIMIT:]
        self._contests.put(place, msgspec.structs.replace(contest, times=times, reverts=contest.reverts + 1))
        self._metrics.reverted()
