"""The objects of a fresh cluster, and when they are created."""

from __future__ import annotations

import pytest

from rudr_py.errors import ForbiddenError
from rudr_py.local.access.settings import AccessSettings
from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.local.in_process_client import InProcessClient
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import Object

BARE = LocalSettings(controllers=frozenset())
CLUSTER_ROLE = KindInfo("rbac.authorization.k8s.io/v1", "ClusterRole")
API_SERVICE = KindInfo("apiregistration.k8s.io/v1", "APIService")


def names(client: InProcessClient, api_version: str, kind: str) -> set[str]:
    return {obj["metadata"]["name"] for obj in client.list(KindInfo(api_version, kind))}


async def test_a_fresh_cluster_has_the_objects_of_a_kube_apiserver() -> None:
    async with LocalCluster(BARE) as cluster:
        client = cluster.client
        for api_version, kind in (("v1", "Service"), ("v1", "Endpoints"), ("discovery.k8s.io/v1", "EndpointSlice")):
            assert names(client, api_version, kind) == {"kubernetes"}
        critical = {"system-node-critical", "system-cluster-critical"}
        assert names(client, "scheduling.k8s.io/v1", "PriorityClass") == critical
        assert "exempt" in names(client, "flowcontrol.apiserver.k8s.io/v1", "FlowSchema")
        assert "workload-low" in names(client, "flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration")
        assert {"view", "system:kube-scheduler"} <= names(client, "rbac.authorization.k8s.io/v1", "ClusterRole")
        assert "cluster-admin" in names(client, "rbac.authorization.k8s.io/v1", "ClusterRoleBinding")
        assert "extension-apiserver-authentication-reader" in names(client, "rbac.authorization.k8s.io/v1", "Role")
        assert {"v1.", "v1.apps"} <= names(client, "apiregistration.k8s.io/v1", "APIService")


@pytest.mark.parametrize("release", ["1.25", "1.37"])
async def test_a_release_lacks_the_objects_of_kinds_that_it_does_not_serve(release: str) -> None:
    async with LocalCluster(LocalSettings(controllers=frozenset(), release=release)) as cluster:
        schemas = KindInfo("flowcontrol.apiserver.k8s.io/v1", "FlowSchema")
        assert (cluster.client.resource(schemas) is not None) == (release == "1.37")
        assert len(cluster.client.list(API_SERVICE)) > 10


async def test_objects_that_no_client_reads_are_not_written() -> None:
    async with LocalCluster(BARE) as cluster:
        assert cluster.backend.store.revision < 15
        assert len(cluster.client.list(CLUSTER_ROLE)) > 60
        revision = cluster.backend.store.revision
        assert cluster.client.list(CLUSTER_ROLE)
        assert cluster.backend.store.revision == revision


@pytest.mark.parametrize("access", [None, AccessSettings()])
async def test_aggregated_roles_have_their_rules_when_they_are_first_read(access: AccessSettings | None) -> None:
    async with LocalCluster(LocalSettings(access=access)) as cluster:
        roles = [cluster.client.get(CLUSTER_ROLE, "", name) or {} for name in ("view", "edit", "admin")]
    counts = [len(role["rules"]) for role in roles]
    assert 0 < counts[0] < counts[1] < counts[2]


async def test_the_groups_of_custom_resources_have_api_services() -> None:
    def version(name: str) -> Object:
        schema = {"openAPIV3Schema": {"type": "object"}}
        return {"name": name, "served": True, "storage": name == "v1", "schema": schema}

    async with LocalCluster(BARE) as cluster:
        fruit = {"plural": "apples", "singular": "apple", "kind": "Apple", "listKind": "AppleList"}
        spec = {"group": "example.org", "scope": "Cluster", "names": fruit, "versions": [version("v1"), version("v2")]}
        kind = KindInfo("apiextensions.k8s.io/v1", "CustomResourceDefinition")
        identity = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": "apples.example.org"}}
        cluster.client.create({**identity, "spec": spec})
        live = cluster.client.get(API_SERVICE, "", "v2.example.org")
        assert live is not None
        assert live["spec"]["groupPriorityMinimum"] == 1000
        assert live["status"]["conditions"][0]["reason"] == "Local"
        cluster.client.delete(kind, "", "apples.example.org")
        assert cluster.client.get(API_SERVICE, "", "v2.example.org") is None


async def test_an_api_service_without_its_service_is_unavailable() -> None:
    service = {"name": "metrics", "namespace": "kube-system"}
    priorities = {"groupPriorityMinimum": 100, "versionPriority": 100}
    spec = {"group": "metrics.example.org", "version": "v1", "service": service, **priorities}
    body = {"apiVersion": API_SERVICE.api_version, "kind": API_SERVICE.kind, "spec": spec}
    async with LocalCluster(BARE) as cluster:
        cluster.client.create({**body, "metadata": {"name": "v1.metrics.example.org"}})
        live = cluster.client.get(API_SERVICE, "", "v1.metrics.example.org") or {}
    (condition,) = live["status"]["conditions"]
    assert (condition["status"], condition["reason"]) == ("False", "ServiceNotFound")
    assert condition["message"] == 'service/metrics in "kube-system" is not present'


async def test_a_pod_has_the_priority_of_its_class() -> None:
    def pod(**spec: object) -> Object:
        containers = [{"name": "c", "image": "i"}]
        metadata = {"generateName": "p-", "namespace": "default"}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers, **spec}}

    async with LocalCluster(BARE) as cluster:
        created = cluster.client.create(pod(priorityClassName="system-node-critical"))
        assert created["spec"]["priority"] == 2000001000
        assert cluster.client.create(pod())["spec"]["priority"] == 0
        with pytest.raises(ForbiddenError, match="no PriorityClass with name absent was found"):
            cluster.client.create(pod(priorityClassName="absent"))
        with pytest.raises(ForbiddenError, match=r"the integer value of priority \(5\) must not be provided"):
            cluster.client.create(pod(priority=5))
        default = {"value": 7, "globalDefault": True, "metadata": {"name": "usual"}}
        cluster.client.create({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", **default})
        assert cluster.client.create(pod())["spec"]["priorityClassName"] == "usual"
