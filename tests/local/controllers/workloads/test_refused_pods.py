"""Workloads whose pods a quota refuses: they report it, count the pods that exist, and continue when it is lifted."""

from __future__ import annotations

from typing import Any

from rudr_py.local.controllers.runtime import times
from rudr_py.local.storage.store import Object
from tests.local.controllers.harness import RecordedObjects, Run, Running

LABELS = {"app": "web"}
TEMPLATE: dict[str, Any] = {"metadata": {"labels": LABELS}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
JOB_SPEC = {"template": {"spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}}}


def named(kind: str, version: str, spec: Object, name: str = "web") -> Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "default"}, "spec": spec}


def deployment(replicas: int, **spec: Any) -> Object:
    more = {"replicas": replicas, "selector": {"matchLabels": LABELS}, "template": TEMPLATE, **spec}
    return named("Deployment", "apps/v1", more)


def quota(**hard: str) -> Object:
    limits = {name.replace("__", "/").replace("_", "."): value for name, value in hard.items()}
    return named("ResourceQuota", "v1", {"hard": limits}, name="q")


def warnings(cluster: Running) -> dict[str, str]:
    """The message of each warning by kind and reason."""
    return {f"{each['involvedObject']['kind']} {each['reason']}": each["message"] for each in cluster.warnings()}


def failure(obj: Object) -> Object | None:
    return times.find(obj["status"].get("conditions"), "ReplicaFailure")


async def test_a_quota_that_admits_some_pods_is_reported_and_counted(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(quota(pods="1"))
        objects.create(deployment(2))
        await cluster.settle()
        (replica_set,) = cluster.all("ReplicaSet")
        condition = failure(replica_set)
        assert condition is not None
        assert (condition["status"], condition["reason"]) == ("True", "FailedCreate")
        assert condition["message"].endswith(
            "is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1"
        )
        assert replica_set["status"]["readyReplicas"] == 1
        status = cluster.get("Deployment", "web")["status"]
        assert (status["readyReplicas"], status["unavailableReplicas"]) == (1, 1)
        mirrored = failure({"status": status})
        assert mirrored is not None
        assert mirrored["message"] == condition["message"]
        message = warnings(cluster)["ReplicaSet FailedCreate"]
        assert message.startswith('Error creating: pods "web-')


async def test_the_failure_ends_as_soon_as_the_quota_is_raised(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        live = objects.create(quota(pods="1"))
        objects.create(deployment(2))
        await cluster.settle()
        cluster.change(live, hard={"pods": "2"})
        await cluster.settle()
        assert len(cluster.all("Pod")) == 2
        assert failure(cluster.all("ReplicaSet")[0]) is None
        assert failure(cluster.get("Deployment", "web")) is None


async def test_the_failure_ends_as_soon_as_the_quota_is_deleted(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        live = objects.create(quota(pods="0"))
        objects.create(deployment(2))
        await cluster.settle()
        cluster.delete(live)
        await cluster.settle()
        assert len(cluster.all("Pod")) == 2


async def test_the_failure_ends_as_soon_as_another_pod_is_deleted(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(quota(pods="1"))
        other = objects.create(named("Pod", "v1", TEMPLATE["spec"], name="other"))
        objects.create(deployment(1))
        await cluster.settle()
        assert failure(cluster.get("Deployment", "web"))
        cluster.delete(other)
        await cluster.settle()
        assert times.is_true(cluster.get("Deployment", "web"), "Available")


async def test_refused_pods_are_retried_with_backoff(running: Run, objects: RecordedObjects) -> None:
    async with running("deployment", "replicaset", "pod") as cluster:
        # without the controller of quotas, a lower usage changes no quota
        objects.create(quota(pods="1"))
        other = objects.create(named("Pod", "v1", TEMPLATE["spec"], name="other"))
        objects.create(deployment(1))
        await cluster.settle()
        cluster.delete(other)
        await cluster.settle()
        assert cluster.all("Pod") == []
        await cluster.advance(60)
        assert len(cluster.all("Pod")) == 1


async def test_many_attempts_are_counted_in_few_events(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(quota(pods="0"))
        objects.create(deployment(1))
        for _ in range(20):
            await cluster.advance(60)
        *single, combined = cluster.warnings()
        assert {event["count"] for event in single} == {1}
        assert len(single) == 9
        assert combined["message"].startswith("(combined from similar events): Error creating: pods")
        assert combined["count"] > 5


async def test_a_refused_replica_set_is_reported_by_the_deployment(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        live = objects.create(quota(count__replicasets_apps="0"))
        objects.create(deployment(1))
        await cluster.settle()
        condition = times.find(cluster.get("Deployment", "web")["status"]["conditions"], "Progressing")
        assert condition is not None
        assert (condition["status"], condition["reason"]) == ("False", "ReplicaSetCreateError")
        assert "exceeded quota" in condition["message"]
        assert "exceeded quota" in warnings(cluster)["Deployment ReplicaSetCreateError"]
        cluster.delete(live)
        await cluster.settle()
        assert times.is_true(cluster.get("Deployment", "web"), "Available")


async def test_a_stateful_set_reports_a_refused_pod(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        live = objects.create(quota(pods="1"))
        spec = {"replicas": 2, "selector": {"matchLabels": LABELS}, "template": TEMPLATE, "serviceName": "web"}
        objects.create(named("StatefulSet", "apps/v1", spec))
        await cluster.settle()
        assert warnings(cluster)["StatefulSet FailedCreate"].startswith(
            'Create Pod web-1 in StatefulSet web failed error: pods "web-1" is forbidden: exceeded quota: q'
        )
        assert cluster.get("StatefulSet", "web")["status"]["readyReplicas"] == 1
        cluster.change(live, hard={"pods": "2"})
        await cluster.settle()
        assert cluster.get("StatefulSet", "web")["status"]["readyReplicas"] == 2


async def test_a_stateful_set_reports_a_refused_claim(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(quota(persistentvolumeclaims="0"))
        claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        spec = {
            "selector": {"matchLabels": LABELS},
            "template": TEMPLATE,
            "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim}],
        }
        objects.create(named("StatefulSet", "apps/v1", spec))
        await cluster.settle()
        assert warnings(cluster)["StatefulSet FailedCreate"].startswith(
            "Create Claim data-web-0 for Pod web-0 in StatefulSet web failed error: persistentvolumeclaims"
        )
        assert cluster.all("Pod") == []


async def test_a_job_reports_a_refused_pod(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        live = objects.create(quota(pods="0"))
        objects.create(named("Job", "batch/v1", JOB_SPEC))
        await cluster.settle()
        assert warnings(cluster)["Job FailedCreate"].startswith('Error creating: pods "web-')
        assert not cluster.get("Job", "web")["status"].get("active")
        cluster.delete(live)
        await cluster.settle()
        assert times.is_true(cluster.get("Job", "web"), "Complete")


async def test_a_cron_job_reports_a_refused_job(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(quota(count__jobs_batch="0"))
        spec = {"schedule": "* * * * *", "jobTemplate": {"spec": JOB_SPEC}}
        objects.create(named("CronJob", "batch/v1", spec))
        await cluster.advance(61)
        assert warnings(cluster)["CronJob FailedCreate"].startswith('Error creating job: jobs.batch "web-')


async def test_a_daemon_set_reports_a_refused_pod(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(quota(pods="0"))
        spec = {"selector": {"matchLabels": LABELS}, "template": TEMPLATE}
        objects.create(named("DaemonSet", "apps/v1", spec))
        await cluster.settle()
        assert warnings(cluster)["DaemonSet FailedCreate"].startswith('Error creating: pods "web-')
        status = cluster.get("DaemonSet", "web")["status"]
        assert (status["desiredNumberScheduled"], status["numberUnavailable"]) == (1, 1)
