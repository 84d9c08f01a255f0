"""All jobs of a trait in the order of time: the last one that was due, and those to come.

The size at any time is that of the last job that was due. Of jobs that are due at one instant the one that the clock
jumped over counts before the others, and of equals the one that is listed last wins.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from rudr_py_cronhpa import dates, properties, schedule
from rudr_py_cronhpa.properties import Job, Properties
from rudr_py_cronhpa.schedule import Schedule
from rudr_py_cronhpa.wallclock import Moment

STEPS = 200
"""How many jobs are looked at for one that changes the size; after that many, somebody may ask again."""

_MOMENT = timedelta(microseconds=1)


class Due(msgspec.Struct, frozen=True, order=True):
    """A job that is due. Ordered by what counts later."""

    instant: datetime
    early: timedelta
    index: int
    name: str
    size: int


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """The jobs of valid properties, since the trait was attached."""

    given: Properties
    attached_at: datetime

    def last(self, now: datetime) -> Due | None:
        """The job whose size holds now; None when none was due yet."""
        found = (self._last(index, job, now) for index, job in enumerate(self.given.jobs))
        return max((due for due in found if due is not None), default=None)

    def coming(self, now: datetime) -> Iterator[Due]:
        """All jobs that are due after now, in order."""
        return heapq.merge(*(self._coming(index, job, now) for index, job in enumerate(self.given.jobs)))

    def changes(self, now: datetime) -> Iterator[Due]:
        """Those to come that change the size, seen from now on."""
        held = self.last(now)
        size = held.size if held else None
        for _, group in itertools.groupby(self.coming(now), key=lambda due: due.instant):
            # of those at one instant only the last one is ever the size
            *_, due = group
            if due.size != size:
                yield due
            size = due.size

    def wake_at(self, now: datetime) -> datetime | None:
        """When to ask again: at the next change, or earlier when that is far away; None when nothing changes ever."""
        held = self.last(now)
        if held is not None and all(job.target_size == held.size for job in self.given.jobs):
            return None
        due = None
        for due in itertools.islice(self.coming(now), STEPS):
            if held is None or due.size != held.size:
                return due.instant
        return due.instant if due else None

    def _last(self, index: int, job: Job, now: datetime) -> Due | None:
        if job.run_once:
            first = self._first(job)
            return _due(index, job, first) if first is not None and first.instant <= now else None
        moment = _schedule(job, self.attached_at).last(now, self._zone(job), self._skip)
        if moment is None or (moment.instant < self.attached_at and not self.given.catch_up):
            return None
        return _due(index, job, moment)

    def _coming(self, index: int, job: Job, now: datetime) -> Iterator[Due]:
        if job.run_once:
            first = self._first(job)
            return iter((_due(index, job, first),) if first is not None and first.instant > now else ())
        since = now if self.given.catch_up else max(now, self.attached_at - _MOMENT)
        moments = _schedule(job, self.attached_at).coming(since, self._zone(job), self._skip)
        return (_due(index, job, moment) for moment in moments)

    def _first(self, job: Job) -> Moment | None:
        """The first time since the trait was attached."""
        coming = _schedule(job, self.attached_at).coming(self.attached_at - _MOMENT, self._zone(job), self._skip)
        return next(coming, None)

    def _zone(self, job: Job) -> ZoneInfo:
        found = properties.zone(job.timezone or self.given.timezone)
        if found is None:
            raise ValueError(f"there is no time zone {job.timezone or self.given.timezone}")
        return found

    def _skip(self, day: date) -> bool:
        return any(dates.excluded(text, day) for text in self.given.exclude_dates)


def _schedule(job: Job, anchor: datetime) -> Schedule:
    return schedule.parse(job.schedule, anchor)


def _due(index: int, job: Job, moment: Moment) -> Due:
    return Due(moment.instant, -moment.late, index, job.name, job.target_size)
