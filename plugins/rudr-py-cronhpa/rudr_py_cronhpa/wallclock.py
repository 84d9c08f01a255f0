"""Converts wall-clock times into instants, with the rule for clock changes.

A wall time that the clock skips is due at the jump, so that none is lost. A repeated wall time is due at its first
occurrence, so that none is doubled. A schedule for every hour follows elapsed hours, so it is due at both occurrences.

Wall times are naive datetimes, instants are in UTC; both are whole seconds.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

NONE = timedelta(0)
_SECOND = timedelta(seconds=1)


class Moment(msgspec.Struct, frozen=True):
    """An instant at which a wall time is due; `late` is the distance of a skipped wall time from the jump."""

    instant: datetime
    late: timedelta = NONE


def wall_time(instant: datetime, zone: ZoneInfo) -> datetime:
    """The wall time at an instant."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def moments(wall: datetime, zone: ZoneInfo, *, both: bool = False) -> tuple[Moment, ...]:
    """The instants at which a wall time is due: one; with `both`, all occurrences."""
    before, after = _offset(wall, zone, 0), _offset(wall, zone, 1)
    if before < after:
        end = _jump(wall - after, wall - before, zone)
        return (Moment(_utc(end), end + after - wall),)
    first = Moment(_utc(wall - before))
    return (first, Moment(_utc(wall - after))) if both and before > after else (first,)


class Repeat(msgspec.Struct, frozen=True):
    """The repeated wall times, from `begin` up to but excluding `end`; `again` is true at the second occurrence."""

    begin: datetime
    end: datetime
    again: bool


def repeat(instant: datetime, zone: ZoneInfo) -> Repeat | None:
    """The repetition that contains an instant; usually None."""
    wall = wall_time(instant, zone)
    before, after = _offset(wall, zone, 0), _offset(wall, zone, 1)
    if before <= after:
        return None
    # the clock goes back between the two occurrences
    back = _jump(wall - before, wall - after, zone)
    return Repeat(back + after, back + before, bool(instant.astimezone(zone).fold))


def _offset(wall: datetime, zone: ZoneInfo, fold: int) -> timedelta:
    return wall.replace(tzinfo=zone, fold=fold).utcoffset() or NONE


def _utc(naive: datetime) -> datetime:
    return naive.replace(tzinfo=UTC)


def _jump(early: datetime, late: datetime, zone: ZoneInfo) -> datetime:
    """The first second, in UTC and naive, at which the offset differs from that at `early`."""

    def offset(at: datetime) -> timedelta | None:
        return _utc(at).astimezone(zone).utcoffset()

    old = offset(early)
    while late - early > _SECOND:
        middle = early + (late - early) // 2
        middle -= timedelta(microseconds=middle.microsecond)
        early, late = (middle, late) if offset(middle) == old else (early, middle)
    return late
