"""CronJobs: schedule, concurrency policy and history limits."""

from __future__ import annotations

from typing import Any

from rudr_py.local.controllers.runtime import times
from rudr_py.local.storage.store import Object
from tests.local.controllers.harness import RecordedObjects, Run, Running


def cron_job(schedule: str = "* * * * *", *, outcome: str = "succeed", runs_for: str = "", **spec: Any) -> Object:
    notes = {"local.rudr.dev/outcome": outcome}
    pod = {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}
    job = {"backoffLimit": 0, "template": {"metadata": {"annotations": notes}, "spec": pod}}
    metadata = {"name": "tick", "namespace": "default"}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": metadata,
        "spec": {"schedule": schedule, "jobTemplate": {"metadata": {"labels": {"a": "b"}}, "spec": job}, **spec},
    }


def names(cluster: Running) -> list[str]:
    return sorted(job["metadata"]["name"] for job in cluster.all("Job"))


async def test_a_job_is_created_at_each_time(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(cron_job())
        await cluster.settle()
        assert names(cluster) == []
        await cluster.advance(60)
        (job,) = cluster.all("Job")
        minute = int(cluster.clock.now // 60)
        assert job["metadata"]["name"] == f"tick-{minute}"
        assert job["metadata"]["labels"]["a"] == "b"
        assert job["metadata"]["ownerReferences"][0]["controller"] is True
        status = cluster.get("CronJob", "tick")["status"]
        assert status["lastScheduleTime"] == times.stamp(minute * 60)
        assert status["lastSuccessfulTime"]


async def test_finished_jobs_are_kept_up_to_the_history_limits(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(cron_job(successfulJobsHistoryLimit=2))
        for _ in range(5):
            await cluster.advance(60)
        last = int(cluster.clock.now // 60)
        assert names(cluster) == [f"tick-{last - 1}", f"tick-{last}"]


async def test_a_suspended_cron_job_creates_no_jobs(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        created = objects.create(cron_job(suspend=True))
        await cluster.advance(300)
        assert names(cluster) == []
        cluster.change(created, suspend=False)
        await cluster.settle()
        assert len(names(cluster)) == 1


async def test_forbid_skips_while_a_job_runs_and_replace_deletes_it(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        created = objects.create(cron_job(outcome="never-ready", concurrencyPolicy="Forbid"))
        await cluster.advance(60)
        first = names(cluster)
        await cluster.advance(60)
        assert names(cluster) == first
        assert cluster.get("CronJob", "tick")["status"]["active"][0]["name"] == first[0]
        cluster.change(created, concurrencyPolicy="Replace")
        await cluster.advance(60)
        assert len(names(cluster)) == 1
        assert names(cluster) != first


async def test_a_time_beyond_the_starting_deadline_is_skipped(running: Run, objects: RecordedObjects) -> None:
    objects.create(cron_job("0 0 * * *", startingDeadlineSeconds=30))
    async with running() as cluster:
        cluster.clock.now += 3 * 86400 + 3600
        await cluster.settle()
    async with running() as cluster:
        await cluster.settle()
        assert names(cluster) == []
