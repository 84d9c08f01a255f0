"""The documents in force decide what is deleted, and a claim that a living application mounts is kept."""

from __future__ import annotations

import pytest

from rudr_py.catalog import Catalog
from rudr_py.controller.apply.finalizer import FINALIZER
from rudr_py.testing.cluster import Cluster
from tests.e2e import waiting
from tests.e2e.conftest import Server
from tests.e2e.documents import APPLICATION, CLAIM, COMPONENT, EVENT, condition, invalid, synced
from tests.e2e.volumes import OWN, assert_kept, claim, finalizers, front, mounted, shop, unprotect, using


async def delete_shop(cluster: Cluster, server: Server) -> None:
    await cluster.delete(APPLICATION, "shop")
    await cluster.gone(APPLICATION, "shop")
    await waiting.until_idle(cluster, server.mark, server.writes)


async def kept_events(cluster: Cluster) -> list[str]:
    return [event["note"] for event in await cluster.list(EVENT) if event["reason"] == "ObjectKept"]


async def test_a_claim_stays_if_the_document_retains_it_while_its_component_is_missing(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(front(), shop(mounted("delete")))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        created = await claim(cluster)
        await cluster.delete(COMPONENT, "front")
        await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Valid") == "False")
        await cluster.apply(shop(mounted("retain")))
        await cluster.until(APPLICATION, "shop", invalid)
        await delete_shop(cluster, server)
        (note,) = await kept_events(cluster)
    await assert_kept(cluster, created)
    assert note.startswith("persistentvolumeclaim/shop-web-data is kept: ")


async def test_a_claim_is_deleted_if_its_component_is_deleted_together_with_the_application(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(front(), shop(mounted("delete")))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.delete(COMPONENT, "front")
        await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Valid") == "False")
        await cluster.delete(APPLICATION, "shop")
        await cluster.gone(APPLICATION, "shop")
        await unprotect(cluster, server)
        await cluster.gone(CLAIM, OWN)


@pytest.mark.parametrize("reclaim", ["retain", "[fromVariable(policy)]"])
async def test_a_claim_stays_if_the_document_changes_without_a_controller(
    cluster: Cluster, catalog: Catalog, server: Server, reclaim: str
) -> None:
    """The second value refers to a variable that does not exist, so the document cannot be read."""
    await cluster.apply(front(), shop(mounted("delete")))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        created = await claim(cluster)
    await cluster.apply(shop(mounted(reclaim)))
    await cluster.delete(APPLICATION, "shop")
    async with cluster.controller(catalog):
        await cluster.gone(APPLICATION, "shop")
        await waiting.until_idle(cluster, server.mark, server.writes)
    await assert_kept(cluster, created)


async def test_a_claim_stays_if_its_trait_is_removed_from_a_living_application(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(front(), shop(mounted("delete")))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        created = await claim(cluster)
        await cluster.apply(shop())
        await cluster.until(APPLICATION, "shop", lambda d: synced(d) and finalizers(d) == [])
        await waiting.until_idle(cluster, server.mark, server.writes)
        await assert_kept(cluster, created)
        await delete_shop(cluster, server)
    await assert_kept(cluster, created)


async def test_a_claim_stays_if_its_instance_is_removed(cluster: Cluster, catalog: Catalog, server: Server) -> None:
    document = shop(mounted("delete"))
    await cluster.apply(front(), document)
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        created = await claim(cluster)
        document["spec"]["components"][0] = {"componentName": "front", "instanceName": "other"}
        await cluster.apply(document)
        await cluster.until(APPLICATION, "shop", synced)
        await waiting.until_idle(cluster, server.mark, server.writes)
    await assert_kept(cluster, created)


async def test_a_claim_that_another_application_mounts_stays(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    shared = mounted("delete")
    shared["properties"]["sharedWith"] = ["reader"]
    await cluster.apply(front(), shop(shared), shop(using(OWN), name="reader"))
    async with cluster.controller(catalog):
        root = await cluster.until(APPLICATION, "shop", synced)
        await cluster.until(APPLICATION, "reader", synced)
        assert finalizers(root) == [FINALIZER]
        created = await claim(cluster)
        await delete_shop(cluster, server)
        (note,) = await kept_events(cluster)
    await assert_kept(cluster, created)
    assert 'of application "reader" mounts it' in note
