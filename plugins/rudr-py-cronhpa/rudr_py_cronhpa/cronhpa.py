"""The same jobs as a CronHorizontalPodAutoscaler of Alibaba's kubernetes-cronhpa-controller; refused where they differ.

That controller knows one time zone, its own, and does not catch up on what it missed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from rudr_py.api import Health, InvalidProperties, Kind, Problem, Ref, mappings_in
from rudr_py_cronhpa.properties import Job, Properties

CRON_HPA: Final = Kind("autoscaling.alibabacloud.com/v1beta1", "CronHorizontalPodAutoscaler")

UNKNOWN_FORM = re.compile(r"[L#W]", re.IGNORECASE)
"""What cronsim reads in the fields of days, and Go's cron does not."""

_NAMES = re.compile(r"\b(SUN|MON|TUE|WED|THU|FRI|SAT|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)\b", re.IGNORECASE)


def spec(given: Properties, target: Ref) -> dict[str, Any]:
    """The spec. Raises InvalidProperties where the object would mean something else."""
    problems = [*_problems(given)]
    if problems:
        raise InvalidProperties(*problems)
    found: dict[str, Any] = {
        "scaleTargetRef": {"apiVersion": target.kind.api_version, "kind": target.kind.kind, "name": target.name},
        "jobs": [_job(job) for job in given.jobs],
    }
    if given.exclude_dates:
        found["excludeDates"] = [_day(text) for text in given.exclude_dates]
    return found


def health(live: dict[str, Any] | None) -> Health:
    """Failed when a job failed the last time; the object has conditions by job, and no Ready."""
    if live is None:
        return Health("progressing", "Missing", "the CronHorizontalPodAutoscaler does not exist yet")
    for condition in mappings_in(live, "status", "conditions"):
        if condition.get("state") == "Failed":
            return Health("failed", "JobFailed", f"{condition.get('name')}: {condition.get('message')}")
    return Health("ready", "Ready")


def unreadable(schedule: str) -> str:
    """Why Go's cron cannot read a schedule, or reads it otherwise than we do; "" when it reads it as we do."""
    if schedule.startswith("@"):
        return ""
    if UNKNOWN_FORM.search(_NAMES.sub("", schedule)):
        return "Go's cron, which runs it there, reads no L, W and # in a schedule"
    day, _, weekday = schedule.split()[-3:]
    stepped = (day.startswith("*/"), weekday.startswith("*/"))
    if any(stepped) and "*" not in (day, weekday):
        return "Go's cron, which runs it there, takes either day where this trait takes days that are both"
    return ""


def _problems(given: Properties) -> Iterator[Problem]:
    if given.timezone is not None:
        yield Problem(
            "the controller of CronHPA has one time zone for all, its own; remove timezone", path="$.timezone"
        )
    if given.catch_up:
        yield Problem("CronHPA does not catch up on jobs; use the backend native", path="$.catchUp")
    for index, job in enumerate(given.jobs):
        at = f"$.jobs[{index}]"
        if job.timezone is not None:
            yield Problem(
                "the controller of CronHPA has one time zone for all, its own; remove timezone", path=f"{at}.timezone"
            )
        wrong = unreadable(job.schedule)
        if wrong:
            yield Problem(f"{wrong}; use the backend native", path=f"{at}.schedule")
    for index, text in enumerate(given.exclude_dates):
        if len(text.split()) == 1:
            message = "CronHPA leaves out days of every year; write * * * DAY MONTH *, or use the backend native"
            yield Problem(message, path=f"$.excludeDates[{index}]")


def _job(job: Job) -> dict[str, Any]:
    fields = job.schedule.split()
    schedule = job.schedule if job.schedule.startswith("@") or len(fields) == 6 else " ".join(["0", *fields])
    once = {"runOnce": True} if job.run_once else {}
    return {"name": job.name, "schedule": schedule, "targetSize": job.target_size, **once}


def _day(text: str) -> str:
    """A day as six fields."""
    return text if len(text.split()) == 6 else f"* {text}"
