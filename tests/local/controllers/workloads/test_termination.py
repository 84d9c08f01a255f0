"""Terminating pods: their end on a node, and the controllers that wait for it or do not."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest

from rudr_py.local.controllers.runtime import times
from rudr_py.local.controllers.workloads.pods import POD
from rudr_py.local.storage.store import DELETED, Object, Watch
from tests.local.controllers.harness import RecordedObjects, Run, Running

SLOW = {"local.rudr.dev/terminate-after": "20"}
LABELS = {"app": "web"}
HERE = {"namespace": "default"}


def template(**spec: Any) -> Object:
    containers = [{"name": "c", "image": "i:1"}]
    return {"metadata": {"labels": LABELS, "annotations": SLOW}, "spec": {"containers": containers, **spec}}


def pod(name: str = "p", **spec: Any) -> Object:
    body = template(**spec)
    return {"apiVersion": "v1", "kind": "Pod", **body, "metadata": {**body["metadata"], "name": name, **HERE}}


def workload(kind: str, **spec: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": "web", **HERE},
        "spec": {"selector": {"matchLabels": LABELS}, "template": template(), **spec},
    }


async def ready(cluster: Running, count: int = 1) -> list[Object]:
    def pods() -> list[Object]:
        return [each for each in cluster.all("Pod") if times.is_true(each, "Ready")]

    await cluster.until(lambda: len(pods()) == count)
    await cluster.settle()
    return pods()


@contextlib.asynccontextmanager
async def deleted_pod(running: Run, objects: RecordedObjects, **spec: Any) -> AsyncIterator[tuple[Running, Watch]]:
    """A cluster in which a pod that was ready has just been deleted, and a watch of pods since then."""
    async with running("pod") as cluster:
        objects.create(pod(**spec))
        (live,) = await ready(cluster)
        watch = objects.store.watch("pods")
        cluster.delete(live)
        yield cluster, watch


def terminating(cluster: Running) -> list[str]:
    return [each["metadata"]["name"] for each in cluster.all("Pod") if "deletionTimestamp" in each["metadata"]]


async def test_a_pod_ends_in_a_moment_and_every_step_is_visible(running: Run, objects: RecordedObjects) -> None:
    async with running("pod") as cluster:
        quick = pod()
        del quick["metadata"]["annotations"]
        objects.create(quick)
        (live,) = await ready(cluster)
        watch = objects.store.watch("pods")
        cluster.delete(live)
        await cluster.settle()
        marked, ended, *_, removed = watch.take()
        assert marked.object["metadata"]["deletionGracePeriodSeconds"] == 30
        assert times.is_true(marked.object, "Ready")
        assert ended.object["status"]["phase"] == "Succeeded"
        assert not times.is_true(ended.object, "Ready")
        (status,) = ended.object["status"]["containerStatuses"]
        assert (status["state"]["terminated"]["exitCode"], status["ready"]) == (0, False)
        assert removed.type == DELETED


async def test_a_pod_terminates_as_long_as_its_annotation_states(running: Run, objects: RecordedObjects) -> None:
    async with deleted_pod(running, objects) as (cluster, _):
        await cluster.advance(19)
        assert times.is_true(cluster.get("Pod", "p"), "Ready")
        await cluster.advance(1)
        assert not cluster.find("Pod", "p")


async def test_a_container_that_outlives_the_grace_period_is_killed(running: Run, objects: RecordedObjects) -> None:
    async with deleted_pod(running, objects, terminationGracePeriodSeconds=5) as (cluster, watch):
        await cluster.advance(4)
        assert cluster.find("Pod", "p")
        await cluster.advance(1)
        assert not cluster.find("Pod", "p")
        (phase,) = {event.object["status"]["phase"] for event in watch.take()} - {"Running"}
        assert phase == "Failed"


async def test_a_shorter_grace_period_ends_a_terminating_pod(running: Run, objects: RecordedObjects) -> None:
    async with deleted_pod(running, objects) as (cluster, _):
        await cluster.advance(3)
        objects.delete(POD, "default", "p", grace=4)
        await cluster.settle()
        assert cluster.find("Pod", "p")
        await cluster.advance(1)
        assert not cluster.find("Pod", "p")


async def test_a_terminated_pod_with_a_finalizer_has_ended_and_remains(running: Run, objects: RecordedObjects) -> None:
    async with running("pod") as cluster:
        held = pod()
        held["metadata"]["finalizers"] = ["example.dev/hold"]
        objects.create(held)
        (live,) = await ready(cluster)
        cluster.delete(live)
        await cluster.advance(20)
        ended = cluster.get("Pod", "p")
        assert (ended["status"]["phase"], ended["metadata"]["deletionGracePeriodSeconds"]) == ("Succeeded", 0)
        objects.update({**ended, "metadata": {**ended["metadata"], "finalizers": []}})
        assert not cluster.find("Pod", "p")


async def test_a_replica_set_replaces_a_terminating_pod_at_once(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(workload("Deployment", replicas=2))
        (first, _) = await ready(cluster, 2)
        cluster.delete(first)
        await ready(cluster, 3)
        assert terminating(cluster) == [first["metadata"]["name"]]
        for kind in ("ReplicaSet", "Deployment"):
            status = cluster.all(kind)[0]["status"]
            assert (status["replicas"], status["readyReplicas"], status["terminatingReplicas"]) == (2, 2, 1)
        await cluster.advance(20)
        assert cluster.get("Deployment", "web")["status"]["terminatingReplicas"] == 0
        assert len(cluster.all("Pod")) == 2


async def test_earlier_releases_do_not_count_terminating_pods(running: Run, objects: RecordedObjects) -> None:
    async with running(release="1.34") as cluster:
        objects.create(workload("Deployment", replicas=1))
        await ready(cluster)
        assert "terminatingReplicas" not in cluster.get("Deployment", "web")["status"]


async def test_a_recreated_deployment_awaits_the_end_of_its_old_pods(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(workload("Deployment", replicas=1, strategy={"type": "Recreate"}))
        (old,) = await ready(cluster)
        containers = [{"name": "c", "image": "i:2"}]
        cluster.change(cluster.get("Deployment", "web"), template=template(containers=containers))
        await cluster.advance(19)
        assert [each["metadata"]["uid"] for each in cluster.all("Pod")] == [old["metadata"]["uid"]]
        await cluster.advance(1)
        (new,) = await ready(cluster)
        assert new["spec"]["containers"][0]["image"] == "i:2"


@pytest.mark.parametrize("policy", ["OrderedReady", "Parallel"])
async def test_a_stateful_set_awaits_the_end_of_a_pod_before_it_replaces_it(
    running: Run, objects: RecordedObjects, policy: str
) -> None:
    async with running() as cluster:
        objects.create(workload("StatefulSet", replicas=2, serviceName="web", podManagementPolicy=policy))
        (first, _) = await ready(cluster, 2)
        cluster.delete(first)
        await cluster.advance(19)
        assert terminating(cluster) == ["web-0"]
        assert cluster.get("StatefulSet", "web")["status"]["replicas"] == 2
        await cluster.advance(1)
        await ready(cluster, 2)
        assert cluster.get("Pod", "web-0")["metadata"]["uid"] != first["metadata"]["uid"]


async def test_a_daemon_set_creates_a_pod_when_its_node_has_none_left(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(workload("DaemonSet"))
        (first,) = await ready(cluster)
        cluster.delete(first)
        await cluster.advance(19)
        assert len(cluster.all("Pod")) == 1
        await cluster.advance(1)
        await ready(cluster)
        assert not terminating(cluster)


async def test_a_job_finishes_when_its_pods_have_ended(running: Run, objects: RecordedObjects) -> None:
    body = template(restartPolicy="Never")
    body["metadata"]["annotations"] = {**SLOW, "local.rudr.dev/outcome": "never-ready"}
    spec = {"activeDeadlineSeconds": 60, "template": body, "backoffLimit": 0}
    async with running() as cluster:
        objects.create({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "task", **HERE}, "spec": spec})
        await cluster.advance(60)
        status = cluster.get("Job", "task")["status"]
        assert [each["type"] for each in status["conditions"]] == ["FailureTarget"]
        assert (status["terminating"], status["failed"]) == (1, 1)
        await cluster.advance(20)
        status = cluster.get("Job", "task")["status"]
        assert [each["type"] for each in status["conditions"]] == ["FailureTarget", "Failed"]
        assert (status["terminating"], status["failed"]) == (0, 1)


@pytest.mark.parametrize(("policy", "pods"), [("TerminatingOrFailed", 2), ("Failed", 1)])
async def test_a_job_replaces_a_terminating_pod_by_its_policy(
    running: Run, objects: RecordedObjects, policy: str, pods: int
) -> None:
    body = template(restartPolicy="Never")
    body["metadata"]["annotations"] = {**SLOW, "local.rudr.dev/outcome": "never-ready"}
    spec = {"template": body, "podReplacementPolicy": policy}
    async with running() as cluster:
        objects.create({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "task", **HERE}, "spec": spec})
        await cluster.settle()
        (first,) = cluster.all("Pod")
        cluster.delete(first)
        await cluster.advance(19)
        assert len(cluster.all("Pod")) == pods
        status = cluster.get("Job", "task")["status"]
        assert (status["terminating"], status.get("failed", 0)) == (1, pods - 1)
        await cluster.advance(1)
        assert cluster.get("Job", "task")["status"]["failed"] == 1
        await cluster.advance(10)
        (second,) = cluster.all("Pod")
        assert second["metadata"]["uid"] != first["metadata"]["uid"]


async def test_a_terminating_pod_serves_but_is_not_ready_in_its_slice(running: Run, objects: RecordedObjects) -> None:
    spec = {"selector": LABELS, "ports": [{"port": 80}]}
    async with running() as cluster:
        objects.create({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", **HERE}, "spec": spec})
        objects.create(pod())
        (live,) = await ready(cluster)
        cluster.delete(live)
        await cluster.settle()
        (slice_,) = cluster.all("EndpointSlice")
        (endpoint,) = slice_["endpoints"]
        assert endpoint["conditions"] == {"ready": False, "serving": True, "terminating": True}
        assert not cluster.get("Endpoints", "web").get("subsets")


async def test_foreground_deletion_awaits_the_end_of_pods(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(workload("Deployment", replicas=1))
        await ready(cluster)
        cluster.delete(cluster.get("Deployment", "web"), propagation="Foreground")
        await cluster.advance(19)
        assert cluster.find("Deployment", "web")
        await cluster.advance(1)
        assert not cluster.find("Deployment", "web")


async def test_a_namespace_remains_until_its_pods_have_ended(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}})
        await cluster.settle()
        inside = pod()
        inside["metadata"]["namespace"] = "n"
        objects.create(inside)
        await cluster.settle()
        cluster.delete(cluster.get("Namespace", "n"))
        await cluster.advance(19)
        conditions = cluster.get("Namespace", "n")["status"]["conditions"]
        remaining = times.find(conditions, "NamespaceContentRemaining")
        assert remaining is not None
        assert "pods. has 1 resource instances" in remaining["message"]
        await cluster.advance(1)
        assert not cluster.find("Namespace", "n")
