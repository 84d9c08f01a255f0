"""A claim of another application is not mounted, taken or deleted by writing its name, but with its consent."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.api import kstatus
from rudr_py.catalog import Catalog
from rudr_py.testing.cluster import Cluster
from tests.e2e import waiting
from tests.e2e.conftest import Server
from tests.e2e.documents import APPLICATION, CLAIM, DEPLOYMENT, EVENT, Document, condition, message, synced
from tests.e2e.volumes import OWN, VOLUME, assert_kept, claim, front, mounted, shop, using

SHARED = "rudr.oam.dev/shared-with"


def implicit() -> Document:
    """A component whose volume has the name of the claim of `shop`, without a volume-mounter."""
    document = front({**VOLUME, "name": OWN})
    document["metadata"]["name"] = "implicit"
    return document


def thief(*traits: Document, component_name: str = "front") -> Document:
    document = shop(*traits, name="other")
    document["spec"]["components"][0]["componentName"] = component_name
    return document


async def refusal(cluster: Cluster, name: str = "other") -> str:
    """The message of the conflict of an application."""
    root = await cluster.until(APPLICATION, name, lambda d: condition(d, "Synced") == "False")
    assert kstatus.condition(root, "Synced")["reason"] == "Conflict"
    return message(root, "Synced")


@pytest.mark.parametrize("document", [thief(using(OWN)), thief(component_name="implicit")])
async def test_a_claim_of_a_living_application_is_not_mounted_by_its_name(
    cluster: Cluster, catalog: Catalog, document: Document
) -> None:
    await cluster.apply(front(), implicit(), shop(mounted()))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.apply(document)
        assert 'instance "shop-web" of application "shop"' in await refusal(cluster)
        assert await cluster.get(DEPLOYMENT, "other-web") is None
        event = await waiting.until_any(cluster, EVENT, lambda d: d["reason"] == "ClaimConflict")
        assert (event["regarding"]["name"], event["type"]) == ("other", "Warning")
        assert f"persistentvolumeclaim/{OWN}" in event["note"]
        await cluster.patch(CLAIM, OWN, {"metadata": {"annotations": {SHARED: "third, other"}}})
        await cluster.until(APPLICATION, "other", synced)
        await cluster.patch(CLAIM, OWN, {"metadata": {"annotations": {SHARED: "third"}}})
        await refusal(cluster)


async def test_the_document_of_the_owner_shares_a_claim(cluster: Cluster, catalog: Catalog) -> None:
    sharing: dict[str, Any] = mounted()
    sharing["properties"]["sharedWith"] = ["other"]
    await cluster.apply(front(), shop(sharing), thief(using(OWN)))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "other", synced)
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.apply(shop(using(OWN), name="third"))
        await refusal(cluster, "third")
        assert await cluster.get(DEPLOYMENT, "third-web") is None
        await cluster.apply(shop(mounted()))
        await cluster.until(CLAIM, OWN, lambda d: SHARED not in d["metadata"].get("annotations", {}))
        await refusal(cluster)


async def test_a_claim_is_not_created_for_pods_of_another_application_that_wait_for_it(
    cluster: Cluster, catalog: Catalog
) -> None:
    await cluster.apply(front(), thief(using(OWN)))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "other", synced)
        await cluster.apply(shop(mounted()))
        assert 'application "other"' in await refusal(cluster, "shop")
        assert await cluster.get(CLAIM, OWN) is None
        await cluster.delete(APPLICATION, "other")
        await cluster.until(APPLICATION, "shop", synced)


async def test_a_retained_claim_is_not_mounted_by_the_name_of_a_volume(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(front(), implicit(), shop(mounted()))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.delete(APPLICATION, "shop")
        await cluster.gone(APPLICATION, "shop")
        await cluster.apply(thief(component_name="implicit"))
        assert 'application "shop"' in await refusal(cluster)
        assert await cluster.get(DEPLOYMENT, "other-web") is None


async def test_the_claim_of_a_refused_application_stays_with_its_owner(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    """By the name of the instance, by claimName, and by adopt, each with reclaim: delete."""
    squatter = thief(mounted("delete"))
    squatter["spec"]["components"][0]["instanceName"] = "shop-web"
    await cluster.apply(front(), shop(mounted()))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        created = await claim(cluster)
        for document in (squatter, thief(using(OWN, adopt=True, reclaim="delete"))):
            await cluster.apply(document)
            await refusal(cluster)
            await cluster.delete(APPLICATION, "other")
            await cluster.gone(APPLICATION, "other")
        await waiting.until_idle(cluster, server.mark, server.writes)
        await assert_kept(cluster, created)
        assert (await claim(cluster))["metadata"]["labels"]["app"] == "shop"


async def test_a_squatted_name_is_reported_to_both_applications(cluster: Cluster, catalog: Catalog) -> None:
    squatter = shop(name="squatter")
    squatter["spec"]["components"][0]["instanceName"] = "shop-web"
    plain = front({**VOLUME, "disk": {"required": "1Gi", "ephemeral": True}})
    await cluster.apply(plain, squatter)
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "squatter", synced)
        await cluster.apply(shop())
        assert 'application "squatter"' in await refusal(cluster, "shop")

        def is_about(name: str, other: str) -> Any:
            text = f'application "{other}"'
            return lambda d: (d["reason"], d["regarding"]["name"]) == ("NameConflict", name) and text in d["note"]

        await waiting.until_any(cluster, EVENT, is_about("shop", "squatter"))
        await waiting.until_any(cluster, EVENT, is_about("squatter", "shop"))
