"""The health of a CronTask, from its CronJob, the Jobs of its runs, and their pods.

Pure functions from documents to a Health. They never raise, whatever the documents contain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rudr_py.api import Health, get_in, kstatus, mappings_in, pods

Document = Mapping[str, Any]


def health(cron_job: Document, jobs: Iterable[Document], all_pods: Sequence[Document]) -> Health:
    """The result of the last run that has ended; of a run that cannot start, the problem of its pods.

    The result stays until another run ends: a run that is active does not make a failure ready. `show` contains the
    schedule, the number of active runs, and the result and the time of the last one.
    """
    own = sorted((job for job in jobs if _is_owned(job, cron_job)), key=_created)
    ended = [job for job in own if _ended(job)]
    active = [job for job in own if not _ended(job)]
    result = _last_result(cron_job, ended, bool(active or mappings_in(cron_job, "status", "active")))
    show = {"schedule": get_in(cron_job, "spec", "schedule", default=""), "active": str(len(active)), **result.show}
    if get_in(cron_job, "spec", "suspend", default=False):
        return Health("ready", "Suspended", "no run begins while it is suspended", show)
    if result.state == "failed":
        failed = Health("failed", result.reason, result.message, show)
        return pods.explain(failed, _of(ended[-1:], all_pods))
    if active:
        return _running(active, all_pods, show)
    return Health("ready", result.reason, result.message, show)


def _running(active: Sequence[Document], all_pods: Sequence[Document], show: Mapping[str, str]) -> Health:
    """Ready, unless a pod of an active run has a problem."""
    running = Health("progressing", "Running", f"{len(active)} active", show)
    explained = pods.explain(running, _of(active, all_pods))
    return explained if explained.reason != running.reason else Health("ready", "Running", running.message, show)


def _last_result(cron_job: Document, ended: Sequence[Document], is_active: bool) -> Health:
    """The result of the last run that has ended, with its time; of a deleted Job, from the times in the CronJob."""
    scheduled = get_in(cron_job, "status", "lastScheduleTime", default="")
    last = ended[-1] if ended else {}
    if not is_active and scheduled > _created(last):
        succeeded = get_in(cron_job, "status", "lastSuccessfulTime", default="") >= scheduled
        return _result("" if succeeded else "Failed", "the last run did not succeed; its Job is deleted", scheduled)
    if not last:
        return Health("ready", "NotRun", "no run has ended yet")
    job = kstatus.assess(last)
    name = get_in(last, "metadata", "name", default="")
    message = f"the last run, job {name}, failed: {job.message}".rstrip(": ")
    return _result(job.reason if job.state == "failed" else "", message, _created(last))


def _result(failure: str, message: str, began: str) -> Health:
    """A failed run, with the reason of its failure and a message, or a successful one without a reason."""
    if failure:
        return Health("failed", failure, message, {"result": "Failed", "last": began})
    return Health("ready", "Succeeded", "the last run succeeded", {"result": "Succeeded", "last": began})


def _ended(job: Document) -> bool:
    return any(kstatus.condition(job, kind).get("status") == "True" for kind in ("Complete", "Failed"))


def _created(job: Document) -> str:
    """The time at which a run began; the format of Kubernetes sorts as text."""
    return get_in(job, "metadata", "creationTimestamp", default="")


def _of(jobs: Sequence[Document], all_pods: Iterable[Document]) -> list[Document]:
    """The pods of these Jobs."""
    return [pod for pod in all_pods if any(_is_owned(pod, job) for job in jobs)]


def _is_owned(child: Document, owner: Document) -> bool:
    uid = get_in(owner, "metadata", "uid", default="")
    references = mappings_in(child, "metadata", "ownerReferences")
    return bool(uid) and any(reference.get("uid") == uid for reference in references)
