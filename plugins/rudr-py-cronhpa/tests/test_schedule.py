"""One schedule: the forms that are read, those that are not, and how far it is looked for."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rudr_py_cronhpa import dates, schedule

ANCHOR = datetime(2026, 3, 1, 12, 0, 30, 123456, tzinfo=UTC)
UTC_ZONE = ZoneInfo("UTC")
BERLIN = ZoneInfo("Europe/Berlin")


def _never(day: date) -> bool:
    return False


def _coming(text: str, now: datetime, count: int = 2, zone: ZoneInfo = UTC_ZONE) -> list[str]:
    moments = schedule.parse(text, ANCHOR).coming(now, zone, _never)
    return [moment.instant.strftime("%Y-%m-%d %H:%M:%S") for moment in itertools.islice(moments, count)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30 8 * * 1-5", ["2026-03-02 08:30:00", "2026-03-03 08:30:00"]),
        ("15 30 8 * * *", ["2026-03-02 08:30:15", "2026-03-03 08:30:15"]),
        ("0 8 ? * MON", ["2026-03-02 08:00:00", "2026-03-09 08:00:00"]),
        ("0 0 L * *", ["2026-03-31 00:00:00", "2026-04-30 00:00:00"]),
        ("@hourly", ["2026-03-01 13:00:00", "2026-03-01 14:00:00"]),
        ("@daily", ["2026-03-02 00:00:00", "2026-03-03 00:00:00"]),
        ("@midnight", ["2026-03-02 00:00:00", "2026-03-03 00:00:00"]),
        ("@weekly", ["2026-03-08 00:00:00", "2026-03-15 00:00:00"]),
        ("@monthly", ["2026-04-01 00:00:00", "2026-05-01 00:00:00"]),
        ("@yearly", ["2027-01-01 00:00:00", "2028-01-01 00:00:00"]),
        ("@every 1h30m", ["2026-03-01 13:30:30", "2026-03-01 15:00:30"]),
        ("@date 2026-12-24 18:00:00", ["2026-12-24 18:00:00"]),
        ("0 0 29 2 *", ["2028-02-29 00:00:00", "2032-02-29 00:00:00"]),
    ],
)
def test_every_form_is_supported(text: str, expected: list[str]) -> None:
    assert _coming(text, ANCHOR) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "* * * *", "61 * * * *", "* * * * * * *", "@often", "@every", "@every soon", "@every 0s", "@every -1h",
        "@date", "@date tomorrow", "@date 2026-12-24T18:00:00Z", "0 0 31 4 *", "0 0 30 2 *", "MON * * * *",
    ],
)  # fmt: skip
def test_other_texts_raise_value_error_with_the_reason(text: str) -> None:
    with pytest.raises(ValueError, match=r".{10}"):
        schedule.parse(text, ANCHOR)


@pytest.mark.parametrize("text", ["@daily", "30 8 * * *", "@every 90m", "@date 2026-03-03 18:00:00", "*/7 * * * * *"])
def test_the_last_time_is_the_most_recent_future_time(text: str) -> None:
    moments = schedule.parse(text, ANCHOR)
    for moment in itertools.islice(moments.coming(ANCHOR + timedelta(hours=40), BERLIN, _never), 3):
        assert moments.last(moment.instant, BERLIN, _never) == moment
        before = moments.last(moment.instant - timedelta(seconds=1), BERLIN, _never)
        assert before is None or before.instant < moment.instant


@pytest.mark.parametrize(
    ("text", "now", "expected"),
    [
        # 02:30 is skipped that night: due at three, which is 01:00 UTC
        ("30 2 * * *", "2026-03-29", ["2026-03-29 01:00:00", "2026-03-30 00:30:00"]),
        # 02:30 is shown twice: due at the first
        ("30 2 * * *", "2026-10-25", ["2026-10-25 00:30:00", "2026-10-26 01:30:00"]),
        # each hour that passes
        ("30 * * * *", "2026-10-25", ["2026-10-25 00:30:00", "2026-10-25 01:30:00"]),
        ("@date 2026-03-29 02:30:00", "2026-03-29", ["2026-03-29 01:00:00"]),
    ],
)
def test_times_in_a_night_with_a_clock_change(text: str, now: str, expected: list[str]) -> None:
    assert _coming(text, datetime.fromisoformat(now).replace(tzinfo=UTC), zone=BERLIN) == expected


def test_excluded_days_are_skipped() -> None:
    def weekday(day: date) -> bool:
        return day.weekday() < 6

    now = datetime(2026, 3, 4, tzinfo=UTC)
    for text in ("0 8 * * *", "@every 1s"):
        moments = schedule.parse(text, datetime(2026, 2, 20, tzinfo=UTC))
        last, coming = moments.last(now, UTC_ZONE, weekday), next(moments.coming(now, UTC_ZONE, weekday))
        assert last is not None
        assert (last.instant.date(), coming.instant.date()) == (date(2026, 3, 1), date(2026, 3, 8))


def test_a_schedule_without_remaining_days_is_never_due() -> None:
    for text in ("0 8 * * *", "@every 1s", "@date 2026-03-02 00:00:00"):
        moments = schedule.parse(text, ANCHOR)
        now = ANCHOR + timedelta(days=300)
        assert moments.last(now, UTC_ZONE, lambda _: True) is None
        assert next(moments.coming(now, UTC_ZONE, lambda _: True), None) is None


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("2026-12-25", {"2026-12-25"}),
        ("* * * 25 12 *", {"2025-12-25", "2026-12-25"}),
        ("* * 25 12 *", {"2025-12-25", "2026-12-25"}),
        ("* * * * * 0,6", {"2026-12-26", "2026-12-27"}),
    ],
)
def test_days_are_excluded_by_date_or_by_expression(text: str, days: set[str]) -> None:
    assert dates.problem(text) == ""
    looked_at = ("2025-12-25", "2026-12-24", "2026-12-25", "2026-12-26", "2026-12-27")
    assert {day for day in looked_at if dates.excluded(text, date.fromisoformat(day))} == days


@pytest.mark.parametrize("text", ["", "Christmas", "2026-02-30", "25 12", "* * * 32 * *"])
def test_a_text_that_is_no_day_is_an_error(text: str) -> None:
    assert text in dates.problem(text)


def test_a_duration_with_thousands_of_digits_is_not_one() -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        schedule.period("9" * 400 + "h")
