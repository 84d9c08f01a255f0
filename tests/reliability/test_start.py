"""A start over applications that are as their statuses describe them: nothing is rendered."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rudr_py import catalog as catalogs
from rudr_py.api import Kind, Rendered, Trait, TraitContext
from rudr_py.catalog import Catalog, Offer
from rudr_py.model.identity import API_VERSION
from rudr_py.settings import Settings
from rudr_py.testing.cluster import SETTINGS, Cluster
from tests.e2e import waiting
from tests.e2e.conftest import Server
from tests.e2e.documents import (
    APPLICATION,
    AUTO,
    COMPONENT_INSTANCE,
    DEPLOYMENT,
    application,
    component,
    condition,
    greeting,
)

pytestmark = [pytest.mark.controllers, pytest.mark.faults]


class Counted(Trait[dict[str, Any]]):
    """Adds nothing, and counts how many times that was rendered."""

    name = "counted"
    properties = {"type": "object"}  # noqa: RUF012 - as authors write it

    def __init__(self) -> None:
        self.renders = 0

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
        self.renders += 1
        return Rendered()


class Counting:
    """The installed types and the trait `counted`."""

    def __init__(self, catalog: Catalog) -> None:
        self.trait = Counted()
        offer: Offer[Trait[Any]] = catalogs.offer(self.trait, package="acme 1.0")
        self.catalog = msgspec.structs.replace(catalog, traits={**catalog.traits, "counted": offer})


def settings(cluster: Cluster, **fields: Any) -> Settings:
    return msgspec.structs.replace(SETTINGS, definitions_namespace=cluster.namespace, **fields)


@pytest.fixture
async def rested(cluster: Cluster, catalog: Catalog, server: Server) -> Cluster:
    """A cluster with an application that a controller has left at rest."""
    await cluster.apply(component(), application({"name": "counted"}, AUTO))
    async with cluster.controller(Counting(catalog).catalog, settings=settings(cluster)) as controller:
        await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Ready") == "True")
        # objects may have changed since the status was written, without an effect on it: it is written once more
        target = await cluster.target(APPLICATION, "shop", "status")
        await cluster.client.merge_patch(target, msgspec.json.encode({"status": {"phase": "Add"}}), "another")
        await cluster.until(APPLICATION, "shop", lambda d: d["status"]["phase"] == "synced")
        await controller.idle()
    return cluster


async def test_a_start_renders_and_writes_nothing_where_nothing_has_changed(
    rested: Cluster, catalog: Catalog, server: Server
) -> None:
    counting, before = Counting(catalog), server.mark()
    async with rested.controller(counting.catalog, settings=settings(rested, workers=3)) as controller:
        await waiting.until_reconciled(controller, 1)
        await controller.idle()
    assert (counting.trait.renders, server.writes(before)) == (0, [])


async def test_a_changed_object_is_reverted_at_a_start(rested: Cluster, catalog: Catalog) -> None:
    container = (await waiting.existing(rested, DEPLOYMENT, "shop-web"))["spec"]["template"]["spec"]["containers"][0]
    changed = {**container, "image": "registry.example/other:1"}
    await rested.patch(DEPLOYMENT, "shop-web", {"spec": {"template": {"spec": {"containers": [changed]}}}})
    async with rested.controller(Counting(catalog).catalog, settings=settings(rested)):
        await rested.until(DEPLOYMENT, "shop-web", lambda d: "registry.example/web:1" in str(d["spec"]))


def statement(status: Any) -> Any:
    """The status without the checkpoint, which depends on the versions of objects."""
    return {**status, "checkpoint": ""} if isinstance(status, dict) else status


@pytest.mark.parametrize("kind", [APPLICATION, COMPONENT_INSTANCE], ids=str)
async def test_a_status_that_was_changed_is_restored_at_a_start(rested: Cluster, catalog: Catalog, kind: Kind) -> None:
    (live,) = await rested.list(kind)
    status = live["status"] if kind == APPLICATION else "healthy"
    name, altered = live["metadata"]["name"], {"phase": "Add"} if kind == APPLICATION else "unhealthy"
    target = await rested.target(kind, name, "status")
    await rested.client.merge_patch(target, msgspec.json.encode({"status": altered}), "another")
    async with rested.controller(Counting(catalog).catalog, settings=settings(rested)):
        await rested.until(kind, name, lambda d: statement(d["status"]) == statement(status))


async def test_an_application_that_was_not_rendered_at_the_start_follows_later_changes(
    rested: Cluster, catalog: Catalog
) -> None:
    counting = Counting(catalog)
    async with rested.controller(counting.catalog, settings=settings(rested)) as controller:
        await waiting.until_reconciled(controller, 1)
        await controller.idle()
        assert counting.trait.renders == 0
        name = {"apiVersion": API_VERSION, "kind": "Trait", "metadata": {"name": "autoscaler"}}
        await rested.apply({**name, "spec": {"appliesTo": ["*"]}})
        await waiting.until_true(lambda: counting.trait.renders > 0)
        await rested.apply(application({"name": "counted"}, AUTO, greeting="edited"))
        await rested.until(DEPLOYMENT, "shop-web", lambda d: greeting(d) == "edited")
