"""Limits of a cluster: capacity of nodes, missing claims, and quotas. Applications report what is lacking."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
import yaml

from rudr_py.api import Kind, kstatus
from rudr_py.catalog import Catalog
from rudr_py.local.cluster import LocalCluster
from rudr_py.local.registry.resources import KindInfo
from rudr_py.model.identity import API_VERSION
from rudr_py.testing.cluster import SETTINGS, Cluster
from tests.e2e.conftest import Server
from tests.e2e.documents import (
    APPLICATION,
    DEPLOYMENT,
    JOB,
    POD,
    REPLICA_SET,
    Document,
    application,
    component,
    condition,
    message,
)

pytestmark = pytest.mark.controllers

QUOTA = Kind("v1", "ResourceQuota")
EVENT = Kind("v1", "Event")
INSTANCE = Kind(API_VERSION, "ComponentInstance")
NODE = KindInfo("v1", "Node")
SENSOR = "ext.example.com/motionsensor"


@pytest.fixture
def local(server: Server, cluster: Cluster) -> LocalCluster:
    """The local API, whose node has 64 CPUs and 64Gi of memory. Nodes of a real cluster must not be changed."""
    if server.local is None:
        pytest.skip("the capacity of a real cluster is unknown")
    return server.local


def worker(resources: str, workload: str = "Worker", name: str = "web") -> Document:
    container = {"name": "main", "image": "registry.example/web:1", "resources": yaml.safe_load(resources)}
    return component(name, workloadType=f"core.oam.dev/v1alpha1.{workload}", containers=[container])


def scaled(replicas: int) -> Document:
    return application({"name": "manual-scaler", "properties": {"replicaCount": replicas}})


def quota(pods: int) -> Document:
    hard = {"pods": str(pods)}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": hard}}


def ready(document: Document) -> bool:
    return condition(document, "Ready") == "True"


def unready(reason: str) -> Any:
    return lambda document: kstatus.condition(document, "Ready").get("reason") == reason


async def warnings(cluster: Cluster, reason: str) -> list[str]:
    """The messages of the events with a reason."""
    return [event["message"] for event in await cluster.list(EVENT) if event["reason"] == reason]


def grow(local: LocalCluster, capacity: dict[str, str]) -> None:
    """Increase the allocatable resources of the node, as its kubelet does."""
    node = local.client.get(NODE, "", "local")
    assert node is not None
    allocatable = {**node["status"]["allocatable"], **capacity}
    local.client.update_status({**node, "status": {**node["status"], "allocatable": allocatable}})


@pytest.mark.parametrize(
    ("resources", "lacking", "capacity"),
    [
        ("{cpu: {required: 1}, memory: {required: 1P}}", "memory", {"memory": "2P"}),
        ("{cpu: {required: 100}}", "cpu", {"cpu": "101"}),
        ("{cpu: {required: 1}, gpu: {required: 1}}", "nvidia.com/gpu", {"nvidia.com/gpu": "1"}),
        ("{extended: [{name: ext.example.com/v1.MotionSensor, required: '1'}]}", SENSOR, {SENSOR: "1"}),
    ],
    ids=["memory", "cpu", "gpu", "extended"],
)
async def test_nothing_of_an_application_is_deployed_until_its_resources_are_available(
    cluster: Cluster, catalog: Catalog, local: LocalCluster, resources: str, lacking: str, capacity: dict[str, str]
) -> None:
    shop = application()
    shop["spec"]["components"].insert(0, {"componentName": "small", "instanceName": "shop-small"})
    await cluster.apply(worker(resources), worker("{cpu: {required: 1}}", name="small"), shop)
    async with cluster.controller(catalog):
        shop = await cluster.until(APPLICATION, "shop", unready("InsufficientResources"))
        assert condition(shop, "Synced") == "False"
        assert f" of {lacking}, and " in message(shop, "Ready")
        assert "shop-web" in message(shop, "Ready")
        for kind in (INSTANCE, DEPLOYMENT, POD):
            assert await cluster.list(kind) == []
        assert any(lacking in note for note in await warnings(cluster, "InsufficientResources"))
        grow(local, capacity)
        await cluster.until(APPLICATION, "shop", ready)


async def test_with_a_warning_only_the_scheduler_reports_what_is_lacking(
    cluster: Cluster, catalog: Catalog, local: LocalCluster
) -> None:
    await cluster.apply(worker("{cpu: {required: 100}}"), application())
    async with cluster.controller(catalog, settings=msgspec.structs.replace(SETTINGS, check_resources="warn")):
        shop = await cluster.until(APPLICATION, "shop", unready("Unschedulable"))
        assert "Insufficient cpu" in message(shop, "Ready")
        (pod,) = await cluster.list(POD)
        assert pod["status"]["phase"] == "Pending"
        assert "nodeName" not in pod["spec"]
        assert message(pod, "PodScheduled").startswith("0/1 nodes are available: 1 Insufficient cpu.")
        assert await warnings(cluster, "FailedScheduling") == [message(pod, "PodScheduled")]
        grow(local, {"cpu": "101"})
        await cluster.until(APPLICATION, "shop", ready)


async def test_a_cluster_whose_nodes_come_from_a_cloud_provider_may_add_a_larger_one(
    cluster: Cluster, catalog: Catalog, local: LocalCluster
) -> None:
    node = local.client.get(NODE, "", "local")
    assert node is not None
    local.client.update({**node, "spec": {**node["spec"], "providerID": "aws:///eu-central-1a/i-0123456789abcdef0"}})
    await cluster.apply(worker("{cpu: {required: 100}}"), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", unready("Unschedulable"))


async def test_a_running_application_stays_when_its_node_shrinks_or_an_update_needs_too_much(
    cluster: Cluster, catalog: Catalog, local: LocalCluster
) -> None:
    await cluster.apply(worker("{cpu: {required: 8}}"), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
        grow(local, {"cpu": "4"})
        await cluster.apply(scaled(2))
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: d["spec"].get("replicas") == 2)
        await cluster.apply(worker("{cpu: {required: 65}}"))
        shop = await cluster.until(APPLICATION, "shop", unready("InsufficientResources"))
        assert "a pod requests 65 of cpu, and the largest node has 4" in message(shop, "Ready")
        deployment = await cluster.get(DEPLOYMENT, "shop-web")
        assert deployment is not None
        assert deployment["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"] == "8"


async def test_an_instance_waits_until_another_one_is_deleted(
    cluster: Cluster, catalog: Catalog, local: LocalCluster
) -> None:
    await cluster.apply(worker("{cpu: {required: 40}}"), application(name="first"))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "first", ready)
        await cluster.apply(application(name="second"))
        second = await cluster.until(APPLICATION, "second", unready("Unschedulable"))
        assert "Insufficient cpu" in message(second, "Ready")
        await cluster.delete(APPLICATION, "first")
        await cluster.until(APPLICATION, "second", ready)


async def test_a_component_for_another_operating_system_is_not_started(
    cluster: Cluster, catalog: Catalog, local: LocalCluster
) -> None:
    await cluster.apply(component("web", osType="windows"), application())
    async with cluster.controller(catalog):
        shop = await cluster.until(APPLICATION, "shop", unready("Unschedulable"))
        assert "node(s) didn't match Pod's node affinity/selector" in message(shop, "Ready")


async def test_a_pod_waits_until_the_claim_of_its_volume_exists(
    cluster: Cluster, catalog: Catalog, local: LocalCluster
) -> None:
    volume = "{name: settings, mountPath: /var/lib/web, accessMode: RW, sharingPolicy: Exclusive}"
    await cluster.apply(worker(f"{{volumes: [{volume}]}}"), application())
    async with cluster.controller(catalog):
        shop = await cluster.until(APPLICATION, "shop", unready("Unschedulable"))
        assert 'persistentvolumeclaim "settings" not found' in message(shop, "Ready")
        spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "settings"}, "spec": spec}
        await cluster.apply(claim)
        await cluster.until(APPLICATION, "shop", ready)


async def test_a_quota_that_admits_some_replicas_is_reported_until_it_is_raised(
    cluster: Cluster, catalog: Catalog, local: LocalCluster
) -> None:
    await cluster.apply(quota(1), component(), scaled(2))
    async with cluster.controller(catalog):
        shop = await cluster.until(APPLICATION, "shop", unready("QuotaExceeded"))
        assert "exceeded quota: q" in message(shop, "Ready")
        deployment = await cluster.until(
            DEPLOYMENT,
            "shop-web",
            lambda live: condition(live, "ReplicaFailure") == "True" and live["status"].get("readyReplicas") == 1,
        )
        (replica_set,) = await cluster.list(REPLICA_SET)
        assert message(deployment, "ReplicaFailure") == message(replica_set, "ReplicaFailure")
        assert kstatus.condition(replica_set, "ReplicaFailure")["reason"] == "FailedCreate"
        warning, *_ = await warnings(cluster, "FailedCreate")
        assert warning.startswith('Error creating: pods "shop-web-')
        await cluster.apply(quota(2))
        await cluster.until(APPLICATION, "shop", ready)
        assert not kstatus.condition(await cluster.get(DEPLOYMENT, "shop-web") or {}, "ReplicaFailure")


async def test_a_task_that_a_quota_refuses_runs_when_the_quota_is_deleted(
    cluster: Cluster, catalog: Catalog, local: LocalCluster
) -> None:
    await cluster.apply(quota(0), worker("{}", "Task"), application())
    async with cluster.controller(catalog):
        await cluster.until(JOB, "shop-web", lambda live: "startTime" in live.get("status", {}))
        await cluster.until(EVENT, "", lambda event: event["reason"] == "FailedCreate")
        warning, *_ = await warnings(cluster, "FailedCreate")
        assert warning.startswith('Error creating: pods "shop-web-')
        await cluster.delete(QUOTA, "q")
        await cluster.until(APPLICATION, "shop", ready)
