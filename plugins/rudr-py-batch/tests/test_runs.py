"""The health of a CronTask: the result of its last run, and the problem of a run that cannot start."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.testing import RenderOne
from rudr_py_batch.cron_task import CronTask

Document = dict[str, Any]

SCHEDULED = {"lastScheduleTime": "2026-01-02T03:00:00Z"}


def _cron_job(status: Document | None = None, **spec: Any) -> Document:
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "app-web", "uid": "cron"},
        "spec": {"schedule": "0 3 * * *", **spec},
        "status": status or {},
    }


def _owner(uid: str) -> Document:
    return {"ownerReferences": [{"uid": uid, "controller": True}]}


def _job(day: int, end: str = "", reason: str = "", message: str = "", owner: str = "cron") -> Document:
    """The run of a day of January; `end` is Complete or Failed, or empty for one that is active."""
    condition = {"type": end, "status": "True", "reason": reason, "message": message}
    created = f"2026-01-{day:02}T03:00:01Z"
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": f"app-web-{day}", "uid": f"job-{day}", "creationTimestamp": created, **_owner(owner)},
        "status": {"conditions": [condition] if end else [], "active": 0 if end else 1},
    }


def _pod(day: int, waiting: str) -> Document:
    status = {"name": "web", "state": {"waiting": {"reason": waiting, "message": "why"}}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"app-web-{day}-x", **_owner(f"job-{day}")},
        "status": {"phase": "Pending", "containerStatuses": [status]},
    }


@pytest.fixture(name="health")
def _health(render_one: RenderOne) -> Any:
    def health(*observed: Document) -> Any:
        component = {"containers": [{"name": "web", "image": "registry.example/web:1"}]}
        settings = {"schedule": "0 3 * * *"}
        return render_one(CronTask(), properties=settings, component=component, observed=observed).health

    return health


def _summary(health: Any) -> tuple[str, str, str]:
    return health.state, health.reason, health.show.get("result", "")


def test_a_cron_job_that_does_not_exist_yet_is_progressing(health: Any) -> None:
    assert health().state == "progressing"


def test_it_is_ready_before_its_first_run_and_during_it(health: Any) -> None:
    before = health(_cron_job())
    assert (*_summary(before), before.show["active"]) == ("ready", "NotRun", "", "0")
    first = health(_cron_job(SCHEDULED), _job(2))
    assert (*_summary(first), first.show["active"]) == ("ready", "Running", "", "1")


def test_the_last_run_decides(health: Any) -> None:
    succeeded = health(_cron_job(SCHEDULED), _job(1, "Failed"), _job(2, "Complete"))
    assert _summary(succeeded) == ("ready", "Succeeded", "Succeeded")
    assert succeeded.show["schedule"] == "0 3 * * *"
    assert succeeded.show["last"] == "2026-01-02T03:00:01Z"
    failed = health(_cron_job(SCHEDULED), _job(1, "Complete"), _job(2, "Failed", "BackoffLimitExceeded", "too often"))
    assert _summary(failed) == ("failed", "BackoffLimitExceeded", "Failed")
    assert "app-web-2" in failed.message
    assert "too often" in failed.message


def test_a_failure_stays_until_another_run_succeeds(health: Any) -> None:
    failed = health(_cron_job(SCHEDULED), _job(1, "Failed", "DeadlineExceeded"), _job(2))
    assert (*_summary(failed), failed.show["active"]) == ("failed", "DeadlineExceeded", "Failed", "1")


def test_the_result_of_a_deleted_job_is_known_from_the_cron_job(health: Any) -> None:
    assert _summary(health(_cron_job(SCHEDULED))) == ("failed", "Failed", "Failed")
    successful = {**SCHEDULED, "lastSuccessfulTime": "2026-01-02T03:04:00Z"}
    assert _summary(health(_cron_job(successful))) == ("ready", "Succeeded", "Succeeded")
    kept = _job(1, "Failed", "BackoffLimitExceeded")
    assert _summary(health(_cron_job(successful), kept)) == ("ready", "Succeeded", "Succeeded")
    earlier = {**SCHEDULED, "lastSuccessfulTime": "2026-01-01T03:04:00Z"}
    assert _summary(health(_cron_job(earlier), _job(1, "Complete"))) == ("failed", "Failed", "Failed")


def test_a_run_whose_job_is_not_observed_yet_has_not_failed(health: Any) -> None:
    status = {**SCHEDULED, "active": [{"kind": "Job", "name": "app-web-2"}]}
    assert health(_cron_job(status)).state == "ready"
    assert _summary(health(_cron_job(status), _job(1, "Complete"))) == ("ready", "Succeeded", "Succeeded")


def test_a_suspended_one_is_ready_and_shows_its_last_result(health: Any) -> None:
    suspended = health(_cron_job(SCHEDULED, suspend=True), _job(2, "Failed", "BackoffLimitExceeded"))
    assert _summary(suspended) == ("ready", "Suspended", "Failed")


def test_a_run_that_cannot_start_has_the_reason_of_its_pod(health: Any) -> None:
    stuck = health(_cron_job(SCHEDULED), _job(1, "Complete"), _job(2), _pod(2, "ImagePullBackOff"))
    assert _summary(stuck) == ("progressing", "ImagePullBackOff", "Succeeded")
    assert "app-web-2-x" in stuck.message
    starting = health(_cron_job(SCHEDULED), _job(2), _pod(2, "ContainerCreating"), _pod(1, "ImagePullBackOff"))
    assert _summary(starting) == ("ready", "Running", "")


def test_jobs_of_other_owners_do_not_count(health: Any) -> None:
    assert _summary(health(_cron_job(), _job(2, "Failed", owner="other"))) == ("ready", "NotRun", "")
