"""All jobs of a trait in the order of time: the last job that was due, and future jobs.

The size at any time is that of the last job that was due, whether or not the trait existed then: it depends on the
jobs and the time only. Exceptions are a job that runs once, which counts from the time at which it was added, and
`catchUp: false`. Of jobs that are due at the same instant, a job whose time
the clock skipped comes first; otherwise the job that is listed last takes precedence.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from rudr_py_cronhpa import dates, schedule
from rudr_py_cronhpa.properties import Job, Properties, time_zone
from rudr_py_cronhpa.wallclock import Moment

STEPS = 200
"""The number of jobs that one search for a change of the size examines; later calls continue it."""

_MOMENT = timedelta(microseconds=1)


class Due(msgspec.Struct, frozen=True, order=True):
    """A job that is due. The order is that of precedence."""

    instant: datetime
    early: timedelta
    index: int
    name: str
    size: int


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """The jobs of valid properties. `added` are the times at which each job was added to the document."""

    properties: Properties
    added: tuple[datetime, ...]

    def last(self, now: datetime) -> Due | None:
        """The job whose size is valid now; None when none has been due yet."""
        dues = (self._last(index, job, now) for index, job in enumerate(self.properties.jobs))
        return max((due for due in dues if due is not None), default=None)

    def coming(self, now: datetime) -> Iterator[Due]:
        """All jobs that are due after now, in order of time."""
        return heapq.merge(*(self._coming(index, job, now) for index, job in enumerate(self.properties.jobs)))

    def changes(self, now: datetime) -> Iterator[Due]:
        """The future jobs that change the size."""
        current = self.last(now)
        size = current.size if current else None
        for _, group in itertools.groupby(self.coming(now), key=lambda due: due.instant):
            # of several jobs at one instant only the last one has an effect
            *_, due = group
            if due.size != size:
                yield due
            size = due.size

    def next_change(self, now: datetime) -> datetime | None:
        """The time of the next change of the size; None if it never changes, or not within the next STEPS jobs."""
        moment, is_change = self._search(now)
        return moment if is_change else None

    def wake_at(self, now: datetime) -> datetime | None:
        """The time of the next change, or an earlier time when it is far away; None when the size never changes."""
        return self._search(now)[0]

    def _search(self, now: datetime) -> tuple[datetime | None, bool]:
        """The time at which the search for the next change ends, and whether the size changes then."""
        current = self.last(now)
        size = current.size if current else None
        future = (
            job
            for index, job in enumerate(self.properties.jobs)
            if next(self._coming(index, job, now), None) is not None
        )
        if all(job.target_size == size for job in future):
            return None, False
        due = None
        for due in itertools.islice(self.coming(now), STEPS):
            if due.size != size:
                return due.instant, True
        return due.instant if due else None, False

    def _last(self, index: int, job: Job, now: datetime) -> Due | None:
        added = self.added[index]
        if job.run_once:
            first = self._first(job, added)
            return _due(index, job, first) if first is not None and first.instant <= now else None
        moment = schedule.parse(job.schedule, added).last(now, self._zone(job), self._skip)
        if moment is None or (moment.instant < added and not self.properties.catches_up):
            return None
        return _due(index, job, moment)

    def _coming(self, index: int, job: Job, now: datetime) -> Iterator[Due]:
        added = self.added[index]
        if job.run_once:
            first = self._first(job, added)
            return iter((_due(index, job, first),) if first is not None and first.instant > now else ())
        since = now if self.properties.catches_up else max(now, added - _MOMENT)
        moments = schedule.parse(job.schedule, added).coming(since, self._zone(job), self._skip)
        return (_due(index, job, moment) for moment in moments)

    def _first(self, job: Job, added: datetime) -> Moment | None:
        """The first time after the job was added."""
        coming = schedule.parse(job.schedule, added).coming(added - _MOMENT, self._zone(job), self._skip)
        return next(coming, None)

    def _zone(self, job: Job) -> ZoneInfo:
        zone = time_zone(self.properties.zone_of(job))
        if zone is None:
            raise ValueError(f"unknown time zone {self.properties.zone_of(job)}")
        return zone

    def _skip(self, day: date) -> bool:
        return any(dates.excluded(text, day) for text in self.properties.exclude_dates)


def _due(index: int, job: Job, moment: Moment) -> Due:
    return Due(moment.instant, -moment.late, index, job.name, job.target_size)
