"""Schedules and time zones: those of Kubernetes are accepted, all others rejected with the reason."""

from __future__ import annotations

import pytest

from rudr_py_batch import schedule


@pytest.mark.parametrize(
    "text",
    [
        "* * * * *",
        "*/5 0-23/2 1,15 * ?",
        "0 3 * JAN-mar,Dec Mon-FRI",
        "5/15 * * * sun",
        "0 0 29 2 *",
        "0 0 31 2 mon",
        "  0   3 * * 0 ",
        "@daily",
        "@midnight",
        "@annually",
        "@every 1h30m",
        "@every 1.5h",
    ],
)
def test_a_schedule_of_kubernetes_is_accepted(text: str) -> None:
    assert schedule.problem(text) == ""


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "0 fields"),
        ("0 3 * *", "4 fields"),
        ("0 0 3 * * *", "6 fields"),
        ("60 3 * * *", '"60" is no minute: 0 to 59'),
        ("0 24 * * *", '"24" is no hour'),
        ("0 3 0 * *", '"0" is no day of the month: 1 to 31'),
        ("0 3 * 13 *", '"13" is no month: 1 to 12 or jan to dec'),
        ("0 3 * * 7", '"7" is no day of the week: 0 to 6 or sun to sat'),
        ("0 3 * * monday", '"monday"'),
        ("0 3 L * *", '"L"'),
        ("0 3 * * fri#2", "fri#2"),
        ("0 22-2 * * *", "the range ends before it begins"),
        ("*/0 * * * *", '"*/0"'),
        ("1,,2 * * * *", '"" is no minute'),
        ("-5 * * * *", '"-5"'),
        ("²/5 * * * *", "²"),
        ("0 0 30 2 *", "never due"),
        ("0 0 31 4,6,9,11 ?", "never due"),
        ("TZ=Europe/Berlin 0 3 * * *", "use timeZone"),
        ("CRON_TZ=UTC 0 3 * * *", "use timeZone"),
        ("@dayly", "@daily"),
        ("@Daily", "@daily"),
        ("@reboot", "@every"),
        ("@every", "1h30m"),
        ("@every 1 h", "1h30m"),
        (" @daily", "1 fields"),
    ],
)
def test_another_schedule_is_rejected_with_the_reason(text: str, reason: str) -> None:
    assert reason in schedule.problem(text)


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Lima", "Asia/Kolkata", "Etc/GMT+5"])
def test_a_name_of_the_iana_database_is_a_time_zone(name: str) -> None:
    assert schedule.zone_problem(name) == ""


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Europe/Berln", '"Europe/Berlin"'),
        ("europe/berlin", '"Europe/Berlin"'),
        ("Local", "Europe/Berlin"),
        ("", "Europe/Berlin"),
        ("+02:00", "Europe/Berlin"),
        ("Europe", "time zone"),
        ("../zone", "time zone"),
        ("Europe/Berlin ", '"Europe/Berlin"'),
    ],
)
def test_another_time_zone_is_rejected_with_a_name_that_is_near(name: str, hint: str) -> None:
    assert hint in schedule.zone_problem(name)
