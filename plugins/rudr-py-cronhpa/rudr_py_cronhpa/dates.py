"""Excluded days: dates, or cron expressions of which day, month and weekday are used."""

from __future__ import annotations

import functools
import re
from datetime import date, datetime, time

from cronsim import CronSim, CronSimError

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def problem(text: str) -> str:
    """The reason that a text is not an excluded day, or ""."""
    try:
        excluded(text, date(2000, 1, 1))
    except (ValueError, CronSimError):
        return f'"{text}" is neither a date such as 2026-12-25 nor a cron expression such as * * * 25 12 *'
    return ""


@functools.lru_cache(maxsize=4096)
def excluded(text: str, day: date) -> bool:
    """Whether a day is excluded. Raises ValueError and CronSimError for an invalid text."""
    if _DATE.fullmatch(text):
        return date.fromisoformat(text) == day
    return _days(text).match_day(day) and day.month in _days(text).months


@functools.lru_cache(maxsize=256)
def _days(text: str) -> CronSim:
    fields = text.replace("?", "*").split()
    if len(fields) not in (5, 6):
        raise ValueError(text)
    return CronSim(" ".join(["0", "0", *fields[-3:]]), datetime.combine(date(2000, 1, 1), time()))
