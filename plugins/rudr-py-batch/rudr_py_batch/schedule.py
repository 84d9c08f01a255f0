"""Schedules and time zones that Kubernetes accepts in a CronJob. Pure.

A schedule has five fields (minute, hour, day of the month, month, day of the week), or is one of `MACROS`, or `@every`
with a duration. Source: the documentation of CronJob, and the parser that Kubernetes uses (robfig/cron, "standard").
"""

from __future__ import annotations

import difflib
import functools
import importlib.resources
import re
from typing import Final

MACROS: Final = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")
"""Abbreviations of schedules."""

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
"""The days of each month, in a leap year."""

_FIELDS: Final[tuple[tuple[str, int, int, tuple[str, ...]], ...]] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 6, _WEEKDAYS),
)
"""The name, the least and the greatest value, and the names of values of each field."""

_PART = re.compile(r"(?P<all>[*?])|(?P<first>\w+)(?:-(?P<last>\w+))?")
_DURATION = re.compile(r"(\d+(\.\d*)?(ms|us|µs|ns|s|m|h))+")


def problem(text: str) -> str:
    """The reason that Kubernetes rejects a schedule, or that it is never due; "" for a valid one."""
    if "TZ" in text:
        return "a schedule must not contain a time zone; use timeZone"
    if text.startswith("@"):
        every, _, duration = text.partition(" ")
        is_known = bool(_DURATION.fullmatch(duration)) if every == "@every" else text in MACROS
        return "" if is_known else f'"{text}" is none of {", ".join(MACROS)} and @every with a duration such as 1h30m'
    fields = text.split()
    if len(fields) != len(_FIELDS):
        names = ", ".join(name for name, *_ in _FIELDS)
        return f'"{text}" has {len(fields)} fields instead of {len(_FIELDS)}: {names}'
    try:
        values = [_values(field, *bounds) for field, bounds in zip(fields, _FIELDS, strict=True)]
    except ValueError as error:
        return str(error)
    return "" if _is_ever_due(fields, values) else f'"{text}" is never due: none of its months has such a day'


def _values(field: str, name: str, least: int, greatest: int, names: tuple[str, ...]) -> frozenset[int]:
    """The values that a field matches. Raises ValueError."""

    def number(text: str) -> int:
        value = names.index(text.lower()) + least if text.lower() in names else int(text) if text.isdecimal() else -1
        if not least <= value <= greatest:
            also = f" or {names[0]} to {names[-1]}" if names else ""
            raise ValueError(f'"{text}" is no {name}: {least} to {greatest}{also}')
        return value

    values: set[int] = set()
    for part in field.split(","):
        span, slash, step = part.partition("/")
        match = _PART.fullmatch(span)
        if match is None or (slash and not (step.isdecimal() and int(step) > 0)):
            raise ValueError(f'"{part}" is no {name}, such as *, */5, {least}, {least}-{greatest} or a list of these')
        first = least if match["all"] else number(match["first"])
        last = number(match["last"]) if match["last"] else greatest if match["all"] or slash else first
        if first > last:
            raise ValueError(f'"{part}" is no {name}: the range ends before it begins')
        values.update(range(first, last + 1, int(step or 1)))
    return frozenset(values)


def _is_ever_due(fields: list[str], values: list[frozenset[int]]) -> bool:
    """Whether a month has one of the days. A day of the week alone is enough if both fields of days are limited."""
    _, _, days, months, _ = values
    is_limited_by_weekday = fields[4] not in ("*", "?") and fields[2] not in ("*", "?")
    return is_limited_by_weekday or any(day <= _LONGEST[month - 1] for day in days for month in months)


def zone_problem(name: str) -> str:
    """The reason that a text is no name of a time zone; "" for a name of the IANA time zone database."""
    names = _zones()
    if name in names:
        return ""
    by_folded = {zone.casefold(): zone for zone in names}
    near = difflib.get_close_matches(name.casefold(), by_folded, n=1)
    hint = f'did you mean "{by_folded[near[0]]}"?' if near else "use a name of the IANA database such as Europe/Berlin"
    return f'unknown time zone "{name}"; {hint}'


@functools.cache
def _zones() -> frozenset[str]:
    """All names, from the package tzdata, so that every machine has the same."""
    return frozenset((importlib.resources.files("tzdata") / "zones").read_text().split())
