"""The backend cronhpa: the jobs as a CronHorizontalPodAutoscaler of Alibaba's kubernetes-cronhpa-controller.

Jobs that would behave differently are rejected. That controller has one time zone, its own, and does not catch up on
missed jobs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from rudr_py.api import Health, Kind, Problem, Ref, get_in, mappings_in, reject
from rudr_py_cronhpa.properties import Job, Properties

CRON_HPA: Final = Kind("autoscaling.alibabacloud.com/v1beta1", "CronHorizontalPodAutoscaler")

UNKNOWN_FORM = re.compile(r"[L#W]", re.IGNORECASE)
"""Characters in the fields of days that cronsim supports and Go's cron does not."""

_NAMES = re.compile(r"\b(SUN|MON|TUE|WED|THU|FRI|SAT|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)\b", re.IGNORECASE)


def spec(properties: Properties, target: Ref) -> dict[str, Any]:
    """The spec. Raises InvalidProperties if the object would behave differently."""
    reject(_problems(properties))
    document: dict[str, Any] = {
        "scaleTargetRef": {"apiVersion": target.kind.api_version, "kind": target.kind.kind, "name": target.name},
        "jobs": [_job(job) for job in properties.jobs],
    }
    if properties.exclude_dates:
        document["excludeDates"] = [_day(text) for text in properties.exclude_dates]
    return document


def warnings(properties: Properties) -> Iterator[str]:
    """A warning unless the user has accepted that the controller does not catch up."""
    if properties.catch_up is None:
        yield (
            "CronHPA does not catch up: the size changes only when the next job is due. Set catchUp: false to accept"
            " this, or use the backend native"
        )


def health(live: dict[str, Any] | None) -> Health:
    """Failed when the last run of a job failed; the object has conditions for each job, and no Ready."""
    if live is None:
        return Health("progressing", "Missing", "the CronHorizontalPodAutoscaler does not exist yet")
    name = Ref(CRON_HPA, get_in(live, "metadata", "name", default=""))
    conditions = mappings_in(live, "status", "conditions")
    for condition in conditions:
        if condition.get("state") == "Failed":
            return Health("failed", "JobFailed", f"{name}: {condition.get('name')}: {condition.get('message')}")
    observed = {condition.get("name") for condition in conditions}
    unobserved = [job.get("name") for job in mappings_in(live, "spec", "jobs") if job.get("name") not in observed]
    if unobserved or not conditions:
        listed = ", ".join(map(str, unobserved)) or "any job"
        message = f"{name}: no controller has observed {listed}; kubernetes-cronhpa-controller must run in the cluster"
        return Health("progressing", "NotObserved", message)
    return Health("ready", "Ready")


def unreadable(schedule: str) -> str:
    """The reason that Go's cron does not support a schedule or interprets it differently, or ""."""
    if schedule.startswith("@"):
        return ""
    if UNKNOWN_FORM.search(_NAMES.sub("", schedule)):
        return "Go's cron, which this backend uses, does not support L, W and # in a schedule"
    day, _, weekday = schedule.split()[-3:]
    stepped = (day.startswith("*/"), weekday.startswith("*/"))
    if any(stepped) and "*" not in (day, weekday):
        return "Go's cron, which this backend uses, combines the two day fields with or, and this trait with and"
    return ""


def _problems(properties: Properties) -> Iterator[Problem]:
    if properties.timezone is not None:
        yield Problem(
            "the controller of CronHPA uses its own time zone for all jobs; remove timezone", path="$.timezone"
        )
    if properties.catch_up:
        yield Problem("CronHPA does not catch up on jobs; use the backend native", path="$.catchUp")
    for index, job in enumerate(properties.jobs):
        at = f"$.jobs[{index}]"
        if job.timezone is not None:
            yield Problem(
                "the controller of CronHPA uses its own time zone for all jobs; remove timezone", path=f"{at}.timezone"
            )
        wrong = unreadable(job.schedule)
        if wrong:
            yield Problem(f"{wrong}; use the backend native", path=f"{at}.schedule")
    for index, text in enumerate(properties.exclude_dates):
        if len(text.split()) == 1:
            message = "CronHPA excludes days of every year; write * * * DAY MONTH *, or use the backend native"
            yield Problem(message, path=f"$.excludeDates[{index}]")


def _job(job: Job) -> dict[str, Any]:
    fields = job.schedule.split()
    schedule = job.schedule if job.schedule.startswith("@") or len(fields) == 6 else " ".join(["0", *fields])
    run_once = {"runOnce": True} if job.run_once else {}
    return {"name": job.name, "schedule": schedule, "targetSize": job.target_size, **run_once}


def _day(text: str) -> str:
    """A day as six cron fields."""
    return text if len(text.split()) == 6 else f"* {text}"
