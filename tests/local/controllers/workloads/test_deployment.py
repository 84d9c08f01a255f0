"""Deployments: rollouts, their limits, revision history and status."""

from __future__ import annotations

import pytest

from rudr_py.local.controllers.workloads import deployment
from rudr_py.local.storage.store import Object
from tests.local.controllers.harness import RecordedObjects, Run


def body(name: str = "web", *, replicas: int = 3, image: str = "nginx:1", **spec: object) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": template(image, name),
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
            **spec,
        },
    }


def template(image: str, name: str = "web", **annotations: str) -> Object:
    metadata: Object = {"labels": {"app": name}}
    if annotations:
        metadata["annotations"] = {
            f"local.rudr.dev/{key.replace('_', '-')}": value for key, value in annotations.items()
        }
    return {"metadata": metadata, "spec": {"containers": [{"name": "c", "image": image}], "restartPolicy": "Always"}}


def condition(obj: Object, kind: str) -> tuple[str, str]:
    condition = next(each for each in obj["status"]["conditions"] if each["type"] == kind)
    return condition["status"], condition["reason"]


async def test_a_deployment_becomes_ready_pods(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body())
        rolled_out = await cluster.rolled_out()
    assert condition(rolled_out, "Available") == ("True", "MinimumReplicasAvailable")
    assert condition(rolled_out, "Progressing") == ("True", "NewReplicaSetAvailable")
    assert rolled_out["metadata"]["annotations"][deployment.REVISION] == "1"
    (replica_set,) = cluster.all("ReplicaSet")
    short = replica_set["metadata"]["labels"][deployment.HASH_LABEL]
    assert replica_set["metadata"]["name"] == f"web-{short}"
    assert replica_set["spec"]["selector"]["matchLabels"] == {"app": "web", deployment.HASH_LABEL: short}
    pods = cluster.all("Pod")
    assert len(pods) == 3
    assert all(pod["metadata"]["name"].startswith(f"web-{short}-") for pod in pods)
    assert all(pod["status"]["phase"] == "Running" for pod in pods)


async def test_a_complete_deployment_is_not_written_again(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body())
        await cluster.rolled_out()
        await cluster.settle()
        before = objects.store.revision
        await cluster.advance(3600)
        assert objects.store.revision == before


async def test_a_deployment_writes_only_its_status(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body())
        await cluster.rolled_out()
    assert not objects.writes("update", "Deployment")


async def test_a_rolling_update_keeps_its_limits_at_every_step(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body(replicas=4))
        await cluster.rolled_out()
        await cluster.settle()
        watch = objects.store.watch()
        cluster.change(cluster.get("Deployment", "web"), template=template("nginx:2", ready_after="5"))
        ready = {pod["metadata"]["name"] for pod in cluster.all("Pod")}
        sizes = {each["metadata"]["name"]: each["spec"]["replicas"] for each in cluster.all("ReplicaSet")}
        for _ in range(12):
            await cluster.advance(5)
        await cluster.rolled_out()
        for event in watch.take():
            if event.object["kind"] == "ReplicaSet":
                sizes[event.name] = event.object["spec"]["replicas"]
            if event.object["kind"] == "Pod":
                ready.discard(event.name)
                if event.type != "DELETED" and _is_ready(event.object):
                    ready.add(event.name)
            assert sum(sizes.values()) <= 5
            assert len(ready) >= 3
    images = {pod["spec"]["containers"][0]["image"] for pod in cluster.all("Pod")}
    assert images == {"nginx:2"}


def _is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


async def test_recreate_creates_new_pods_after_the_last_old_one_is_deleted(
    running: Run, objects: RecordedObjects
) -> None:
    async with running() as cluster:
        objects.create(body(strategy={"type": "Recreate"}))
        await cluster.rolled_out()
        await cluster.settle()
        watch = objects.store.watch()
        cluster.change(cluster.get("Deployment", "web"), template=template("nginx:2"))
        await cluster.rolled_out()
        pods = [
            (event.type, event.object["spec"]["containers"][0]["image"])
            for event in watch.take()
            if event.object["kind"] == "Pod"
        ]
    last_gone = max(index for index, pod in enumerate(pods) if pod == ("DELETED", "nginx:1"))
    first_come = pods.index(("ADDED", "nginx:2"))
    assert last_gone < first_come


async def test_a_rollback_reuses_the_old_replica_set_with_a_new_revision(
    running: Run, objects: RecordedObjects
) -> None:
    async with running() as cluster:
        objects.create(body())
        await cluster.rolled_out()
        (first,) = cluster.all("ReplicaSet")
        cluster.change(cluster.get("Deployment", "web"), template=template("nginx:2"))
        await cluster.rolled_out()
        cluster.change(cluster.get("Deployment", "web"), template=template("nginx:1"))
        await cluster.rolled_out()
        assert len(cluster.all("ReplicaSet")) == 2
        back = cluster.get("ReplicaSet", first["metadata"]["name"])
        assert back["spec"]["replicas"] == 3
        annotations = back["metadata"]["annotations"]
        assert (annotations[deployment.REVISION], annotations[deployment.REVISION_HISTORY]) == ("3", "1")
        assert cluster.get("Deployment", "web")["metadata"]["annotations"][deployment.REVISION] == "3"


async def test_old_replica_sets_beyond_the_history_limit_are_deleted(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body(revisionHistoryLimit=1))
        for number in range(2, 6):
            await cluster.rolled_out()
            cluster.change(cluster.get("Deployment", "web"), template=template(f"nginx:{number}"))
        await cluster.rolled_out()
        await cluster.settle()
        revisions = {each["metadata"]["annotations"][deployment.REVISION] for each in cluster.all("ReplicaSet")}
    assert revisions == {"4", "5"}


@pytest.mark.parametrize("size", [0, 1, 7])
async def test_scaling_changes_the_number_of_pods_only(running: Run, objects: RecordedObjects, size: int) -> None:
    async with running() as cluster:
        objects.create(body())
        await cluster.rolled_out()
        cluster.change(cluster.get("Deployment", "web"), replicas=size)
        await cluster.rolled_out()
        await cluster.settle()
        assert len(cluster.all("Pod")) == size
        assert len(cluster.all("ReplicaSet")) == 1


async def test_a_rollout_without_progress_exceeds_its_deadline(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body(template=template("nginx:1", outcome="image-pull-error"), progressDeadlineSeconds=60))
        await cluster.advance(59)
        assert condition(cluster.get("Deployment", "web"), "Progressing")[0] == "True"
        assert condition(cluster.get("Deployment", "web"), "Available") == ("False", "MinimumReplicasUnavailable")
        await cluster.advance(2)
        assert condition(cluster.get("Deployment", "web"), "Progressing") == ("False", "ProgressDeadlineExceeded")


async def test_an_unpullable_image_stops_a_rollout_within_its_limits(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body(replicas=4))
        await cluster.rolled_out()
        cluster.change(cluster.get("Deployment", "web"), template=template("nginx:2", outcome="image-pull-error"))
        await cluster.settle()
        assert cluster.get("Deployment", "web")["status"]["availableReplicas"] == 3
        assert len(cluster.all("Pod")) == 5


async def test_a_paused_deployment_scales_but_does_not_roll(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body())
        await cluster.rolled_out()
        cluster.change(cluster.get("Deployment", "web"), paused=True, replicas=5, template=template("nginx:2"))
        await cluster.settle()
        assert {pod["spec"]["containers"][0]["image"] for pod in cluster.all("Pod")} == {"nginx:1"}
        assert len(cluster.all("Pod")) == 5
        assert condition(cluster.get("Deployment", "web"), "Progressing") == ("Unknown", "DeploymentPaused")
        cluster.change(cluster.get("Deployment", "web"), paused=False)
        await cluster.rolled_out()
        await cluster.settle()
        assert {pod["spec"]["containers"][0]["image"] for pod in cluster.all("Pod")} == {"nginx:2"}


async def test_a_pod_counts_as_available_after_min_ready_seconds(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(body(minReadySeconds=30))
        await cluster.settle()
        assert cluster.get("Deployment", "web")["status"]["readyReplicas"] == 3
        assert "availableReplicas" not in cluster.get("Deployment", "web")["status"]
        await cluster.advance(31)
        assert cluster.get("Deployment", "web")["status"]["availableReplicas"] == 3


def test_the_hash_of_a_template_does_not_depend_on_the_order_of_its_keys() -> None:
    spec = {"containers": [{"name": "c", "image": "i"}]}
    first = {"metadata": {"labels": {"a": "1"}}, "spec": spec}
    other = {"spec": spec, "metadata": {"labels": {"a": "1"}}}
    assert deployment.template_hash(first) == deployment.template_hash(other)
    assert deployment.template_hash(first) != deployment.template_hash(first, 1)
