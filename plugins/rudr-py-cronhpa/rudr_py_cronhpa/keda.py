"""The backend keda: the jobs as cron triggers (windows) of a ScaledObject. Jobs with another meaning are rejected.

A job is valid until the next one, so each is a window from its time to that of the next; the lowest size needs none.
Windows are possible only for jobs that are due once a day, on the same days, in one time zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from rudr_py.api import Kind, Problem, Ref, reject
from rudr_py_cronhpa import cronhpa, schedule
from rudr_py_cronhpa.properties import Job, Properties

SCALED_OBJECT: Final = Kind("keda.sh/v1alpha1", "ScaledObject")


class Point(msgspec.Struct, frozen=True, order=True):
    """A job with its time of the day, and the cron fields of the days on which it is due."""

    hour: int
    minute: int
    days: tuple[str, ...]
    job: Job

    @property
    def cron(self) -> str:
        """The expression with five fields."""
        return " ".join([str(self.minute), str(self.hour), *self.days])


def spec(properties: Properties, target: Ref) -> dict[str, Any]:
    """The spec. Raises InvalidProperties if windows would behave differently."""
    reject(_problems(properties))
    points = [_point(job) for job in properties.jobs]
    reject(_differences(points))
    ordered = sorted(points, key=lambda point: (point.hour, point.minute))
    sizes = [job.target_size for job in properties.jobs]
    zone = properties.zone_of(properties.jobs[0])
    return {
        "scaleTargetRef": {"apiVersion": target.kind.api_version, "kind": target.kind.kind, "name": target.name},
        "minReplicaCount": min(sizes),
        "maxReplicaCount": max(sizes),
        "triggers": [
            _trigger(point, next_point, zone)
            for point, next_point in zip(ordered, [*ordered[1:], ordered[0]], strict=True)
            if point.job.target_size != min(sizes)
        ],
    }


def _trigger(point: Point, next_point: Point, zone: str) -> dict[str, Any]:
    metadata = {
        "timezone": zone,
        "start": point.cron,
        "end": next_point.cron,
        "desiredReplicas": str(point.job.target_size),
    }
    return {"type": "cron", "name": point.job.name, "metadata": metadata}


def _problems(properties: Properties) -> Iterator[Problem]:
    if properties.exclude_dates:
        yield Problem("KEDA cannot exclude days; use the backend native", path="$.excludeDates")
    if properties.catch_up is False:
        yield Problem("KEDA always catches up; remove catchUp, or use the backend native", path="$.catchUp")
    if len({job.target_size for job in properties.jobs}) < 2:
        yield Problem("a window of KEDA needs two jobs of different sizes; use the backend native", path="$.jobs")
    for index, job in enumerate(properties.jobs):
        at = f"$.jobs[{index}]"
        if properties.zone_of(job) != properties.zone_of(properties.jobs[0]):
            yield Problem("windows need one time zone for all jobs; use the backend native", path=f"{at}.timezone")
        if job.run_once:
            yield Problem("a window of KEDA is periodic; use the backend native", path=f"{at}.runOnce")
        wrong = _not_daily(job)
        if wrong:
            yield Problem(f"{wrong}; use the backend native", path=f"{at}.schedule")


def _not_daily(job: Job) -> str:
    """The reason that a schedule is not one time of a day, or ""."""
    text = schedule.NAMED.get(job.schedule, job.schedule)
    if text.startswith("@"):
        return f"{job.schedule.split()[0]} is not a time of a day, which a window of KEDA requires"
    wrong = cronhpa.unreadable(text)
    if wrong:
        return wrong
    *seconds, minute, hour, _, _, _ = text.split()
    if seconds not in ([], ["0"]):
        return "KEDA does not support seconds"
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
            yield Problem(f'it is due at the same time as "{other}", so it would have no window', path=at)
