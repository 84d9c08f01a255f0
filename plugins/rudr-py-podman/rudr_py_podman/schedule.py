"""Schedules of a CronJob as calendar events of systemd. Text only; no clock."""

from __future__ import annotations

import re

WEEKDAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

_PART = re.compile(r"(\*|\?|\w+)(?:-(\w+))?(?:/(\d+))?")


def calendar_events(schedule: str, time_zone: str = "") -> tuple[str, ...]:
    """The values of `OnCalendar=` that together have the times of a schedule with five fields.

    A schedule that restricts both the day of the month and the day of the week starts on either of them, so it gets two
    events. Raises ValueError for a schedule that cron does not accept.
    """
    fields = MACROS.get(schedule.strip(), schedule).split()
    if len(fields) != 5:
        raise ValueError(f'the schedule "{schedule}" does not have five fields')
    minute = _numbers(fields[0], 0, 59)
    hour = _numbers(fields[1], 0, 23)
    day = _numbers(fields[2], 1, 31)
    month = _numbers(fields[3], 1, 12, MONTHS)
    weekday = _numbers(fields[4], 0, 7, WEEKDAYS)
    names = ",".join(WEEKDAYS[number] for number in sorted({number % 7 for number in weekday})) if weekday else ""
    clock = f"{_text(hour)}:{_text(minute)}:00"
    days = [("", day), (names, None)] if names and day else [(names, day)]
    return tuple(
        " ".join(filter(None, (weekdays, f"*-{_text(month)}-{_text(dates)}", clock, time_zone)))
        for weekdays, dates in days
    )


def _numbers(field: str, first: int, last: int, names: tuple[str, ...] = ()) -> list[int] | None:
    """The numbers of a field; None for all of them."""
    if field in ("*", "?"):
        return None
    numbers: set[int] = set()
    for part in field.split(","):
        matched = _PART.fullmatch(part)
        if matched is None:
            raise ValueError(f'"{part}" is no part of a schedule')
        begin, end, step = matched.groups()
        if begin in ("*", "?"):
            start, stop = first, last
        else:
            start = _number(begin, first, last, names)
            stop = _number(end, first, last, names) if end else last if step else start
        if start > stop or step == "0":
            raise ValueError(f'"{part}" is an empty range')
        numbers.update(range(start, stop + 1, int(step or 1)))
    return sorted(numbers)


def _number(text: str, first: int, last: int, names: tuple[str, ...]) -> int:
    lowered = [name.lower() for name in names]
    number = lowered.index(text.lower()) + first if text.lower() in lowered else int(text) if text.isdigit() else -1
    if not first <= number <= last:
        raise ValueError(f'"{text}" is not between {first} and {last}')
    return number


def _text(numbers: list[int] | None) -> str:
    return "*" if numbers is None else ",".join(f"{number:02d}" for number in numbers)
