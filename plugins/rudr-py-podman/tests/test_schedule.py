"""Schedules of cron as calendar events of systemd: both have the same times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cronsim import CronSim
from hypothesis import given
from hypothesis import strategies as st

from rudr_py_podman.schedule import WEEKDAYS, calendar_events


def lists(first: int, last: int) -> st.SearchStrategy[str]:
    number = st.integers(first, last)
    bounds = st.lists(number, min_size=2, max_size=2, unique=True).map(sorted)
    ranges = st.tuples(bounds, st.integers(1, 9)).map(lambda range_: f"{range_[0][0]}-{range_[0][1]}/{range_[1]}")
    parts = st.lists(st.one_of(number.map(str), ranges), min_size=1, max_size=3).map(",".join)
    return st.one_of(st.just("*"), parts)


schedules = st.tuples(lists(0, 59), lists(0, 23), lists(1, 28), lists(1, 12), lists(1, 6)).map(" ".join)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
times = st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: BEGIN + timedelta(minutes=minutes))


def is_due(event: str, time: datetime) -> bool:
    *weekdays, date, clock = event.split()
    fields = [*date.split("-")[1:], *clock.split(":")[:2]]
    values = [time.month, time.day, time.hour, time.minute]
    is_weekday = not weekdays or WEEKDAYS[time.isoweekday() % 7] in weekdays[0].split(",")
    return is_weekday and all(
        field == "*" or value in map(int, field.split(",")) for field, value in zip(fields, values, strict=True)
    )


@given(schedules, times)
def test_an_event_is_due_when_cron_starts_the_job(schedule: str, time: datetime) -> None:
    expected = next(CronSim(schedule, time - timedelta(minutes=1))) == time
    assert any(is_due(event, time) for event in calendar_events(schedule)) == expected


@given(schedules, times)
def test_a_job_of_cron_starts_at_a_time_of_an_event(schedule: str, time: datetime) -> None:
    due = next(CronSim(schedule, time))
    assert any(is_due(event, due) for event in calendar_events(schedule))


@pytest.mark.parametrize(
    ("schedule", "zone", "events"),
    [
        ("*/20 2 * * *", "", ("*-*-* 02:00,20,40:00",)),
        ("30 2 * * mon-fri", "Europe/Berlin", ("Mon,Tue,Wed,Thu,Fri *-*-* 02:30:00 Europe/Berlin",)),
        ("@weekly", "", ("Sun *-*-* 00:00:00",)),
        ("0 0 1 jan 7", "", ("*-01-01 00:00:00", "Sun *-01-* 00:00:00")),
    ],
)
def test_names_steps_and_time_zones_are_kept(schedule: str, zone: str, events: tuple[str, ...]) -> None:
    assert calendar_events(schedule, zone) == events


@pytest.mark.parametrize(
    "schedule", ["", "* * * *", "60 * * * *", "5-1 * * * *", "*/0 * * * *", "@reboot", "x * * * *"]
)
def test_an_invalid_schedule_is_an_error(schedule: str) -> None:
    with pytest.raises(ValueError, match=r"schedule|range|between"):
        calendar_events(schedule)
