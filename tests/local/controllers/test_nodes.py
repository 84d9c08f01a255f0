"""Nodes: registration, leases, taints by condition, and the pods that must leave a node."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.local.controllers.runtime import times
from rudr_py.local.scheduling.nodes import NodeSettings
from rudr_py.local.storage.store import Object
from tests.local.controllers.harness import RecordedObjects, Run, Running

TWO = (NodeSettings(name="a"), NodeSettings(name="b"))
HERE = {"namespace": "default"}


def pod(name: str = "p", **spec: Any) -> Object:
    spec = {"containers": [{"name": "c", "image": "i"}], **spec}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, **HERE, "labels": {"app": "web"}},
        "spec": spec,
    }


def deployment(**spec: Any) -> Object:
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = {"selector": {"matchLabels": labels}, "template": template, **spec}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", **HERE}, "spec": spec}


def taints(cluster: Running, name: str = "a") -> list[tuple[str, str]]:
    listed = cluster.get("Node", name)["spec"].get("taints") or ()
    return [(each["key"].removeprefix("node.kubernetes.io/"), each["effect"]) for each in listed]


def report(objects: RecordedObjects, cluster: Running, kind: str, status: str, name: str = "a") -> None:
    """Write a condition of a node, as its kubelet or a person does."""
    node = cluster.get("Node", name)
    conditions = [{**each, "status": status} if each["type"] == kind else each for each in node["status"]["conditions"]]
    objects.update_status({**node, "status": {**node["status"], "conditions": conditions}})


async def test_a_registered_node_is_ready_and_has_no_taints(running: Run) -> None:
    async with running(nodes=TWO) as cluster:
        await cluster.settle()
        assert [taints(cluster, name) for name in "ab"] == [[], []]
        assert times.is_true(cluster.get("Node", "a"), "Ready")


async def test_a_cordoned_node_is_tainted_until_it_is_uncordoned(running: Run) -> None:
    async with running(nodes=TWO) as cluster:
        await cluster.settle()
        cluster.change(cluster.get("Node", "a"), unschedulable=True)
        await cluster.settle()
        assert taints(cluster) == [("unschedulable", "NoSchedule")]
        cluster.change(cluster.get("Node", "a"), unschedulable=False)
        await cluster.settle()
        assert taints(cluster) == []


@pytest.mark.parametrize(
    ("condition", "status", "expected"),
    [
        ("Ready", "False", [("not-ready", "NoSchedule"), ("not-ready", "NoExecute")]),
        ("Ready", "Unknown", [("unreachable", "NoSchedule"), ("unreachable", "NoExecute")]),
        ("MemoryPressure", "True", [("memory-pressure", "NoSchedule")]),
        ("DiskPressure", "True", [("disk-pressure", "NoSchedule")]),
        ("PIDPressure", "True", [("pid-pressure", "NoSchedule")]),
    ],
)
async def test_a_condition_becomes_a_taint_beside_those_of_the_user(
    running: Run, objects: RecordedObjects, condition: str, status: str, expected: list[tuple[str, str]]
) -> None:
    async with running(nodes=TWO) as cluster:
        await cluster.settle()
        cluster.change(cluster.get("Node", "a"), taints=[{"key": "own", "effect": "PreferNoSchedule"}])
        report(objects, cluster, condition, status)
        await cluster.settle()
        assert taints(cluster) == [("own", "PreferNoSchedule"), *expected]


async def test_a_pod_leaves_a_node_with_a_taint_that_it_does_not_tolerate(
    running: Run, objects: RecordedObjects
) -> None:
    tolerating = [{"key": "maintenance", "operator": "Exists"}]
    async with running(nodes=TWO) as cluster:
        objects.create(pod("leaves", nodeName="a"))
        objects.create(pod("stays", nodeName="a", tolerations=tolerating))
        objects.create(pod("elsewhere", nodeName="b"))
        await cluster.settle()
        watch = objects.store.watch("pods")
        cluster.change(cluster.get("Node", "a"), taints=[{"key": "maintenance", "effect": "NoExecute"}])
        await cluster.settle()
        assert [each["metadata"]["name"] for each in cluster.all("Pod")] == ["elsewhere", "stays"]
        condition = times.find(watch.take()[0].object["status"]["conditions"], "DisruptionTarget")
        assert condition is not None
        assert condition["reason"] == "DeletionByTaintManager"


async def test_a_pod_stays_as_long_as_it_tolerates_a_taint(running: Run, objects: RecordedObjects) -> None:
    async with running(nodes=TWO) as cluster:
        for name, seconds in (("short", 20), ("long", 60)):
            toleration = {"key": "t", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds}
            objects.create(pod(name, nodeName="a", tolerations=[toleration]))
        await cluster.settle()
        cluster.change(cluster.get("Node", "a"), taints=[{"key": "t", "effect": "NoExecute"}])
        await cluster.advance(19)
        assert len(cluster.all("Pod")) == 2
        await cluster.advance(1)
        assert [each["metadata"]["name"] for each in cluster.all("Pod")] == ["long"]
        cluster.change(cluster.get("Node", "a"), taints=[])
        await cluster.advance(30)
        cluster.change(cluster.get("Node", "a"), taints=[{"key": "t", "effect": "NoExecute"}])
        await cluster.advance(59)
        assert cluster.find("Pod", "long")
        await cluster.advance(1)
        assert not cluster.find("Pod", "long")


async def test_pods_of_a_lost_node_are_replaced_after_five_minutes_and_end_when_it_returns(
    running: Run, objects: RecordedObjects
) -> None:
    async with running(nodes=TWO[:1]) as cluster:
        objects.create(deployment(replicas=1))
        await cluster.rolled_out()
        report(objects, cluster, "Ready", "Unknown")
        await cluster.advance(299)
        assert len(cluster.all("Pod")) == 1
        await cluster.advance(1)
        (lost, replacement) = sorted(cluster.all("Pod"), key=lambda each: "deletionTimestamp" not in each["metadata"])
        assert lost["status"]["phase"] == "Running"
        assert not replacement["spec"].get("nodeName")
        report(objects, cluster, "Ready", "True")
        await cluster.settle()
        (running_pod,) = cluster.all("Pod")
        assert running_pod["metadata"]["uid"] == replacement["metadata"]["uid"]
        assert times.is_true(running_pod, "Ready")


async def test_a_pod_of_a_lost_node_terminates_until_the_node_is_out_of_service(
    running: Run, objects: RecordedObjects
) -> None:
    async with running(nodes=TWO) as cluster:
        body = deployment(serviceName="web")
        body["kind"] = "StatefulSet"
        objects.create(body)
        await cluster.settle()
        first = cluster.get("Pod", "web-0")
        node = first["spec"]["nodeName"]
        report(objects, cluster, "Ready", "Unknown", node)
        await cluster.advance(300)
        await cluster.advance(600)
        assert cluster.get("Pod", "web-0")["metadata"]["uid"] == first["metadata"]["uid"]
        out = {"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"}
        live = cluster.get("Node", node)
        cluster.change(live, taints=[*live["spec"]["taints"], out])
        await cluster.settle()
        replacement = cluster.get("Pod", "web-0")
        assert replacement["metadata"]["uid"] != first["metadata"]["uid"]
        assert replacement["spec"]["nodeName"] != node


async def test_the_pods_of_a_deleted_node_are_deleted(running: Run, objects: RecordedObjects) -> None:
    async with running(nodes=TWO) as cluster:
        objects.create(deployment(replicas=2))
        await cluster.rolled_out()
        watch = objects.store.watch("pods")
        cluster.delete(cluster.get("Node", "a"))
        await cluster.settle()
        assert {each["spec"]["nodeName"] for each in cluster.all("Pod")} == {"b"}
        last = next(event.object for event in watch.take() if event.type == "DELETED")
        assert last["status"]["phase"] == "Failed"
        condition = times.find(last["status"]["conditions"], "DisruptionTarget")
        assert condition is not None
        assert (condition["reason"], condition["message"]) == ("DeletionByPodGC", "PodGC: node no longer exists")


async def test_a_pod_of_a_node_that_never_existed_does_not_start(running: Run, objects: RecordedObjects) -> None:
    async with running(nodes=TWO) as cluster:
        objects.create(pod(nodeName="absent"))
        await cluster.advance(39)
        assert cluster.get("Pod", "p")["status"]["phase"] == "Pending"
        await cluster.advance(1)
        assert not cluster.find("Pod", "p")


async def test_a_pod_of_a_node_that_is_created_later_starts(running: Run, objects: RecordedObjects) -> None:
    async with running(nodes=TWO) as cluster:
        objects.create(pod(nodeName="c"))
        await cluster.advance(30)
        objects.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "c"}})
        await cluster.advance(30)
        assert times.is_true(cluster.get("Pod", "p"), "Ready")


async def test_a_daemon_set_pod_stays_on_a_node_that_admits_no_new_ones(running: Run, objects: RecordedObjects) -> None:
    async with running(nodes=TWO) as cluster:
        body = deployment()
        body["kind"] = "DaemonSet"
        objects.create(body)
        await cluster.settle()
        before = {each["metadata"]["uid"] for each in cluster.all("Pod")}
        assert len(before) == 2
        cluster.change(cluster.get("Node", "a"), unschedulable=True, taints=[{"key": "t", "effect": "NoSchedule"}])
        await cluster.settle()
        assert {each["metadata"]["uid"] for each in cluster.all("Pod")} == before
        cluster.change(cluster.get("Node", "a"), taints=[{"key": "t", "effect": "NoExecute"}])
        await cluster.settle()
        assert [each["spec"]["nodeName"] for each in cluster.all("Pod")] == ["b"]


async def test_a_node_renews_its_lease(running: Run, objects: RecordedObjects) -> None:
    objects.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-node-lease"}})
    async with running(nodes=TWO, heartbeat=10.0) as cluster:

        def lease() -> Object:
            return cluster.get("Lease", "a", "kube-node-lease")

        await cluster.settle()
        begun = lease()
        assert (begun["spec"]["holderIdentity"], begun["spec"]["leaseDurationSeconds"]) == ("a", 40)
        assert begun["metadata"]["ownerReferences"][0]["kind"] == "Node"
        await cluster.advance(9)
        assert lease() == begun
        await cluster.advance(1)
        assert times.seconds(lease()["spec"]["renewTime"]) - times.seconds(begun["spec"]["renewTime"]) == 10
        cluster.delete(cluster.get("Node", "a"))
        await cluster.settle()
        assert [each["metadata"]["name"] for each in cluster.all("Lease", "kube-node-lease")] == ["b"]
