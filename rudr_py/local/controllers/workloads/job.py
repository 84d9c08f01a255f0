"""Job: runs pods until enough of them succeeded or too many failed.

Pods have a finalizer until they are counted, so none is lost or counted twice. `job_status` has the conditions.
"""

from __future__ import annotations

from collections.abc import Iterable

from rudr_py.errors import ApiError
from rudr_py.local.controllers.runtime import times
from rudr_py.local.controllers.runtime.context import (
    Change,
    ReconcileContext,
    controller_key,
    without_finalizer,
    without_zeros,
)
from rudr_py.local.controllers.runtime.controller import Controller
from rudr_py.local.controllers.runtime.events import WARNING
from rudr_py.local.controllers.runtime.queue import QueueKey
from rudr_py.local.controllers.workloads import job_policies, job_status
from rudr_py.local.controllers.workloads.job_status import JobResult
from rudr_py.local.controllers.workloads.pods import POD
from rudr_py.local.controllers.workloads.replicaset import is_active, is_terminating, pod_from_template
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import DELETED, Object

JOB = KindInfo("batch/v1", "Job")
TRACKING = "batch.kubernetes.io/job-tracking"
INDEX = "batch.kubernetes.io/job-completion-index"
_LONGEST_PAUSE = 600.0
_LATENCY = 1.0
"""The seconds that a finished Job can be seen, whatever its TTL: Helm rejects one whose deletion follows at once."""


def _is_counted(pod: Object) -> bool:
    return TRACKING not in (pod["metadata"].get("finalizers") or ())


def _phase(pod: Object) -> str:
    return str(pod.get("status", {}).get("phase", "Pending"))


def _index_of(pod: Object) -> int:
    return int((pod["metadata"].get("annotations") or {}).get(INDEX, "-1"))


def _remove_finalizer(context: ReconcileContext, pod: Object) -> None:
    live = context.live(pod)
    if live is not None and not _is_counted(live):
        context.update(without_finalizer(live, TRACKING))


def _is_pending(job: Object, pod: Object) -> bool:
    """Whether a pod is neither counted nor replaced yet: it runs, or terminates and is replaced after its end only."""
    return is_active(pod) or (is_terminating(pod) and job["spec"].get("podReplacementPolicy") == "Failed")


def _delete_uncounted(context: ReconcileContext, job: Object, pods: Iterable[Object]) -> None:
    """Delete pods without counting them."""
    for pod in pods:
        _remove_finalizer(context, pod)
        live = context.live(pod)
        if live is not None:
            context.delete_for(job, live)


def _count(job: Object, pods: list[Object]) -> Object:
    """Return the status with newly ended pods counted; a pod deleted before it succeeded counts as failed."""
    status = dict(job.get("status", {}))
    done = job_policies.indexes(status.get("completedIndexes", ""))
    lost = job_policies.indexes(status.get("failedIndexes") or "")
    for pod in pods:
        if _is_counted(pod) or _is_pending(job, pod):
            continue
        if _phase(pod) != "Succeeded":
            status["failed"] = status.get("failed", 0) + (job_policies.failure_action(job, pod)[0] != "Ignore")
            if job_policies.fails_index(job, pod):
                lost.add(_index_of(pod))
        elif _index_of(pod) >= 0:
            done.add(_index_of(pod))
        else:
            status["succeeded"] = status.get("succeeded", 0) + 1
    if job["spec"].get("completionMode") == "Indexed":
        status |= {"completedIndexes": job_policies.ranges(done), "succeeded": len(done)}
    if job["spec"].get("backoffLimitPerIndex") is not None:
        status["failedIndexes"] = job_policies.ranges(lost)
    return status


def _desired_active(spec: Object, succeeded: int, active: int) -> int:
    """Return the desired number of active pods."""
    parallelism = int(spec.get("parallelism", 1))
    completions = spec.get("completions")
    if completions is None:
        return min(parallelism, active) if succeeded else parallelism
    return max(0, min(parallelism, int(completions) - succeeded))


def _backoff(context: ReconcileContext, pods: list[Object], failed: int) -> float:
    """Return the remaining backoff after the last failed pod, in seconds."""
    ends = [times.seconds(_ended_at(pod)) for pod in pods if _phase(pod) == "Failed"]
    if not ends or not failed:
        return 0.0
    pause = min(_LONGEST_PAUSE, context.settings.job_backoff * float(2 ** min(failed - 1, 16)))
    return max(0.0, max(ends) + pause - context.now())


def _ended_at(pod: Object) -> str:
    for container in pod.get("status", {}).get("containerStatuses") or ():
        if "terminated" in container["state"]:
            return str(container["state"]["terminated"]["finishedAt"])
    return str(pod["metadata"]["creationTimestamp"])


def _scale(context: ReconcileContext, job: Object, status: Object, pods: list[Object]) -> float | None:
    """Create missing pods and delete excess ones; return the seconds until the next attempt."""
    active = [pod for pod in pods if is_active(pod)]
    pending = [pod for pod in pods if _is_pending(job, pod)]
    lost = job_policies.indexes(status.get("failedIndexes") or "")
    desired = _desired_active(job["spec"], status.get("succeeded", 0) + len(lost), len(active))
    if desired < len(active):
        by_readiness = sorted(active, key=lambda pod: times.is_true(pod, "Ready"))
        _delete_uncounted(context, job, by_readiness[: len(active) - desired])
    missing = desired - len(pending)
    if missing <= 0:
        return None
    ignored = sum(_phase(pod) == "Failed" for pod in pods)
    pause = _backoff(context, pods, max(status.get("failed", 0), ignored))
    if pause:
        return pause
    taken = job_policies.indexes(status.get("completedIndexes", "")) | lost | {_index_of(pod) for pod in pending}
    free = (index for index in range(job["spec"].get("completions") or 0) if index not in taken)
    for _ in range(missing):
        index = next(free, -1) if job["spec"].get("completionMode") == "Indexed" else -1
        context.create_for(job, _pod(context, job, index, _failures(job, pods, index)))
    return None


def _failures(job: Object, pods: list[Object], index: int) -> int:
    """Return the number of failures of an index."""
    failed = [pod for pod in pods if _phase(pod) == "Failed" and _index_of(pod) == index]
    counted = [pod for pod in failed if job_policies.failure_action(job, pod)[0] != "Ignore"]
    return max((job_policies.failures(pod) + 1 for pod in counted), default=0)


def _pod(context: ReconcileContext, job: Object, index: int, failures: int) -> Object:
    stem = job["metadata"]["name"] if index < 0 else f"{job['metadata']['name']}-{index}"
    pod = pod_from_template(job, job["spec"]["template"], name=context.generated_name(stem))
    metadata = pod["metadata"]
    metadata["generateName"] = f"{stem}-"
    metadata["finalizers"] = [*metadata.get("finalizers", ()), TRACKING]
    if index >= 0:
        for field in ("labels", "annotations"):
            metadata[field] = {**metadata.get(field, {}), INDEX: str(index)}
        if job["spec"].get("backoffLimitPerIndex") is not None:
            metadata["annotations"][job_policies.FAILURES] = str(failures)
        pod["spec"].setdefault("hostname", stem)
        for container in pod["spec"]["containers"]:
            container["env"] = [*container.get("env", ()), {"name": "JOB_COMPLETION_INDEX", "value": str(index)}]
    return pod


def _finish(
    context: ReconcileContext, job: Object, result: JobResult, status: Object, pods: list[Object]
) -> float | None:
    """Finish the Job: delete active pods, which count as failed unless the Job succeeded, and await their end."""
    active = [pod for pod in pods if is_active(pod)]
    if not result.succeeded:
        status = without_zeros({**status, "failed": status.get("failed", 0) + len(active)})
    new_status = job_status.finished(job, status, result, pods, context.stamp())
    context.write_status(job, new_status)
    _delete_uncounted(context, job, active)
    for pod in pods:
        _remove_finalizer(context, pod)
    if not job_status.ended_at({"status": new_status}):
        return None
    if result.succeeded:
        context.record(job, "Completed", "Job completed")
    else:
        context.record(job, result.reason, result.message, kind=WARNING)
    return 0.0


def _expire(context: ReconcileContext, job: Object) -> float | None:
    """Delete a Job that finished `ttlSecondsAfterFinished` ago, at least a moment; return the seconds until then."""
    ttl = job["spec"].get("ttlSecondsAfterFinished")
    ended = job_status.ended_at(job)
    if ttl is None or ended is None:
        return None
    now = context.now()
    left: float = max(ttl - times.since(ended, now), context.since(job, "end") + _LATENCY - now)
    if left > 0:
        return left
    context.delete(job, propagation="Foreground")
    return None


def _record_suspension(context: ReconcileContext, job: Object, status: Object) -> None:
    before = times.find(job.get("status", {}).get("conditions"), "Suspended")
    after = times.find(status.get("conditions"), "Suspended")
    if after is not None and (before is None or before["status"] != after["status"]):
        context.record(job, "Suspended" if after["status"] == "True" else "Resumed", after["message"])


def _run(context: ReconcileContext, job: Object) -> float | None:
    pods = context.controlled(job, POD)
    status = _count(job, pods)
    result, wake = job_status.judge(job, status, pods, context.now())
    if result is not None:
        return _finish(context, job, result, status, pods)
    running = job_status.running(job, status, pods, context.stamp())
    _record_suspension(context, job, running)
    context.write_status(job, running)
    for pod in pods:
        if not _is_pending(job, pod):
            _remove_finalizer(context, pod)
    retry, failure = None, None
    if job["spec"].get("suspend"):
        _delete_uncounted(context, job, [pod for pod in pods if is_active(pod)])
    else:
        try:
            retry = _scale(context, job, status, context.controlled(job, POD))
        except ApiError as error:
            failure = error
    live = context.live(job)
    if live is not None:
        context.write_status(
            live, job_status.running(live, live["status"], context.controlled(job, POD), context.stamp())
        )
    if failure is not None:
        raise failure
    return min((each for each in (wake, retry) if each is not None), default=None)


def _reconcile(context: ReconcileContext, key: QueueKey) -> float | None:
    if key.kind == POD:
        pod = context.get(key)
        if pod is not None:
            _remove_finalizer(context, pod)
        return None
    job = context.get(key)
    if job is None or "deletionTimestamp" in job["metadata"]:
        for pod in context.controlled(job, POD) if job else ():
            _remove_finalizer(context, pod)
        return None
    if job_status.ended_at(job) is not None:
        for pod in context.controlled(job, POD):
            _remove_finalizer(context, pod)
        return _expire(context, job)
    return _run(context, job)


def _map_change(context: ReconcileContext, change: Change) -> Iterable[QueueKey]:
    if change.key.kind == JOB:
        if change.type != DELETED:
            yield change.key
        return
    for key in controller_key(change.object, JOB):
        yield key
        if context.get(key) is None and not _is_counted(change.object):
            # the Job that would count the pod is gone
            yield change.key


CONTROLLER = Controller(name="job", kinds=frozenset({JOB, POD}), map_change=_map_change, reconcile=_reconcile)
