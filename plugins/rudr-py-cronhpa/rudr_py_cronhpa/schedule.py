"""One schedule: the times at which it is due. Pure; cronsim evaluates cron expressions on wall times without zone.

Forms: five fields, six fields (seconds first), `@hourly` etc., `@every 1h30m`, `@date 2026-12-24 18:00:00`.
"""

from __future__ import annotations

import heapq
import itertools
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec
from cronsim import CronSim, CronSimError

from rudr_py_cronhpa import wallclock
from rudr_py_cronhpa.wallclock import Moment

HORIZON = timedelta(days=9 * 366)
"""The limit of a search into the past and the future; longer than the longest time between two leap days."""

PATIENCE = 400
"""The number of consecutive excluded days after which a schedule counts as never due."""

NAMED = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}
"""Abbreviations for six fields."""

_SECOND = timedelta(seconds=1)
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_LONGEST = 64
"""Characters of a duration; the number of a longer one may be infinite."""

_PART = re.compile(r"(?<![\d.])(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")

Skip = Callable[[date], bool]
"""Whether a day is excluded."""


class Schedule(Protocol):
    """The times at which a job is due, in the wall-clock time of `zone`, without the days for which `skip` is true."""

    def last(self, now: datetime, zone: ZoneInfo, skip: Skip) -> Moment | None:
        """The last time not after now, or None."""
        ...

    def coming(self, now: datetime, zone: ZoneInfo, skip: Skip) -> Iterator[Moment]:
        """All times after now, in order."""
        ...


class Cron(msgspec.Struct, frozen=True):
    """A cron expression with six fields, seconds first."""

    expression: str

    @property
    def hourly(self) -> bool:
        """Whether it is due every hour; then elapsed hours count, not hours of the wall clock."""
        return self.expression.split()[2].startswith("*")

    def last(self, now: datetime, zone: ZoneInfo, skip: Skip) -> Moment | None:
        """Search backwards from the wall time; in a repeated time, also from the end of its first occurrence."""
        starts = [wallclock.wall_time(now, zone).replace(microsecond=0) + _SECOND]
        repeat = wallclock.repeat(now, zone)
        if repeat is not None and repeat.again:
            starts.append(repeat.end)
        moments = [self._latest(start, now, zone, skip) for start in starts]
        return max(
            (moment for moment in moments if moment is not None), key=lambda moment: moment.instant, default=None
        )

    def coming(self, now: datetime, zone: ZoneInfo, skip: Skip) -> Iterator[Moment]:
        """Search forwards; a heap orders the second occurrence of repeated times."""
        start = wallclock.wall_time(now, zone).replace(microsecond=0)
        repeat = wallclock.repeat(now, zone)
        if repeat is not None and self.hourly:
            # first the rest of the current occurrence, so that its moments do not wait for the other one
            for wall in itertools.takewhile(lambda wall: wall < repeat.end, self._walls(start - _SECOND, skip)):
                moment = wallclock.moments(wall, zone, both=True)[repeat.again]
                if moment.instant > now:
                    yield moment
            start = repeat.end if repeat.again else repeat.begin
            now = max(now, wallclock.moments(repeat.end - _SECOND, zone)[0].instant)
        elif repeat is not None and repeat.again:
            start = repeat.end
        waiting: list[tuple[datetime, timedelta]] = []
        for wall in self._walls(start - _SECOND, skip):
            moments = wallclock.moments(wall, zone, both=self.hourly)
            while waiting and waiting[0][0] < moments[0].instant:
                yield _moment(heapq.heappop(waiting))
            for moment in moments:
                if moment.instant > now:
                    # of two skipped times, the later one is less late and comes last
                    heapq.heappush(waiting, (moment.instant, -moment.late))
        while waiting:
            yield _moment(heapq.heappop(waiting))

    def _latest(self, start: datetime, now: datetime, zone: ZoneInfo, skip: Skip) -> Moment | None:
        """The latest moment, not after now, of the wall times before `start`."""
        for wall in self._walls(start, skip, reverse=True):
            moments = [one for one in wallclock.moments(wall, zone, both=self.hourly) if one.instant <= now]
            if moments:
                return moments[-1]
        return None

    def _walls(self, start: datetime, skip: Skip, *, reverse: bool = False) -> Iterator[datetime]:
        """The wall times before or after `start`, within the horizon, without excluded days."""
        end = start - HORIZON if reverse else start + HORIZON
        walk = CronSim(self.expression, start, reverse)
        skipped = 0
        for wall in walk:
            if (wall < end if reverse else wall > end) or skipped > PATIENCE:
                return
            if skip(wall.date()):
                skipped += 1
                midnight = datetime.combine(wall.date(), time())
                walk.dt = midnight if reverse else midnight + timedelta(days=1) - _SECOND
            else:
                skipped = 0
                yield wall


class Every(msgspec.Struct, frozen=True):
    """Every `period`, counted from `anchor`, the time at which the job was added."""

    period: timedelta
    anchor: datetime

    def last(self, now: datetime, zone: ZoneInfo, skip: Skip) -> Moment | None:
        """The end of the last elapsed period."""
        count = (now - self.anchor) // self.period
        while count > 0:
            instant = self.anchor + count * self.period
            day = wallclock.wall_time(instant, zone).date()
            if now - instant > HORIZON:
                break
            if not skip(day):
                return Moment(instant)
            count = min(count - 1, -((self.anchor - _begin(day, zone)) // self.period) - 1)
        return None

    def coming(self, now: datetime, zone: ZoneInfo, skip: Skip) -> Iterator[Moment]:
        """The ends of future periods."""
        count = max((now - self.anchor) // self.period + 1, 1)
        while (instant := self.anchor + count * self.period) - now <= HORIZON:
            day = wallclock.wall_time(instant, zone).date()
            if skip(day):
                begin = _begin(day + timedelta(days=1), zone)
                count = max(count + 1, -((self.anchor - begin) // self.period))
            else:
                yield Moment(instant)
                count += 1


class Once(msgspec.Struct, frozen=True):
    """One wall time, once."""

    wall: datetime

    def last(self, now: datetime, zone: ZoneInfo, skip: Skip) -> Moment | None:
        """The time, if it has passed."""
        (moment,) = wallclock.moments(self.wall, zone)
        return moment if moment.instant <= now and not skip(self.wall.date()) else None

    def coming(self, now: datetime, zone: ZoneInfo, skip: Skip) -> Iterator[Moment]:
        """The time, if it is in the future."""
        (moment,) = wallclock.moments(self.wall, zone)
        if moment.instant > now and not skip(self.wall.date()):
            yield moment


def parse(text: str, anchor: datetime) -> Schedule:
    """Parse a schedule. Raises ValueError with the reason."""
    word, _, rest = text.strip().partition(" ")
    if word in NAMED:
        return Cron(NAMED[word])
    if word == "@every":
        return Every(period(rest.strip()), anchor.replace(microsecond=0))
    if word == "@date":
        return Once(_date(rest.strip()))
    if word.startswith("@"):
        raise ValueError(f"unknown form {word}; use {', '.join(NAMED)}, @every or @date")
    return Cron(_fields(text))


def period(text: str) -> timedelta:
    """A duration as Go writes it: `1h30m`, in whole seconds. Raises ValueError."""
    if not text or len(text) > _LONGEST or _PART.sub("", text):
        raise ValueError(f'"{text[:_LONGEST]}" is not a duration such as 1h30m')
    seconds = int(sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text)))
    if not 1 <= seconds <= HORIZON.total_seconds():
        raise ValueError(f"{text} is not between 1s and {HORIZON.days * 24}h")
    return timedelta(seconds=seconds)


def _begin(day: date, zone: ZoneInfo) -> datetime:
    return wallclock.moments(datetime.combine(day, time()), zone)[0].instant


def _moment(entry: tuple[datetime, timedelta]) -> Moment:
    return Moment(entry[0], -entry[1])


def _date(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f'"{text}" is not a time such as 2026-12-24 18:00:00') from None
    if time.tzinfo is not None:
        raise ValueError(f'"{text}" contains a time zone; use timezone instead')
    return time.replace(microsecond=0)


def _fields(text: str) -> str:
    fields = text.replace("?", "*").split()
    if len(fields) not in (5, 6):
        raise ValueError(f'"{text}" has {len(fields)} fields; a schedule has 5, or 6 with seconds first')
    expression = " ".join(fields if len(fields) == 6 else ["0", *fields])
    try:
        CronSim(expression, datetime(2000, 1, 1))  # noqa: DTZ001 - wall times have no zone
    except CronSimError as error:
        raise ValueError(f'"{text}" is not a valid schedule: {error}') from error
    return expression
