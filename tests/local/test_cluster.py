"""A local cluster and its settings."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import aiohttp
import pytest

from rudr_py.errors import LocalApiError
from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.local.scheduling.nodes import NodeSettings
from tests.local.harness import Api

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
METADATA = {"name": "once", "namespace": "default"}


@pytest.mark.parametrize(("release", "policies"), [("1.25", False), ("1.37", True)])
async def test_a_release_serves_its_own_kinds(release: str, policies: bool) -> None:
    settings = LocalSettings(release=release, controllers=frozenset())
    async with LocalCluster(settings) as cluster, aiohttp.ClientSession() as session:
        api = Api(session, cluster.url)
        assert (await api("GET", "/version")).body["minor"] == release.split(".")[1]
        names = {each["name"] for each in (await api("GET", "/apis/admissionregistration.k8s.io/v1")).body["resources"]}
        assert ("validatingadmissionpolicies" in names) is policies


def test_an_unsupported_release_is_rejected() -> None:
    with pytest.raises(LocalApiError, match="choose another release"):
        LocalCluster(LocalSettings(release="1.99"))


async def test_access_reviews_allow_everything_without_access_control(api: Api) -> None:
    body = {"spec": {"resourceAttributes": {"verb": "create", "resource": "pods"}}}
    review = await api.created("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body)
    assert review["status"] == {"allowed": True}


async def test_requests_are_counted(api: Api, cluster: LocalCluster) -> None:
    await api("GET", "/version")
    await api("GET", "/api/v1/pods?limit=1")
    assert [(each.method, each.path, each.status) for each in cluster.requests] == [
        ("GET", "/version", 200),
        ("GET", "/api/v1/pods?limit=1", 200),
    ]


async def test_a_port_in_use_is_reported(cluster: LocalCluster) -> None:
    with pytest.raises(LocalApiError, match="choose another port"):
        await LocalCluster(LocalSettings(port=cluster.port, controllers=frozenset())).start()


async def test_requests_need_the_configured_token() -> None:
    async with LocalCluster(LocalSettings(token="t", controllers=frozenset())) as cluster:
        token = cluster.kubeconfig()["users"][0]["user"]["token"]
        async with aiohttp.ClientSession() as session:
            assert (await Api(session, cluster.url)("GET", "/api/v1/pods")).status == 401
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
            assert (await Api(session, cluster.url)("GET", "/api/v1/pods")).status == 200


async def test_a_pod_ends_although_the_clock_is_a_constant() -> None:
    async with LocalCluster(LocalSettings(clock=lambda: NOON)) as cluster, asyncio.timeout(60):
        spec = {"restartPolicy": "Never", "containers": [{"name": "main", "image": "registry.example/main:1"}]}
        watched = cluster.client.watch()
        cluster.client.create({"apiVersion": "v1", "kind": "Pod", "metadata": METADATA, "spec": spec})
        async for _, live in watched:
            if live["kind"] == "Pod" and live["status"].get("phase") == "Succeeded":
                return


def test_a_cluster_has_one_node_by_default() -> None:
    assert LocalSettings().nodes == (NodeSettings(name="local", cpu="4", memory="16Gi", pods=110),)
