"""The end of what blocks an application is watched: the application is reconciled within a second, without polling."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.errors import Right
from rudr_py.local.http.routing import Route
from rudr_py.model.identity import API_VERSION
from rudr_py.plugins import rights
from rudr_py.settings import Settings
from rudr_py.testing.cluster import Cluster
from tests.e2e import rbac_cluster, waiting
from tests.e2e.conftest import Server
from tests.e2e.documents import (
    APPLICATION,
    COMPONENT_INSTANCE,
    CRD,
    SERVICE,
    Document,
    application,
    component,
    condition,
    message,
    observed,
    synced,
)
from tests.e2e.rbac_cluster import RbacCluster

SOON = 15.0
"""A timeout in seconds, short of every interval of the controller's polls."""

QUOTA = Kind("v1", "ResourceQuota")
PATIENT = Settings(refused_retry=3600.0, status_interval=0.1)
"""A controller that does not send refused requests again by itself."""


def reports(text: str) -> Callable[[Document], bool]:
    return lambda d: observed(d) and condition(d, "Synced") == "False" and text in message(d, "Synced")


def quota(deployments: int) -> Document:
    hard = {"count/deployments.apps": str(deployments)}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "limits"}, "spec": {"hard": hard}}


def tenants(scope: str) -> Document:
    """The CRD of an extended workload type."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": CRD.api_version,
        "kind": CRD.kind,
        "metadata": {"name": "tenants.example.com"},
        "spec": {
            "group": "example.com",
            "scope": scope,
            "names": {"plural": "tenants", "singular": "tenant", "kind": "Tenant", "listKind": "TenantList"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


def watched(server: Server, plural: str) -> list[Route]:
    """The watches of single objects of a kind, or of a kind that has no permanent watch."""
    assert server.local is not None
    routes = server.local.server.open_watches.values()
    return [route for route in routes if route.resource is not None and route.resource.plural == plural]


@pytest.mark.controllers
async def test_an_application_resumes_when_its_terminating_predecessor_is_deleted(
    cluster: Cluster, catalog: Catalog
) -> None:
    """The application is renamed: a tool applies the new document first and deletes the old one then."""
    renamed = application(name="renamed")
    renamed["spec"]["components"][0]["instanceName"] = "shop-web"
    await cluster.apply(component(), application())
    async with cluster.controller(catalog, settings=PATIENT):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.apply(renamed)
        await cluster.until(APPLICATION, "renamed", reports('belongs to application "shop"'))
        await cluster.delete(APPLICATION, "shop")
        await cluster.until(APPLICATION, "renamed", synced, seconds=SOON)


@pytest.mark.parametrize("change", ["deleted", "handed over"])
async def test_an_application_resumes_when_the_object_of_another_client_is_deleted_or_handed_over(
    cluster: Cluster, catalog: Catalog, change: str
) -> None:
    spec = {"ports": [{"name": "http", "port": 8080}]}
    await cluster.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop-web"}, "spec": spec})
    await cluster.apply(component(), application())
    async with cluster.controller(catalog, settings=PATIENT):
        await cluster.until(APPLICATION, "shop", reports("service/shop-web already exists"))
        if change == "deleted":
            await cluster.delete(SERVICE, "shop-web")
        else:
            root = await cluster.get(COMPONENT_INSTANCE, "web-shop-web")
            assert root is not None
            owner = {"apiVersion": root["apiVersion"], "kind": root["kind"], "controller": True}
            reference = {**owner, "name": "web-shop-web", "uid": root["metadata"]["uid"]}
            await cluster.patch(SERVICE, "shop-web", {"metadata": {"ownerReferences": [reference]}})
        await cluster.until(APPLICATION, "shop", synced, seconds=SOON)


async def test_an_application_resumes_when_an_unlabelled_object_under_deletion_is_gone(
    cluster: Cluster, catalog: Catalog
) -> None:
    hold = {"name": "shop-web", "finalizers": ["example.com/hold"]}
    await cluster.apply(
        {"apiVersion": "v1", "kind": "Service", "metadata": hold, "spec": {"ports": [{"name": "http", "port": 8080}]}},
        component(),
        application(),
    )
    await cluster.delete(SERVICE, "shop-web")
    async with cluster.controller(catalog, settings=PATIENT):
        await cluster.until(APPLICATION, "shop", reports("service/shop-web is being deleted"))
        await cluster.patch(SERVICE, "shop-web", {"metadata": {"finalizers": None}})
        await cluster.until(APPLICATION, "shop", synced, seconds=SOON)


@pytest.mark.faults
@pytest.mark.parametrize("change", ["raised", "deleted", "freed"])
async def test_an_application_resumes_when_the_quota_that_refused_an_object_has_room(
    cluster: Cluster, catalog: Catalog, server: Server, change: str
) -> None:
    other = application(name="other")
    await cluster.apply(component(), other, quota(1))
    async with cluster.controller(catalog, settings=PATIENT):
        await cluster.until(APPLICATION, "other", synced)
        await cluster.apply(application())
        await cluster.until(APPLICATION, "shop", reports("exceeded quota"))
        await waiting.until_true(lambda: len(watched(server, "resourcequotas")) == 1)
        if change == "raised":
            await cluster.apply(quota(2))
        elif change == "deleted":
            await cluster.delete(QUOTA, "limits")
        else:
            await cluster.delete(APPLICATION, "other")
        await cluster.until(APPLICATION, "shop", synced, seconds=SOON)
        if change != "deleted":
            await cluster.delete(QUOTA, "limits")
        await waiting.until_idle(cluster, server.mark, server.writes)
        assert watched(server, "resourcequotas") == []


@pytest.mark.faults
async def test_a_watch_of_a_blocker_ends_with_the_application(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(component(), application(), quota(0))
    async with cluster.controller(catalog, settings=PATIENT):
        await cluster.until(APPLICATION, "shop", reports("exceeded quota"))
        await waiting.until_true(lambda: len(watched(server, "resourcequotas")) == 1)
        await cluster.delete(APPLICATION, "shop")
        await cluster.delete(QUOTA, "limits")
        await cluster.gone(APPLICATION, "shop")
        await waiting.until_idle(cluster, server.mark, server.writes)
        assert watched(server, "resourcequotas") == []


@pytest.fixture
async def granted(tmp_path: Path) -> AsyncIterator[RbacCluster]:
    """The local API with access control, and an account without rights."""
    async with rbac_cluster.local(tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("verb", ["patch", "watch"])
async def test_an_application_resumes_when_a_missing_right_is_granted(
    granted: RbacCluster, catalog: Catalog, verb: str
) -> None:
    needed = rights.needed(catalog)
    lacking = rbac_cluster.without(needed, Right(verb, "deployments", "apps"))
    waits = {"waits": needed.waits, "cluster_waits": needed.cluster_waits}
    await granted.grant(msgspec.structs.replace(lacking, **waits))
    async with rbac_cluster.controlled(granted, catalog, refused_retry=3600.0):
        await granted.admin.apply(component(), application())
        await granted.admin.until(APPLICATION, "shop", reports(f"may not {verb} deployments.apps"))
        await granted.grant(needed)
        await granted.admin.until(APPLICATION, "shop", synced, seconds=SOON)


@pytest.mark.parametrize("scope", ["Namespaced", "Cluster"])
async def test_an_application_is_reconciled_when_a_missing_kind_is_served(
    cluster: Cluster, catalog: Catalog, scope: str
) -> None:
    """A cluster-scoped kind is of no use for an application either, and the status states that instead."""
    group = {"group": "example.com", "version": "v1", "names": {"kind": "Tenant", "plural": "tenants"}}
    metadata = {"name": "tenants.example.com"}
    admitting = {"apiVersion": API_VERSION, "kind": "WorkloadType", "metadata": metadata, "spec": group}
    tenant = component(workloadType="example.com/v1.Tenant", containers=[])
    tenant["spec"]["workloadSettings"] = [{"name": "spec", "value": {"size": 1}}]
    settings = msgspec.structs.replace(PATIENT, definitions_namespace=cluster.namespace)
    await cluster.apply(admitting, tenant, application())
    async with cluster.controller(catalog, settings=settings):
        await cluster.until(APPLICATION, "shop", reports("does not serve kind Tenant"))
        await cluster.apply(tenants(scope))
        expected = synced if scope == "Namespaced" else reports("is in no namespace")
        try:
            await cluster.until(APPLICATION, "shop", expected, seconds=SOON)
        finally:
            await cluster.delete(CRD, "tenants.example.com")
            await cluster.gone(CRD, "tenants.example.com")
