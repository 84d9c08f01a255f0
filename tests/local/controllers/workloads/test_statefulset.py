"""StatefulSets: order, updates, partitions and claims."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.local.storage.store import Object
from tests.local.controllers.harness import RecordedObjects, Run, Running

CLAIM: Object = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
}


def claims(cluster: Running) -> list[str]:
    return sorted(each["metadata"]["name"] for each in cluster.all("PersistentVolumeClaim"))


def template(image: str = "db:1", **annotations: str) -> Object:
    notes = {f"local.rudr.dev/{key.replace('_', '-')}": value for key, value in annotations.items()}
    return {
        "metadata": {"labels": {"app": "db"}, "annotations": notes},
        "spec": {"containers": [{"name": "c", "image": image}]},
    }


def body(**spec: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "db", "namespace": "default"},
        "spec": {
            "replicas": 3,
            "serviceName": "",
            "selector": {"matchLabels": {"app": "db"}},
            "template": template(),
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            **spec,
        },
    }


async def complete(cluster: Running) -> Object:
    def done() -> Object | None:
        stateful_set = cluster.get("StatefulSet", "db")
        status, replicas = stateful_set.get("status", {}), stateful_set["spec"]["replicas"]
        counts = [status.get(each, 0) for each in ("replicas", "readyReplicas", "updatedReplicas")]
        current = status.get("observedGeneration") == stateful_set["metadata"]["generation"]
        return stateful_set if current and counts == [replicas] * 3 else None

    stateful_set: Object = await cluster.until(done)
    return stateful_set


def names(cluster: Running) -> list[str]:
    return sorted(pod["metadata"]["name"] for pod in cluster.all("Pod"))


async def test_pods_are_started_in_order(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body(template=template(ready_after="10")))
        await cluster.settle()
        assert names(cluster) == ["db-0"]
        await cluster.advance(10)
        assert names(cluster) == ["db-0", "db-1"]
        await cluster.advance(10)
        await cluster.advance(10)
        stateful_set = await complete(cluster)
    assert names(cluster) == ["db-0", "db-1", "db-2"]
    assert stateful_set["status"]["currentRevision"] == stateful_set["status"]["updateRevision"]
    assert stateful_set["status"]["availableReplicas"] == 3


async def test_parallel_pods_do_not_wait(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body(podManagementPolicy="Parallel", template=template(outcome="never-ready")))
        await cluster.settle()
        assert names(cluster) == ["db-0", "db-1", "db-2"]


async def test_an_update_replaces_pods_from_the_highest_ordinal_down(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body())
        await complete(cluster)
        await cluster.settle()
        watch = objects.store.watch()
        cluster.change(cluster.get("StatefulSet", "db"), template=template("db:2"))
        stateful_set = await complete(cluster)
        gone = [event.name for event in watch.take() if event.object["kind"] == "Pod" and event.type == "DELETED"]
        images = {pod["spec"]["containers"][0]["image"] for pod in cluster.all("Pod")}
    assert gone == ["db-2", "db-1", "db-0"]
    assert images == {"db:2"}
    assert stateful_set["status"]["currentRevision"] == stateful_set["status"]["updateRevision"]


async def test_a_broken_update_stops_at_the_first_pod(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body())
        await complete(cluster)
        cluster.change(cluster.get("StatefulSet", "db"), template=template("db:2", outcome="crash-loop"))
        await cluster.settle()
        images = {pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"] for pod in cluster.all("Pod")}
        status = cluster.get("StatefulSet", "db")["status"]
    assert images == {"db-0": "db:1", "db-1": "db:1", "db-2": "db:2"}
    assert status["currentRevision"] != status["updateRevision"]


async def test_pods_below_the_partition_keep_the_old_template(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body(updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"partition": 2}}))
        await complete(cluster)
        cluster.change(cluster.get("StatefulSet", "db"), template=template("db:2"))
        await cluster.settle()
        cluster.delete(next(pod for pod in cluster.all("Pod") if pod["metadata"]["name"] == "db-0"))
        await cluster.settle()
        images = {pod["metadata"]["name"]: pod["spec"]["containers"][0]["image"] for pod in cluster.all("Pod")}
    assert images == {"db-0": "db:1", "db-1": "db:1", "db-2": "db:2"}


async def test_scaling_down_deletes_the_highest_ordinals(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body())
        cluster.change(await complete(cluster), replicas=1)
        await complete(cluster)
        await cluster.settle()
        assert names(cluster) == ["db-0"]


async def test_claims_are_kept_after_their_pod_is_deleted(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body(volumeClaimTemplates=[CLAIM]))
        cluster.change(await complete(cluster), replicas=1)
        await complete(cluster)
        await cluster.settle()
        assert claims(cluster) == ["data-db-0", "data-db-1", "data-db-2"]
        volumes = cluster.get("Pod", "db-0")["spec"]["volumes"]
    assert volumes == [{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}]


@pytest.mark.parametrize(
    ("policy", "scaled", "deleted"),
    [
        ({"whenScaled": "Delete"}, ["data-db-0"], ["data-db-0"]),
        ({"whenDeleted": "Delete"}, ["data-db-0", "data-db-1", "data-db-2"], []),
        ({"whenScaled": "Delete", "whenDeleted": "Delete"}, ["data-db-0"], []),
    ],
)
async def test_claims_are_deleted_as_the_retention_policy_states(
    running: Run, objects: RecordedObjects, policy: Object, scaled: list[str], deleted: list[str]
) -> None:
    async with running() as cluster:
        objects.create(body(volumeClaimTemplates=[CLAIM], persistentVolumeClaimRetentionPolicy=policy))
        cluster.change(await complete(cluster), replicas=1)
        await cluster.until(lambda: names(cluster) == ["db-0"] and claims(cluster) == scaled)
        cluster.delete(cluster.get("StatefulSet", "db"))
        await cluster.until(lambda: not names(cluster) and claims(cluster) == deleted)
