"""Pods on nodes of limited capacity: pending until they fit, or until their claim is bound."""

from __future__ import annotations

from typing import Any

from rudr_py.local.controllers.runtime import times
from rudr_py.local.scheduling.nodes import NodeSettings
from rudr_py.local.storage.store import Object
from tests.local.controllers.harness import RecordedObjects, Run, Running

SMALL = (NodeSettings(cpu="1"),)


def pod(name: str, *, cpu: str = "600m", claim: str = "", **annotations: str) -> Object:
    notes = {f"local.rudr.dev/{key}": value for key, value in {"outcome": "ready", **annotations}.items()}
    container = {"name": "c", "image": "i", "resources": {"requests": {"cpu": cpu}}}
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": claim}}] if claim else []
    metadata = {"name": name, "namespace": "default", "annotations": notes}
    spec = {"containers": [container], "volumes": volumes, "restartPolicy": "Never"}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def claim(name: str, **annotations: str) -> Object:
    notes = {f"local.rudr.dev/{key}": value for key, value in annotations.items()}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    metadata = {"name": name, "namespace": "default", "annotations": notes}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}


def refusal(cluster: Running, name: str) -> str:
    """The message of the scheduler in the pod's status, or an empty string if the pod has a node."""
    condition = times.find(cluster.get("Pod", name)["status"].get("conditions"), "PodScheduled") or {}
    if condition.get("status") == "True":
        assert cluster.get("Pod", name)["spec"]["nodeName"]
        return ""
    assert (condition["status"], condition["reason"]) == ("False", "Unschedulable")
    assert cluster.get("Pod", name)["status"]["phase"] == "Pending"
    return str(condition["message"])


async def test_nodes_are_registered_with_their_capacity(running: Run) -> None:
    nodes = (NodeSettings(cpu="2", extended={"nvidia.com/gpu": "1"}), NodeSettings(name="other", pods=5))
    async with running(nodes=nodes) as cluster:
        await cluster.settle()
        local, other = cluster.all("Node")
        assert local["status"]["allocatable"] == {
            "cpu": "2",
            "ephemeral-storage": "100Gi",
            "memory": "16Gi",
            "pods": "110",
            "nvidia.com/gpu": "1",
        }
        assert other["status"]["allocatable"]["pods"] == "5"
        assert times.is_true(local, "Ready")


async def test_a_pod_that_does_not_fit_is_pending_with_an_event(running: Run, objects: RecordedObjects) -> None:
    async with running(nodes=SMALL) as cluster:
        objects.create(pod("a"))
        objects.create(pod("b"))
        await cluster.settle()
        assert refusal(cluster, "a") == ""
        assert refusal(cluster, "b").startswith("0/1 nodes are available: 1 Insufficient cpu.")
        (event,) = cluster.warnings()
        assert (event["reason"], event["action"]) == ("FailedScheduling", "Scheduling")
        assert event["involvedObject"]["name"] == "b"
        assert event["message"] == refusal(cluster, "b")


async def test_a_pod_is_assigned_when_another_one_is_deleted(running: Run, objects: RecordedObjects) -> None:
    async with running(nodes=SMALL) as cluster:
        first = objects.create(pod("a"))
        objects.create(pod("b"))
        await cluster.settle()
        cluster.delete(first)
        await cluster.settle()
        assert refusal(cluster, "b") == ""
        assert times.is_true(cluster.get("Pod", "b"), "Ready")


async def test_a_pod_is_assigned_when_another_one_has_ended(running: Run, objects: RecordedObjects) -> None:
    async with running(nodes=SMALL) as cluster:
        objects.create(pod("a"))
        objects.create(pod("b"))
        await cluster.settle()
        live = cluster.get("Pod", "a")
        notes = {"local.rudr.dev/outcome": "succeed"}
        objects.update({**live, "metadata": {**live["metadata"], "annotations": notes}})
        await cluster.settle()
        assert refusal(cluster, "b") == ""


async def test_a_pod_is_assigned_when_a_node_grows_or_joins(running: Run, objects: RecordedObjects) -> None:
    async with running(nodes=SMALL) as cluster:
        for name in ("a", "b", "c"):
            objects.create(pod(name))
        await cluster.settle()
        assert refusal(cluster, "b")
        node = cluster.get("Node", "local")
        grown = {**node["status"]["allocatable"], "cpu": "1200m"}
        objects.update_status({**node, "status": {**node["status"], "allocatable": grown}})
        await cluster.settle()
        assert refusal(cluster, "b") == ""
        assert refusal(cluster, "c")
        joining = {**node["metadata"], "name": "joining"}
        for field in ("uid", "resourceVersion", "managedFields"):
            joining.pop(field)
        objects.create({**node, "metadata": joining})
        await cluster.settle()
        assert cluster.get("Pod", "c")["spec"]["nodeName"] == "joining"


async def test_a_pod_that_names_its_node_is_not_scheduled_but_uses_it(running: Run, objects: RecordedObjects) -> None:
    async with running(nodes=SMALL) as cluster:
        placed = pod("a", cpu="5")
        placed["spec"]["nodeName"] = "local"
        objects.create(placed)
        await cluster.settle()
        assert times.is_true(cluster.get("Pod", "a"), "Ready")
        objects.create(pod("b"))
        await cluster.settle()
        assert refusal(cluster, "b")


async def test_a_pod_waits_until_its_claim_exists(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(pod("a", claim="data"))
        await cluster.settle()
        assert refusal(cluster, "a").startswith('0/1 nodes are available: persistentvolumeclaim "data" not found.')
        objects.create(claim("data"))
        await cluster.settle()
        assert refusal(cluster, "a") == ""


async def test_a_pod_waits_until_its_claim_is_bound(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(claim("data", outcome="pending"))
        objects.create(pod("a", claim="data"))
        await cluster.settle()
        assert "pod has unbound immediate PersistentVolumeClaims" in refusal(cluster, "a")
        live = cluster.get("PersistentVolumeClaim", "data")
        objects.update({**live, "metadata": {**live["metadata"], "annotations": {}}})
        await cluster.settle()
        assert refusal(cluster, "a") == ""


async def test_a_pod_whose_claim_is_created_before_it_is_never_refused(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(claim("data"))
        objects.create(pod("a", claim="data"))
        await cluster.settle()
        assert refusal(cluster, "a") == ""
        assert cluster.warnings() == []


async def test_a_daemon_set_has_a_pod_on_each_eligible_node(running: Run, objects: RecordedObjects) -> None:
    labels: dict[str, Any] = {"app": "agent"}
    template = {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"name": "c", "image": "i"}], "nodeSelector": {"kubernetes.io/os": "linux"}},
    }
    agent = {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "agent", "namespace": "default"},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }
    nodes = (NodeSettings(name="a"), NodeSettings(name="b"), NodeSettings(name="w", os="windows"))
    async with running(nodes=nodes) as cluster:
        objects.create(agent)
        await cluster.settle()
        assert sorted(each["spec"]["nodeName"] for each in cluster.all("Pod")) == ["a", "b"]
        status = cluster.get("DaemonSet", "agent")["status"]
        assert (status["desiredNumberScheduled"], status["numberAvailable"]) == (2, 2)
