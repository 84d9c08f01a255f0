"""What a clock on the wall shows, as instants. The rule for the nights in which clocks change is here, once.

A time that the clock skips is due when the clock has jumped: none is lost. A time that comes twice is due the first
time: none is doubled. A schedule for every hour goes by the hours that pass, so it is due both times.

Wall times are naive datetimes, instants are in UTC; both are whole seconds.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

NONE = timedelta(0)
_SECOND = timedelta(seconds=1)


class Moment(msgspec.Struct, frozen=True):
    """An instant at which a wall time is due; `late` is by how much the clock had jumped over it."""

    instant: datetime
    late: timedelta = NONE


def shown(instant: datetime, zone: ZoneInfo) -> datetime:
    """What the clock shows at an instant."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def moments(wall: datetime, zone: ZoneInfo, *, both: bool = False) -> tuple[Moment, ...]:
    """When a wall time is due: once; with `both`, each time that the clock shows it."""
    before, after = _offset(wall, zone, 0), _offset(wall, zone, 1)
    if before < after:
        end = _jump(wall - after, wall - before, zone)
        return (Moment(_utc(end), end + after - wall),)
    first = Moment(_utc(wall - before))
    return (first, Moment(_utc(wall - after))) if both and before > after else (first,)


class Repeat(msgspec.Struct, frozen=True):
    """The wall times, from `begin` up to but without `end`, that the clock shows twice; `again` is the second time."""

    begin: datetime
    end: datetime
    again: bool


def repeat(instant: datetime, zone: ZoneInfo) -> Repeat | None:
    """What an instant is part of when its wall time comes twice; usually None."""
    wall = shown(instant, zone)
    before, after = _offset(wall, zone, 0), _offset(wall, zone, 1)
    if before <= after:
        return None
    # the clock is set back between the two times at which it shows this
    back = _jump(wall - before, wall - after, zone)
    return Repeat(back + after, back + before, bool(instant.astimezone(zone).fold))


def _offset(wall: datetime, zone: ZoneInfo, fold: int) -> timedelta:
    return wall.replace(tzinfo=zone, fold=fold).utcoffset() or NONE


def _utc(naive: datetime) -> datetime:
    return naive.replace(tzinfo=UTC)


def _jump(early: datetime, late: datetime, zone: ZoneInfo) -> datetime:
    """The first second, in UTC and naive, at which the offset is no longer what it was at `early`."""

    def offset(at: datetime) -> timedelta | None:
        return _utc(at).astimezone(zone).utcoffset()

    old = offset(early)
    while late - early > _SECOND:
        middle = early + (late - early) // 2
        middle -= timedelta(microseconds=middle.microsecond)
        early, late = (middle, late) if offset(middle) == old else (early, middle)
    return late
