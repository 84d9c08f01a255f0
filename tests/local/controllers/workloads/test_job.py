"""Jobs: parallelism, counting of pods, and completion."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.local.controllers.workloads import job_policies
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import Object
from tests.local.controllers.harness import RecordedObjects, Run, Running


def body(outcome: str = "", *, restart: str = "Never", **spec: Any) -> Object:
    annotations = {"local.rudr.dev/outcome": outcome} if outcome else {}
    template = {
        "metadata": {"labels": {"job-name": "task"}, "annotations": annotations},
        "spec": {"restartPolicy": restart, "containers": [{"name": "c", "image": "alpine"}]},
    }
    if not {"completions", "parallelism"} & set(spec):
        spec["completions"] = 1
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "task", "namespace": "default"},
        "spec": {"parallelism": 1, "backoffLimit": 6, "template": template, **spec},
    }


def reasons(job: Object) -> dict[str, str]:
    conditions = job.get("status", {}).get("conditions") or ()
    return {each["type"]: each["reason"] for each in conditions if each["status"] == "True"}


async def ended(cluster: Running) -> Object:
    def done() -> Object | None:
        job = cluster.get("Job", "task")
        return job if {"Complete", "Failed"} & set(reasons(job)) else None

    job: Object = await cluster.until(done)
    await cluster.settle()
    return job


async def test_a_job_completes_when_its_pod_succeeds(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body())
        job = await ended(cluster)
        (pod,) = cluster.all("Pod")
    assert reasons(job) == {"SuccessCriteriaMet": "CompletionsReached", "Complete": "CompletionsReached"}
    assert job["status"]["succeeded"] == 1
    assert {"startTime", "completionTime"} <= job["status"].keys()
    assert "active" not in job["status"]
    assert pod["status"]["phase"] == "Succeeded"
    assert not pod["metadata"].get("finalizers")


async def test_a_job_that_expires_at_once_is_seen_running_and_complete(running: Run, objects: RecordedObjects) -> None:
    async with running(script=None) as cluster:
        watch = objects.store.watch("jobs.batch")
        objects.create(body(ttlSecondsAfterFinished=0))
        await cluster.settle()
        assert cluster.get("Job", "task")["status"]["ready"] == 1
        await cluster.advance(1)
        assert "Complete" in reasons(cluster.get("Job", "task"))
        await cluster.advance(1)
        assert not cluster.find("Job", "task")
        assert next(event.type for event in watch.take() if "Complete" in reasons(event.object)) == "MODIFIED"


async def test_no_more_pods_run_at_once_than_parallelism_allows(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        watch = objects.store.watch()
        objects.create(body(completions=7, parallelism=3))
        job = await ended(cluster)
        most, live = 0, set[str]()
        for event in watch.take():
            if event.object["kind"] == "Pod":
                ended_pod = event.object.get("status", {}).get("phase") in ("Succeeded", "Failed")
                live = live - {event.name} if ended_pod else live | {event.name}
                most = max(most, len(live))
        assert job["status"]["succeeded"] == 7
        assert len(cluster.all("Pod")) == 7
    assert most == 3


async def test_a_work_queue_is_complete_when_all_its_pods_have_ended(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body(parallelism=3))
        job = await ended(cluster)
    assert job["status"]["succeeded"] == 3


async def test_a_job_fails_after_its_backoff_limit(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body("fail", backoffLimit=2))
        await cluster.settle()
        assert len(cluster.all("Pod")) == 1
        await cluster.advance(11)
        assert len(cluster.all("Pod")) == 2
        await cluster.advance(21)
        job = await ended(cluster)
    assert reasons(job) == {"FailureTarget": "BackoffLimitExceeded", "Failed": "BackoffLimitExceeded"}
    assert job["status"]["failed"] == 3


async def test_restarts_of_a_pod_count_against_the_limit(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body("fail", restart="OnFailure", backoffLimit=2))
        await cluster.advance(11)
        job = await ended(cluster)
        assert not cluster.all("Pod")
    assert reasons(job)["Failed"] == "BackoffLimitExceeded"


async def test_a_job_that_runs_too_long_fails(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body("never-ready", activeDeadlineSeconds=60))
        await cluster.advance(61)
        job = await ended(cluster)
        assert not cluster.all("Pod")
    assert reasons(job)["Failed"] == "DeadlineExceeded"


async def test_a_suspended_job_has_no_pods_until_it_is_resumed(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body(suspend=True))
        await cluster.settle()
        job = cluster.get("Job", "task")
        assert reasons(job) == {"Suspended": "JobSuspended"}
        assert not cluster.all("Pod")
        cluster.change(job, suspend=False)
        assert "Complete" in reasons(await ended(cluster))


async def test_suspending_deletes_the_pods_without_counting_them(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body("never-ready"))
        await cluster.until(lambda: cluster.all("Pod"))
        await cluster.settle()
        cluster.change(cluster.get("Job", "task"), suspend=True)
        await cluster.until(lambda: not cluster.all("Pod"))
        await cluster.settle()
        assert "failed" not in cluster.get("Job", "task")["status"]


async def test_a_deleted_pod_of_a_job_counts_as_failed_and_is_replaced(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body("never-ready"))
        await cluster.until(lambda: cluster.all("Pod"))
        await cluster.settle()
        (pod,) = cluster.all("Pod")
        cluster.delete(pod)
        await cluster.settle()
        (other,) = cluster.all("Pod")
        assert other["metadata"]["uid"] != pod["metadata"]["uid"]
        assert cluster.get("Job", "task")["status"]["failed"] == 1


async def test_a_finished_job_is_deleted_after_its_ttl(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body(ttlSecondsAfterFinished=100))
        await ended(cluster)
        await cluster.advance(99)
        assert cluster.find("Job", "task")
        await cluster.advance(2)
        await cluster.until(lambda: not cluster.find("Job", "task"))
        assert not cluster.all("Pod")


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
async def test_a_running_job_can_be_deleted_with_its_pods(
    running: Run, objects: RecordedObjects, propagation: str
) -> None:
    async with running() as cluster:
        job = objects.create(body("never-ready"))
        await cluster.until(lambda: cluster.all("Pod"))
        objects.delete(KindInfo("batch/v1", "Job"), "default", "task", propagation=propagation)
        await cluster.until(lambda: not cluster.find("Job", job["metadata"]["name"]))
        await cluster.until(lambda: not cluster.all("Pod"))


async def test_each_index_of_an_indexed_job_runs_once(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body(completions=4, parallelism=2, completionMode="Indexed"))
        job = await ended(cluster)
        names = {pod["metadata"]["name"].rpartition("-")[0] for pod in cluster.all("Pod")}
    assert job["status"]["completedIndexes"] == "0-3"
    assert names == {"task-0", "task-1", "task-2", "task-3"}


@given(st.sets(st.integers(0, 50)))
def test_formatted_indexes_can_be_parsed(completed: set[int]) -> None:
    assert job_policies.indexes(job_policies.ranges(completed)) == completed


FAIL = {"operator": "In", "values": [1, 137]}


def policy(action: str) -> Object:
    return {"rules": [{"action": "Count", "onPodConditions": [{"type": "DisruptionTarget"}]}, rule(action)]}


def rule(action: str) -> Object:
    return {"action": action, "onExitCodes": FAIL}


async def test_a_failure_that_a_rule_names_fails_the_job_at_once(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body("fail", podFailurePolicy=policy("FailJob")))
        job = await ended(cluster)
        (pod,) = cluster.all("Pod")
    condition = next(each for each in job["status"]["conditions"] if each["type"] == "Failed")
    name = pod["metadata"]["name"]
    assert (condition["reason"], condition["message"]) == (
        "PodFailurePolicy",
        f"Container c for pod default/{name} failed with exit code 1 matching FailJob rule at index 1",
    )


async def test_an_ignored_failure_is_not_counted(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body("fail", backoffLimit=0, podFailurePolicy=policy("Ignore")))
        await cluster.settle()
        assert len(cluster.all("Pod")) == 1
        await cluster.advance(11)
        assert len(cluster.all("Pod")) == 2
        assert "failed" not in cluster.get("Job", "task")["status"]


@pytest.mark.parametrize(
    ("spec", "failures", "reason"),
    [
        ({"backoffLimitPerIndex": 1}, ["0", "0", "1", "1"], "FailedIndexes"),
        ({"backoffLimitPerIndex": 5, "podFailurePolicy": policy("FailIndex")}, ["0", "0"], "FailedIndexes"),
        ({"backoffLimitPerIndex": 0, "maxFailedIndexes": 0}, ["0", "0"], "MaxFailedIndexesExceeded"),
    ],
)
async def test_each_index_may_fail_as_often_as_its_limit(
    running: Run, objects: RecordedObjects, spec: Object, failures: list[str], reason: str
) -> None:
    async with running() as cluster:
        objects.create(body("fail", completionMode="Indexed", completions=2, parallelism=2, **spec))
        await cluster.settle()
        await cluster.advance(21)
        job = await ended(cluster)
        annotation = "batch.kubernetes.io/job-index-failure-count"
        assert sorted(pod["metadata"]["annotations"][annotation] for pod in cluster.all("Pod")) == failures
    assert (reasons(job)["Failed"], job["status"]["failedIndexes"]) == (reason, "0,1")


async def test_a_success_policy_completes_a_job_early(running: Run, objects: RecordedObjects) -> None:
    rules = [{"succeededIndexes": "2", "succeededCount": 1}, {"succeededIndexes": "0"}]
    async with running() as cluster:
        objects.create(body(completionMode="Indexed", completions=9, parallelism=1, successPolicy={"rules": rules}))
        job = await ended(cluster)
    assert reasons(job) == {"SuccessCriteriaMet": "SuccessPolicy", "Complete": "SuccessPolicy"}
    assert (job["status"]["succeeded"], job["status"]["conditions"][0]["message"]) == (1, "Matched rules at index 1")
