"""CronJob: creates a Job at each time of its schedule, and keeps a limited history of finished ones."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, tzinfo

from rudr_py.local.controllers.runtime import times
from rudr_py.local.controllers.runtime.context import ReconcileContext, reference_to
from rudr_py.local.controllers.runtime.controller import Controller, owned
from rudr_py.local.controllers.runtime.queue import QueueKey
from rudr_py.local.controllers.workloads import job_status
from rudr_py.local.controllers.workloads.job import JOB
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import Object
from rudr_py.local.strategies.cron_schedule import Schedule, ScheduleError, parse

CRON_JOB = KindInfo("batch/v1", "CronJob")
SCHEDULED_ANNOTATION = "batch.kubernetes.io/cronjob-scheduled-timestamp"


def _zone(cron_job: Object) -> tzinfo:
    name = cron_job["spec"].get("timeZone")
    return zoneinfo.ZoneInfo(name) if name else UTC


def _due(schedule: Schedule, since: float, now: float, zone: tzinfo) -> float | None:
    """Return the latest scheduled time after `since` that is not in the future, or None."""
    due, at = None, schedule.next(since, zone)
    while at is not None and at <= now:
        due, at = at, schedule.next(at, zone)
    return due


def _job(cron_job: Object, scheduled: float) -> Object:
    template = cron_job["spec"]["jobTemplate"]
    metadata = template.get("metadata") or {}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"{cron_job['metadata']['name']}-{int(scheduled // 60)}",
            "namespace": cron_job["metadata"]["namespace"],
            "labels": dict(metadata.get("labels") or {}),
            "annotations": {**(metadata.get("annotations") or {}), SCHEDULED_ANNOTATION: times.stamp(scheduled)},
            "ownerReferences": [reference_to(cron_job)],
        },
        "spec": template["spec"],
    }


def _delete_history(context: ReconcileContext, cron_job: Object, jobs: list[Object]) -> None:
    """Delete the oldest finished Jobs beyond the history limits."""
    spec = cron_job["spec"]
    ended = [job for job in jobs if job_status.ended_at(job) is not None]
    ended.sort(key=lambda job: str(job["metadata"]["creationTimestamp"]))
    for limit, kind in (("successfulJobsHistoryLimit", "Complete"), ("failedJobsHistoryLimit", "Failed")):
        finished = [job for job in ended if times.is_true(job, kind)]
        for job in finished[: max(0, len(finished) - int(spec.get(limit, 3)))]:
            context.delete_for(cron_job, job, "Deleted job {name}")


def _status(cron_job: Object, jobs: list[Object]) -> Object:
    status = {key: value for key, value in cron_job.get("status", {}).items() if key != "active"}
    active = [
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "name": job["metadata"]["name"],
            "namespace": job["metadata"]["namespace"],
            "resourceVersion": job["metadata"]["resourceVersion"],
            "uid": job["metadata"]["uid"],
        }
        for job in jobs
        if job_status.ended_at(job) is None
    ]
    if active:
        status["active"] = active
    done = [job["status"]["completionTime"] for job in jobs if times.is_true(job, "Complete")]
    if done:
        status["lastSuccessfulTime"] = max(done)
    return status


def _record_ended(context: ReconcileContext, cron_job: Object, jobs: list[Object]) -> None:
    active = {each["uid"] for each in cron_job.get("status", {}).get("active") or ()}
    for job in jobs:
        if job["metadata"]["uid"] in active and job_status.ended_at(job) is not None:
            condition = "Complete" if times.is_true(job, "Complete") else "Failed"
            message = f"Saw completed job: {job['metadata']['name']}, condition: {condition}"
            context.record(cron_job, "SawCompletedJob", message)


def _run(context: ReconcileContext, cron_job: Object, scheduled: float, active: list[Object]) -> None:
    """Create the Job of a scheduled time, if the concurrency policy permits it."""
    policy = cron_job["spec"].get("concurrencyPolicy", "Allow")
    if active and policy == "Forbid":
        message = "Not starting job because prior execution is running and concurrency policy is Forbid"
        context.record(cron_job, "JobAlreadyActive", message)
        return
    if policy == "Replace":
        for job in active:
            context.delete_for(cron_job, job, "Deleted job {name}")
    job = _job(cron_job, scheduled)
    if context.client.get(JOB, job["metadata"]["namespace"], job["metadata"]["name"]) is None:
        created, refused = "Created job {name}", "Error creating job: {error}"
        context.create_for(cron_job, job, created=created, refused=refused)
    live = context.live(cron_job)
    if live is not None:
        status = _status(live, context.controlled(live, JOB))
        context.write_status(live, {**status, "lastScheduleTime": times.stamp(scheduled)})


def _reconcile(context: ReconcileContext, key: QueueKey) -> float | None:
    cron_job = context.get(key)
    if cron_job is None or "deletionTimestamp" in cron_job["metadata"]:
        return None
    jobs = context.controlled(cron_job, JOB)
    _delete_history(context, cron_job, jobs)
    _record_ended(context, cron_job, jobs)
    context.write_status(cron_job, _status(cron_job, jobs))
    spec, now, zone = cron_job["spec"], context.now(), _zone(cron_job)
    try:
        schedule = parse(spec["schedule"])
    except ScheduleError:
        return None
    if spec.get("suspend"):
        return None
    last = cron_job.get("status", {}).get("lastScheduleTime") or cron_job["metadata"]["creationTimestamp"]
    due = _due(schedule, times.seconds(last), now, zone)
    deadline = spec.get("startingDeadlineSeconds")
    if due is not None and (deadline is None or now - due <= deadline):
        live = context.live(cron_job)
        if live is not None:
            _run(context, live, due, [job for job in jobs if job_status.ended_at(job) is None])
    following = schedule.next(now, zone)
    return None if following is None else following - now


CONTROLLER = Controller(
    name="cronjob", kinds=frozenset({CRON_JOB, JOB}), map_change=owned(CRON_JOB, JOB), reconcile=_reconcile
)
