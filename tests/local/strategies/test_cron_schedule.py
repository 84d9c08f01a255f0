"""Schedules of CronJobs."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.local.strategies.cron_schedule import ScheduleError, parse


def after(text: str, start: str, count: int = 1, zone: str = "UTC") -> list[str]:
    schedule, at, times = parse(text), datetime.fromisoformat(start).replace(tzinfo=UTC).timestamp(), []
    for _ in range(count):
        following = schedule.next(at, zoneinfo.ZoneInfo(zone))
        assert following is not None
        at = following
        times.append(datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M"))
    return times


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* * * * *", ["2026-01-01T00:01", "2026-01-01T00:02"]),
        ("*/20 * * * *", ["2026-01-01T00:20", "2026-01-01T00:40"]),
        ("5,10 3 * * *", ["2026-01-01T03:05", "2026-01-01T03:10"]),
        ("0 9-17/8 * * mon", ["2026-01-05T09:00", "2026-01-05T17:00"]),
        ("0 0 29 FEB *", ["2028-02-29T00:00"]),
        ("0 0 13 * fri", ["2026-01-02T00:00", "2026-01-09T00:00", "2026-01-13T00:00"]),
        ("@hourly", ["2026-01-01T01:00", "2026-01-01T02:00"]),
        ("@every 1h30m", ["2026-01-01T01:30", "2026-01-01T03:00"]),
    ],
)
def test_the_next_times_of_a_schedule(text: str, expected: list[str]) -> None:
    assert after(text, "2026-01-01T00:00:00", len(expected)) == expected


def test_a_schedule_is_evaluated_in_its_time_zone() -> None:
    assert after("0 9 * * *", "2026-07-01T00:00:00", zone="Europe/Berlin") == ["2026-07-01T07:00"]


def test_a_schedule_without_a_matching_day_has_no_next_time() -> None:
    assert parse("0 0 31 2 *").next(0.0) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x", "expected exactly 5 fields, found 1: [x]"),
        ("61 * * * *", "end of range (61) above maximum (59): 61"),
        ("* * * foo *", 'failed to parse int from foo: strconv.Atoi: parsing "foo": invalid syntax'),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("@foo", "unrecognized descriptor: @foo"),
    ],
)
def test_errors_have_the_messages_of_the_real_parser(text: str, why: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        parse(text)
    assert str(caught.value) == why


@given(
    st.integers(1_735_700_000, 1_830_000_000),
    st.sampled_from(["Europe/Berlin", "America/New_York", "UTC"]),
)
def test_the_next_time_is_always_later(since: int, zone: str) -> None:
    for text in ("* * * * *", "30 2 * * *", "0 * * * *"):
        following = parse(text).next(since, zoneinfo.ZoneInfo(zone))
        assert following is not None
        assert since < following <= since + timedelta(days=2).total_seconds()


@given(st.text(max_size=20))
def test_any_text_is_a_schedule_or_an_error(text: str) -> None:
    try:
        parse(text)
    except ScheduleError:
        return
