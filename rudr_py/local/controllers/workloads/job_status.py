"""The status of a Job: counts, conditions and completion. Pure."""

from __future__ import annotations

import msgspec

from rudr_py.local.controllers.runtime import times
from rudr_py.local.controllers.runtime.context import without_zeros
from rudr_py.local.controllers.workloads import job_policies
from rudr_py.local.controllers.workloads.replicaset import is_active, is_ended, is_terminating
from rudr_py.local.storage.store import Object


class JobResult(msgspec.Struct, frozen=True):
    """The result of a finished Job."""

    succeeded: bool
    reason: str
    message: str


_COMPLETED = JobResult(True, "CompletionsReached", "Reached expected number of succeeded pods")
_BACKOFF = JobResult(False, "BackoffLimitExceeded", "Job has reached the specified backoff limit")
_FAILED_INDEXES = JobResult(False, "FailedIndexes", "Job has failed indexes")
_TOO_MANY_INDEXES = JobResult(
    False, "MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes"
)
_DEADLINE = JobResult(False, "DeadlineExceeded", "Job was active longer than specified deadline")

_SUCCESS, _FAILURE = ("SuccessCriteriaMet", "Complete"), ("FailureTarget", "Failed")
"""The conditions of a result: the first is set at once, the second when all pods have ended."""


def ended_at(job: Object) -> str | None:
    """Return when a Job finished, or None."""
    for condition in job.get("status", {}).get("conditions") or ():
        if condition["type"] in ("Complete", "Failed") and condition["status"] == "True":
            return str(condition["lastTransitionTime"])
    return None


def judge(job: Object, status: Object, pods: list[Object], now: float) -> tuple[JobResult | None, float | None]:
    """Return the result of a Job, or None, and the seconds until its deadline."""
    spec = job["spec"]
    for kind, succeeded in ((_SUCCESS[0], True), (_FAILURE[0], False)):
        decided = times.find(status.get("conditions"), kind)
        if decided is not None and decided["status"] == "True":
            return JobResult(succeeded, decided["reason"], decided["message"]), None
    policy = _policy_result(job, status, pods)
    if policy is not None:
        return policy, None
    succeeded, completions = status.get("succeeded", 0), spec.get("completions")
    limit = spec.get("backoffLimit", 6)
    active = [pod for pod in pods if is_active(pod)]
    if status.get("failed", 0) > limit or _restarts(job, active) > max(0, limit - 1):
        return _BACKOFF, None
    remaining = None
    if spec.get("activeDeadlineSeconds") and status.get("startTime") and not spec.get("suspend"):
        remaining = spec["activeDeadlineSeconds"] - times.since(status["startTime"], now)
        if remaining <= 0:
            return _DEADLINE, None
    enough = succeeded >= completions if completions is not None else succeeded > 0 and not active
    return (_COMPLETED if enough else None), remaining


def _policy_result(job: Object, status: Object, pods: list[Object]) -> JobResult | None:
    """Return the result that a policy for pods, indexes or success decides."""
    failed = (pod for pod in pods if pod.get("status", {}).get("phase") == "Failed")
    failure = job_policies.job_failure(job, failed)
    if failure:
        return JobResult(False, "PodFailurePolicy", failure)
    completed = job_policies.indexes(status.get("completedIndexes", ""))
    message = job_policies.success(job, completed)
    if message:
        return JobResult(True, "SuccessPolicy", message)
    lost, most = job_policies.indexes(status.get("failedIndexes") or ""), job["spec"].get("maxFailedIndexes")
    if most is not None and len(lost) > most:
        return _TOO_MANY_INDEXES
    if lost and len(lost) + len(completed) >= int(job["spec"].get("completions") or 0):
        return _FAILED_INDEXES
    return None


def _restarts(job: Object, active: list[Object]) -> int:
    if job["spec"]["template"]["spec"].get("restartPolicy") != "OnFailure":
        return 0
    statuses = (each for pod in active for each in pod.get("status", {}).get("containerStatuses") or ())
    return sum(each.get("restartCount", 0) for each in statuses)


def running(job: Object, status: Object, pods: list[Object], now: str) -> Object:
    """Return the status of a running or suspended Job."""
    active = [pod for pod in pods if is_active(pod)]
    new_status = _counts(status, active, pods)
    before = times.find(status.get("conditions"), "Suspended")
    if job["spec"].get("suspend"):
        new_status.pop("startTime", None)
        new_status["conditions"] = [
            _with_times("Suspended", True, "JobSuspended", "Job suspended", before=before, now=now)
        ]
    else:
        new_status.setdefault("startTime", now)
        if before is not None:
            new_status["conditions"] = [
                _with_times("Suspended", False, "JobResumed", "Job resumed", before=before, now=now)
            ]
            if before["status"] == "True":
                new_status["startTime"] = now
    return new_status


def finished(job: Object, status: Object, result: JobResult, pods: list[Object], now: str) -> Object:
    """Return the status of a Job with a result; it has finished when all of its pods have ended."""
    new_status = _counts(status, [], pods)
    new_status.setdefault("startTime", now)
    ended = all(map(is_ended, pods))
    kinds = (_SUCCESS if result.succeeded else _FAILURE)[: 2 if ended else 1]
    if ended and result.succeeded:
        new_status["completionTime"] = now
    before = job.get("status", {}).get("conditions")
    kept = [each for each in before or () if each["type"] == "Suspended"]
    new_status["conditions"] = kept + [
        _with_times(kind, True, result.reason, result.message, before=times.find(before, kind), now=now)
        for kind in kinds
    ]
    return new_status


def _counts(status: Object, active: list[Object], pods: list[Object]) -> Object:
    ready = sum(times.is_true(pod, "Ready") for pod in active)
    counts = {
        **status,
        "active": len(active),
        "ready": ready,
        "terminating": sum(map(is_terminating, pods)),
        "uncountedTerminatedPods": {},
    }
    return without_zeros(counts, keep=("ready", "terminating", "uncountedTerminatedPods"))


def _with_times(kind: str, status: bool, reason: str, message: str, *, before: Object | None, now: str) -> Object:
    condition = times.transitioned(times.condition(kind, status, reason, message), before, now)
    return {**condition, "lastProbeTime": before["lastProbeTime"] if before else now}
