"""What a platform's operator decides for its users: root scopes, which kinds are admitted, which types there are."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from rudr_py.api import Kind, Scope, Trait
from rudr_py.catalog import Catalog
from rudr_py.settings import Settings
from rudr_py.testing.cluster import ADDRESS, Cluster
from tests.e2e.documents import (
    APPLICATION,
    COMPONENT_INSTANCE,
    NAMESPACE,
    Document,
    application,
    component,
    condition,
    invalid,
    message,
    observed,
    synced,
)

TRAIT = Kind("core.oam.dev/v1alpha1", "Trait")
SCOPE = Kind("core.oam.dev/v1alpha1", "ApplicationScope")
HEALTH_SCOPE = Kind("core.oam.dev/v1alpha1", "HealthScope")
HEALTH: Document = {
    "name": "well",
    "type": "core.oam.dev/v1alpha1.HealthScope",
    "properties": {"probe-method": "kube-get", "probe-endpoint": ".status"},
}
ADMISSION: Document = {
    "apiVersion": "core.oam.dev/v1alpha1",
    "kind": "WorkloadType",
    "metadata": {"name": "robots"},
    "spec": {"group": "acme.example", "version": "v1", "names": {"kind": "Robot", "plural": "robots"}},
}


@pytest.fixture
async def definitions(cluster: Cluster) -> AsyncIterator[Cluster]:
    """A handle on a definitions namespace of the test's own."""
    handle = Cluster(cluster.transport, f"{cluster.namespace}-definitions", cluster.clock)
    await handle.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": handle.namespace}})
    yield handle
    await handle.delete(NAMESPACE, handle.namespace)


def members(scope: Document) -> list[str]:
    return [member["instanceName"] for member in scope.get("status", {}).get("components", ())]


async def test_root_scopes_are_created_on_request_and_take_who_is_in_no_other(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog, settings=Settings(root_scopes=True)):
        found = await cluster.until(APPLICATION, "root", synced)
        types = {scope["type"] for scope in found["spec"]["scopes"]}
        assert types == {offer.name for offer in catalog.offers() if isinstance(offer.provides, Scope)}
        await cluster.until(HEALTH_SCOPE, "root", lambda scope: "shop-web" in members(scope))


async def test_without_the_request_there_are_no_root_scopes(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        assert await cluster.get(APPLICATION, "root") is None


async def test_a_kind_is_admitted_by_the_definitions_namespace_and_not_by_that_of_its_user(
    cluster: Cluster, definitions: Cluster, catalog: Catalog
) -> None:
    robot = component(workloadType="acme.example/v1.Robot", workloadSettings=[{"name": "spec", "value": {"arms": 2}}])
    del robot["spec"]["containers"]
    await cluster.apply(ADMISSION, robot, application())
    async with cluster.controller(catalog, settings=Settings(definitions_namespace=definitions.namespace)):
        refused = await cluster.until(APPLICATION, "shop", invalid)
        assert "acme.example/v1.Robot" in message(refused, "Valid")
        await definitions.apply(ADMISSION)
        admitted = await cluster.until(
            APPLICATION, "shop", lambda found: observed(found) and condition(found, "Valid") == "True"
        )
        # its CRD is not there, which is another matter
        assert condition(admitted, "Synced") != "True"


async def test_the_installed_types_are_found_as_objects(
    cluster: Cluster, definitions: Cluster, catalog: Catalog
) -> None:
    async with cluster.controller(catalog, settings=Settings(definitions_namespace=definitions.namespace)):
        for offer in catalog.offers():
            if isinstance(offer.provides, Trait):
                found = await definitions.until(TRAIT, offer.name, lambda live: bool(live["spec"]["appliesTo"]))
                assert json.loads(found["spec"]["properties"]) == json.loads(json.dumps(offer.schema))
        await definitions.until(SCOPE, "health", lambda live: live["spec"]["allowComponentOverlap"] is True)
        await definitions.until(SCOPE, "network", lambda live: live["spec"]["allowComponentOverlap"] is False)


async def test_a_health_scope_can_be_asked_by_its_name(cluster: Cluster, catalog: Catalog) -> None:
    scope = application(name="watch")
    scope["spec"] = {"scopes": [HEALTH], "components": []}
    await cluster.apply(scope)
    async with cluster.controller(catalog, settings=Settings(health_scope_address=ADDRESS)) as controller:
        await cluster.until(HEALTH_SCOPE, "watch", lambda found: "lastAggregateTimestamp" in found.get("status", {}))
        address = f"http://127.0.0.1:{controller.endpoints.health_scope_port}"
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{address}/watch") as answer:
                assert (answer.status, (await answer.text()).strip()) == (200, "healthy")
            async with session.get(f"{address}/nobody") as answer:
                assert answer.status == 404


@pytest.mark.controllers
async def test_a_component_instance_says_healthy_in_one_word(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(component(), application())
    async with cluster.controller(catalog):
        await cluster.until(COMPONENT_INSTANCE, "web-shop-web", lambda found: found.get("status") == "healthy")
