"""The same jobs as windows of a KEDA ScaledObject, only where the two mean the same; else refused with the reason.

A job holds until the next one, so each is a window from its own time to that of the next; the lowest size needs none.
Windows can be told only of jobs that are due once a day, on the same days, in one time zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from rudr_py.api import InvalidProperties, Kind, Problem, Ref
from rudr_py_cronhpa import cronhpa, schedule
from rudr_py_cronhpa.properties import Job, Properties

SCALED_OBJECT: Final = Kind("keda.sh/v1alpha1", "ScaledObject")


class Point(msgspec.Struct, frozen=True, order=True):
    """A job as the minute of a day, with the days on which it is due."""

    hour: int
    minute: int
    days: tuple[str, ...]
    job: Job

    @property
    def cron(self) -> str:
        """Five fields."""
        return " ".join([str(self.minute), str(self.hour), *self.days])


def spec(given: Properties, target: Ref) -> dict[str, Any]:
    """The spec. Raises InvalidProperties where windows would mean something else."""
    problems = [*_problems(given)]
    if problems:
        raise InvalidProperties(*problems)
    points = [_point(job) for job in given.jobs]
    problems = [*_differences(points)]
    if problems:
        raise InvalidProperties(*problems)
    ordered = sorted(points, key=lambda point: (point.hour, point.minute))
    sizes = [job.target_size for job in given.jobs]
    zone = given.jobs[0].timezone or given.timezone or "UTC"
    return {
        "scaleTargetRef": {"apiVersion": target.kind.api_version, "kind": target.kind.kind, "name": target.name},
        "minReplicaCount": min(sizes),
        "maxReplicaCount": max(sizes),
        "triggers": [
            _trigger(point, following, zone)
            for point, following in zip(ordered, [*ordered[1:], ordered[0]], strict=True)
            if point.job.target_size != min(sizes)
        ],
    }


def _trigger(point: Point, following: Point, zone: str) -> dict[str, Any]:
    metadata = {
        "timezone": zone,
        "start": point.cron,
        "end": following.cron,
        "desiredReplicas": str(point.job.target_size),
    }
    return {"type": "cron", "name": point.job.name, "metadata": metadata}


def _problems(given: Properties) -> Iterator[Problem]:
    if given.exclude_dates:
        yield Problem("KEDA leaves out no days; use the backend native", path="$.excludeDates")
    if given.catch_up is False:
        yield Problem("KEDA always catches up; remove catchUp, or use the backend native", path="$.catchUp")
    if len({job.target_size for job in given.jobs}) < 2:
        yield Problem("a window of KEDA needs two jobs of different sizes; use the backend native", path="$.jobs")
    for index, job in enumerate(given.jobs):
        at = f"$.jobs[{index}]"
        if (job.timezone or given.timezone) != (given.jobs[0].timezone or given.timezone):
            yield Problem("windows need one time zone for all jobs; use the backend native", path=f"{at}.timezone")
        if job.run_once:
            yield Problem("a window of KEDA comes again and again; use the backend native", path=f"{at}.runOnce")
        wrong = _not_daily(job)
        if wrong:
            yield Problem(f"{wrong}; use the backend native", path=f"{at}.schedule")


def _not_daily(job: Job) -> str:
    """Why a schedule is not a time of a day, or ""."""
    text = schedule.NAMED.get(job.schedule, job.schedule)
    if text.startswith("@"):
        return f"{job.schedule.split()[0]} is no time of a day, and KEDA has windows"
    wrong = cronhpa.unreadable(text)
    if wrong:
        return wrong
    *seconds, minute, hour, _, _, _ = text.split()
    if seconds not in ([], ["0"]):
        return "KEDA has no seconds"
    if not (minute.isdecimal() and hour.isdecimal()):
        return "a window needs one time of a day, so minute and hour must be numbers"
    return ""


def _point(job: Job) -> Point:
    text = schedule.NAMED.get(job.schedule, job.schedule).replace("?", "*")
    minute, hour, *days = text.split()[-5:]
    return Point(int(hour), int(minute), tuple(days), job)


def _differences(points: list[Point]) -> Iterator[Problem]:
    times: dict[tuple[int, int], str] = {}
    for index, point in enumerate(points):
        at = f"$.jobs[{index}].schedule"
        if point.days != points[0].days:
            yield Problem("windows need the same days for all jobs; use the backend native", path=at)
        other = times.setdefault((point.hour, point.minute), point.job.name)
        if other != point.job.name:
            yield Problem(f'it is due when "{other}" is, so it would have no window', path=at)
