"""Schedules of CronJobs: the standard five fields, names, steps, and descriptors such as `@hourly`. Pure.

Error messages are those of the parser that Kubernetes uses (robfig/cron).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

import msgspec

from rudr_py.local.apimachinery import decimals

_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, 1)}
_DAYS = {name: number for number, name in enumerate(("sun", "mon", "tue", "wed", "thu", "fri", "sat"))}
_BOUNDS: Final[tuple[tuple[int, int, dict[str, int]], ...]] = (
    (0, 59, {}),
    (0, 23, {}),
    (1, 31, {}),
    (1, 12, _MONTHS),
    (0, 6, _DAYS),
)
_DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_FARTHEST_YEARS = 5


class ScheduleError(ValueError):
    """The text is not a schedule; the message is the parser's."""


class Schedule(msgspec.Struct, frozen=True):
    """A parsed schedule: every `every` seconds, or at the minutes that all fields allow."""

    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    any_day: bool = False
    """Days of the month or days of the week are `*`: both must match. Otherwise one of them is enough."""
    every: float = 0.0

    def next(self, after: float, zone: tzinfo = UTC) -> float | None:
        """Return the first time after `after`, in seconds since the epoch; None if there is none within five years."""
        if self.every:
            return float(int(after) + self.every)
        at = datetime.fromtimestamp(after, zone).replace(second=0, microsecond=0) + timedelta(minutes=1)
        last = at.year + _FARTHEST_YEARS
        while at.year <= last:
            if at.month not in self.months or not self._has_day(at):
                at = at.replace(hour=0, minute=0) + timedelta(days=1)
            elif at.hour not in self.hours:
                at = at.replace(minute=0) + timedelta(hours=1)
            elif at.minute not in self.minutes:
                at += timedelta(minutes=1)
            elif at.timestamp() > after:
                return at.timestamp()
            else:
                # the repeated hour at the end of daylight saving time
                at += timedelta(minutes=1)
        return None

    def _has_day(self, at: datetime) -> bool:
        in_month, in_week = at.day in self.days, at.isoweekday() % 7 in self.weekdays
        return (in_month and in_week) if self.any_day else (in_month or in_week)


def parse(text: str) -> Schedule:
    """Parse a schedule. Raises `ScheduleError`."""
    if text.startswith("@every "):
        return Schedule(every=_duration(text.removeprefix("@every ")))
    if text.startswith("@") and text not in _DESCRIPTORS:
        raise ScheduleError(f"unrecognized descriptor: {text}")
    fields = _DESCRIPTORS.get(text, text).split()
    if len(fields) != len(_BOUNDS):
        raise ScheduleError(f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")
    minutes, hours, days, months, weekdays = (
        _field(field, *bounds) for field, bounds in zip(fields, _BOUNDS, strict=True)
    )
    any_day = any(fields[index].startswith(("*", "?")) for index in (2, 4))
    return Schedule(minutes, hours, days, months, weekdays, any_day)


def _field(text: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    return frozenset(number for part in text.split(",") for number in _range(part, low, high, names))


def _range(text: str, low: int, high: int, names: dict[str, int]) -> range:
    span, slash, step_text = text.partition("/")
    first_text, dash, last_text = span.partition("-")
    if first_text in ("*", "?"):
        first, last = low, high
    else:
        first = _number(first_text, names)
        last = _number(last_text, names) if dash else high if slash else first
    step = _number(step_text, {}) if slash else 1
    if first < low:
        raise ScheduleError(f"beginning of range ({first}) below minimum ({low}): {text}")
    if last > high:
        raise ScheduleError(f"end of range ({last}) above maximum ({high}): {text}")
    if first > last:
        raise ScheduleError(f"beginning of range ({first}) beyond end of range ({last}): {text}")
    if step == 0:
        raise ScheduleError(f"step of range should be a positive number: {text}")
    return range(first, last + 1, step)


def _number(text: str, names: dict[str, int]) -> int:
    if text.lower() in names:
        return names[text.lower()]
    number = decimals.number(text)
    if number is None:
        raise ScheduleError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')
    return number


_LONGEST = 2.0**63 / 1e9
"""Seconds of the longest duration of Go."""


def _duration(text: str) -> float:
    """Parse a duration such as `1h30m` into seconds."""
    total, number = 0.0, ""
    for character in text:
        if character in _UNITS and number:
            total, number = total + float(number) * _UNITS[character], ""
        elif character in "0123456789" or (character == "." and "." not in number):
            number += character
        else:
            number = "?"
            break
    if number or not 0 < total < _LONGEST:
        raise ScheduleError(f'failed to parse duration @every {text}: time: invalid duration "{text}"')
    return max(1.0, total)
