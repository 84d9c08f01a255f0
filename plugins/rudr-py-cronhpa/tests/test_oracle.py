"""The size at any time, compared with a simulated clock that advances in steps and does not use cronsim.

The simulated clock behaves like a cron daemon that reads the wall clock at each step: times that the clock skips are
due at once, and repeated times are not due again, unless the schedule is for every hour.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rudr_py_cronhpa.properties import Job, Properties
from rudr_py_cronhpa.timeline import Timeline

MINUTE = timedelta(minutes=1)
RANGES = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 7))

NIGHTS = [
    ("UTC", "2026-03-29"),
    ("Asia/Kolkata", "2026-10-25"),
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("Europe/Dublin", "2026-10-25"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("America/Sao_Paulo", "2018-11-04"),
    ("America/Santiago", "2026-04-05"),
    ("Africa/Casablanca", "2026-02-15"),
    ("Africa/Casablanca", "2026-03-22"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Australia/Lord_Howe", "2026-10-04"),
    ("Pacific/Apia", "2011-12-30"),
]
"""Zones without changes of the clock, and with: forward, back, at midnight, by half an hour, by a whole day."""


def _values(field: str, lowest: int, highest: int) -> set[int]:
    values: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        low = lowest if first == "*" else int(first)
        high = highest if first == "*" else int(last or first)
        values |= set(range(low, high + 1, int(step or 1)))
    return values


class Daemon:
    """One job, as a daemon runs it that reads the wall clock at each step."""

    def __init__(self, job: Job, zone: ZoneInfo, excluded: frozenset[str], step: timedelta) -> None:
        fields = job.schedule.split()
        self.fields = fields if len(fields) == 6 else ["0", *fields]
        sets = [_values(field, *bounds) for field, bounds in zip(self.fields, RANGES, strict=True)]
        self.seconds, self.minutes, self.hours, self.days, self.months, self.weekdays = sets
        self.zone, self.excluded, self.step = zone, excluded, step
        self.highest: datetime | None = None

    def due(self, wall: datetime) -> bool:
        if wall.minute not in self.minutes or wall.hour not in self.hours or wall.second not in self.seconds:
            return False
        if wall.month not in self.months or str(wall.date()) in self.excluded:
            return False
        day, weekday = wall.day in self.days, bool({wall.isoweekday() % 7, wall.isoweekday()} & self.weekdays)
        either = not self.fields[3].startswith("*") and not self.fields[5].startswith("*")
        return day or weekday if either else day and weekday

    def due_now(self, now: datetime) -> Iterator[timedelta]:
        """The jobs that are due now, by how much each is late."""
        wall = now.astimezone(self.zone).replace(tzinfo=None)
        highest = self.highest if self.highest is not None else wall - self.step
        if wall > highest:
            passed = highest + self.step
            while passed <= wall:
                if self.due(passed):
                    yield wall - passed
                passed += self.step
            self.highest = wall
        elif self.fields[2].startswith("*") and self.due(wall):
            yield timedelta(0)


def simulated(properties: Properties, attached: datetime, end: datetime, step: timedelta) -> dict[datetime, int | None]:
    """The size at each step from the attachment to the end, by moving the clock."""
    excluded = frozenset(properties.exclude_dates)
    daemons = [
        Daemon(job, ZoneInfo(job.timezone or properties.timezone or "UTC"), excluded, step) for job in properties.jobs
    ]
    # long enough before for the history of the clock
    now = (attached - timedelta(hours=3)).replace(second=0, microsecond=0)
    size: int | None = None
    sizes: dict[datetime, int | None] = {}
    while now <= end:
        due = [(-late, index) for index, daemon in enumerate(daemons) for late in daemon.due_now(now)]
        if now >= attached:
            if due:
                size = properties.jobs[max(due)[1]].target_size
            sizes[now] = size
        now += step
    return sizes


def _timeline(properties: Properties, added: datetime) -> Timeline:
    """All jobs were added at one time."""
    return Timeline(properties=properties, added=(added,) * len(properties.jobs))


MINUTES = st.one_of(
    st.integers(0, 59).map(str), st.sampled_from(["*", "*/15", "*/7", "0,30", "10-20", "10-40/10", "59"])
)
HOURS = st.one_of(st.integers(0, 3).map(str), st.sampled_from(["*", "*/2", "1,2,3", "0-2", "1-23/2", "8", "23"]))
DAYS = st.sampled_from(["*", "*", "*", "29", "25,29", "1-15", "*/2"])
WEEKDAYS = st.sampled_from(["*", "*", "*", "0", "7", "1-5", "6,0"])


@st.composite
def _cases(draw: st.DrawFn) -> tuple[Properties, datetime]:
    zone, night = draw(st.sampled_from(NIGHTS))
    jobs = [
        Job(
            name=f"job-{index}",
            schedule=f"{draw(MINUTES)} {draw(HOURS)} {draw(DAYS)} * {draw(WEEKDAYS)}",
            target_size=draw(st.integers(0, 4)),
            timezone=draw(st.sampled_from([None, None, None, "UTC", "America/New_York"])),
        )
        for index in range(draw(st.integers(1, 4)))
    ]
    excluded = draw(st.sampled_from([(), (), (night,)]))
    attached = datetime.fromisoformat(night).replace(tzinfo=UTC) - timedelta(hours=30)
    attached += timedelta(seconds=draw(st.integers(0, 40 * 3600)))
    return Properties(jobs=tuple(jobs), timezone=zone, exclude_dates=excluded, catch_up=False), attached


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=_cases(), outages=st.lists(st.tuples(st.integers(0, 2880), st.integers(1, 900)), max_size=3))
def test_the_size_is_always_that_of_the_last_job_that_was_due(
    case: tuple[Properties, datetime], outages: list[tuple[int, int]]
) -> None:
    """Asked only when it wants to be, and after outages: right whenever the controller runs."""
    properties, attached = case
    expected = simulated(properties, attached, attached + timedelta(hours=48), MINUTE)
    timeline = _timeline(properties, attached)
    down = [(attached + start * MINUTE, attached + (start + length) * MINUTE) for start, length in outages]
    first = timeline.last(attached)
    current, wake = first.size if first else None, timeline.wake_at(attached)
    asleep = False
    for now, size in expected.items():
        if any(start <= now < end for start, end in down):
            asleep = True
            continue
        if asleep or (wake is not None and now >= wake):
            due = timeline.last(now)
            current, wake = due.size if due else None, timeline.wake_at(now)
            asleep = False
        assert current == size, (now, [job.schedule for job in properties.jobs])


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=_cases())
def test_predicted_changes_are_those_of_the_simulated_clock(case: tuple[Properties, datetime]) -> None:
    """The changes that are foretold at the beginning are those that the simulated clock sees."""
    properties, attached = case
    end = attached + timedelta(hours=48)
    expected = simulated(properties, attached, end, MINUTE)
    timeline = _timeline(properties, attached)
    first = timeline.last(attached)
    size = first.size if first else None
    predicted: list[tuple[datetime, int]] = []
    for due in timeline.changes(attached):
        if due.instant > end:
            break
        predicted.append((due.instant, due.size))
    seen: list[tuple[datetime, int]] = []
    for now, then in expected.items():
        if then is not None and then != size:
            seen.append((now, then))
            size = then
    assert [one for one in predicted if one[0] <= max(expected)] == seen


SIX_FIELDS = ["*/20 30 1,2 * * *", "15 */10 2 * * *", "59 59 1 * * *", "30 0 * * * *", "0 0 3 * * *", "* 0-5 2 * * *"]


@pytest.mark.parametrize(
    ("zone", "night"), [one for one in NIGHTS if one[0] in ("Europe/Berlin", "Australia/Lord_Howe")]
)
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(schedules=st.lists(st.sampled_from(SIX_FIELDS), min_size=1, max_size=3), data=st.data())
def test_schedules_with_seconds_are_exact(zone: str, night: str, schedules: list[str], data: st.DataObject) -> None:
    jobs = tuple(Job(name=f"j{index}", schedule=text, target_size=index) for index, text in enumerate(schedules))
    properties = Properties(jobs=jobs, timezone=zone, catch_up=False)
    # one in the morning to half past four, by that zone's clock
    attached = datetime.fromisoformat(f"{night}T00:50").replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    expected = simulated(properties, attached, attached + timedelta(hours=3, minutes=30), timedelta(seconds=1))
    timeline = _timeline(properties, attached)
    for now in data.draw(st.lists(st.sampled_from(sorted(expected)), min_size=20, max_size=40)):
        due = timeline.last(now + timedelta(milliseconds=data.draw(st.sampled_from([0, 1, 999]))))
        assert (due.size if due else None) == expected[now], (now, schedules)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    night=st.sampled_from(NIGHTS),
    times=st.lists(st.tuples(MINUTES, HOURS, st.integers(0, 4)), min_size=1, max_size=3),
    minutes=st.integers(0, 48 * 60),
)
def test_catch_up_includes_jobs_that_were_due_before(
    night: tuple[str, str], times: list[tuple[str, str, int]], minutes: int
) -> None:
    jobs = tuple(
        Job(name=f"j{index}", schedule=f"{minute} {hour} * * *", target_size=size)
        for index, (minute, hour, size) in enumerate(times)
    )
    properties = Properties(jobs=jobs, timezone=night[0])
    # two days before: by then each was due, also where a whole day is missing
    begin = datetime.fromisoformat(night[1]).replace(tzinfo=UTC) - timedelta(hours=62)
    now = begin + timedelta(hours=50) + minutes * MINUTE
    due = _timeline(properties, now).last(now)
    assert (due.size if due else None) == simulated(properties, begin, now, MINUTE)[now]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    case=_cases(), run_once=st.lists(st.booleans(), min_size=4, max_size=4), days=st.integers(0, 400), data=st.data()
)
def test_a_controller_that_always_ran_and_one_that_starts_now_compute_the_same_size(
    case: tuple[Properties, datetime], run_once: list[bool], days: int, data: st.DataObject
) -> None:
    """The first one computes the size at the times that it requested; the application may be up to 400 days old."""
    properties, now = case
    jobs = tuple(
        msgspec.structs.replace(job, run_once=flag)
        for job, flag in zip(properties.jobs, run_once[: len(properties.jobs)], strict=True)
    )
    properties = msgspec.structs.replace(properties, jobs=jobs, catch_up=None)
    created = now - timedelta(days=days)
    hours = st.integers(0, 24 * days + 20)
    added = tuple(created + data.draw(hours) * timedelta(hours=1) if job.run_once else created for job in jobs)
    # a job that repeats has the same effect whenever it was added
    added_now = tuple(moment if job.run_once else now for job, moment in zip(jobs, added, strict=True))
    timeline = Timeline(properties=properties, added=added)
    clock = max(added)
    current = timeline.last(clock)
    for _ in range(60):
        wake = timeline.wake_at(clock)
        if wake is None or wake > now:
            break
        clock = wake
        current = timeline.last(clock)
    else:
        # after an outage the next computation is at any time
        clock = now
        current = timeline.last(now)
    started = Timeline(properties=properties, added=added_now).last(max(clock, now))
    assert (current.size if current else None) == (started.size if started else None)
