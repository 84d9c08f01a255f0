"""Volume claims: kept after their application is deleted and used again; deleted with it on request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rudr_py.api import kstatus
from rudr_py.catalog import Catalog
from rudr_py.controller.apply.finalizer import FINALIZER
from rudr_py.testing.cluster import Cluster
from tests.e2e import waiting
from tests.e2e.conftest import Server
from tests.e2e.documents import APPLICATION, COMPONENT_INSTANCE, Document, application, component, condition, synced
from tests.e2e.rudr_objects import CLAIM

OWN = "shop-web-data"
"""The claim of the instance of `shop()`."""

VOLUME = {"name": "data", "mountPath": "/data", "accessMode": "RW", "sharingPolicy": "Exclusive"}


def front(*volumes: Document) -> Document:
    """The component `front`, with one volume by default."""
    document = component("front")
    document["spec"]["containers"][0]["resources"]["volumes"] = list(volumes or (VOLUME,))
    return document


def shop(*traits: Document, name: str = "shop") -> Document:
    """An application of one instance of `front`."""
    document = application(*traits, name=name)
    document["spec"]["components"][0]["componentName"] = "front"
    return document


def mounted(reclaim: str | None = None) -> Document:
    options = {} if reclaim is None else {"reclaim": reclaim}
    return {"name": "volume-mounter", "properties": {"volumeName": "data", "storageClass": "standard", **options}}


def using(claim_name: str, **options: Any) -> Document:
    """A volume-mounter that uses an existing claim."""
    return {"name": "volume-mounter", "properties": {"volumeName": "data", "claimName": claim_name, **options}}


def finalizers(document: Document) -> list[str]:
    return list(document["metadata"].get("finalizers", []))


def is_deleted(document: Document) -> bool:
    return "deletionTimestamp" in document["metadata"]


async def claim(cluster: Cluster) -> Document:
    document = await cluster.get(CLAIM, OWN)
    assert document is not None
    return document


async def unprotect(cluster: Cluster, server: Server) -> None:
    """Remove the protection finalizer of a deleted claim, on clusters without its controller."""
    if not server.has_controllers:
        await cluster.until(CLAIM, OWN, is_deleted)
        await cluster.patch(CLAIM, OWN, {"metadata": {"finalizers": None}})


async def test_a_claim_outlives_its_application_and_is_used_again(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(front(), shop(mounted()))
    async with cluster.controller(catalog):
        root = await cluster.until(APPLICATION, "shop", synced)
        created = await claim(cluster)
        await cluster.delete(APPLICATION, "shop")
        await cluster.gone(APPLICATION, "shop")
        await waiting.until_idle(cluster, server.mark, server.writes)
        await cluster.apply(shop(mounted()))
        await cluster.until(APPLICATION, "shop", synced)
    kept = await claim(cluster)
    assert (kept["metadata"]["uid"], is_deleted(kept)) == (created["metadata"]["uid"], False)
    assert "ownerReferences" not in kept["metadata"]
    assert finalizers(root) == []


async def test_a_claim_is_deleted_with_its_application_on_request(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(front(), shop(mounted("delete")))
    async with cluster.controller(catalog):
        root = await cluster.until(APPLICATION, "shop", synced)
        assert finalizers(root) == [FINALIZER]
        assert "ownerReferences" not in (await claim(cluster))["metadata"]
        await cluster.delete(APPLICATION, "shop")
        await cluster.gone(APPLICATION, "shop")
        await unprotect(cluster, server)
        await cluster.gone(CLAIM, OWN)


async def test_a_claim_is_deleted_after_its_application_was_deleted_without_a_controller(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(front(), shop(mounted("delete")))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
    await cluster.delete(APPLICATION, "shop")
    await cluster.until(APPLICATION, "shop", is_deleted)
    async with cluster.controller(catalog):
        await cluster.gone(APPLICATION, "shop")
        await unprotect(cluster, server)
        await cluster.gone(CLAIM, OWN)


async def test_the_reclaim_policy_of_a_claim_can_be_changed(cluster: Cluster, catalog: Catalog, server: Server) -> None:
    await cluster.apply(front(), shop(mounted("delete")))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", _has_finalizer(True))
        created = await claim(cluster)
        await cluster.apply(shop(mounted()))
        await cluster.until(APPLICATION, "shop", _has_finalizer(False))
        await cluster.apply(shop(mounted("delete")))
        await cluster.until(APPLICATION, "shop", _has_finalizer(True))
        await cluster.apply(shop(mounted("retain")))
        await cluster.until(APPLICATION, "shop", _has_finalizer(False))
        await cluster.delete(APPLICATION, "shop")
        await cluster.gone(APPLICATION, "shop")
        await waiting.until_idle(cluster, server.mark, server.writes)
    kept = await claim(cluster)
    assert (kept["metadata"]["uid"], is_deleted(kept)) == (created["metadata"]["uid"], False)


def _has_finalizer(held: bool) -> Callable[[Document], Any]:
    return lambda document: synced(document) and (finalizers(document) == [FINALIZER]) is held


async def test_a_claim_stays_when_the_application_is_orphaned(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(front(), shop(mounted("delete")))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.delete(APPLICATION, "shop", propagation="Orphan")
        if not server.has_controllers:
            await cluster.until(APPLICATION, "shop", lambda d: finalizers(d) == ["orphan"])
            await cluster.patch(APPLICATION, "shop", {"metadata": {"finalizers": None}})
        await cluster.gone(APPLICATION, "shop")
        await waiting.until_idle(cluster, server.mark, server.writes)
    assert not is_deleted(await claim(cluster))
    assert await cluster.get(COMPONENT_INSTANCE, "front-shop-web") is not None


async def test_a_claim_of_another_application_is_a_conflict_and_stays(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    labels = {"app": "other", "component-name": "front", "instance-name": "other-web", "trait": "volume-mounter"}
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    taken = {"apiVersion": "v1", "kind": CLAIM.kind, "metadata": {"name": OWN, "labels": labels}, "spec": spec}
    await cluster.apply(front(), taken)
    created = await claim(cluster)
    async with cluster.controller(catalog):
        await cluster.apply(shop(mounted("delete")))
        conflicted = await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Synced") == "False")
        assert kstatus.condition(conflicted, "Synced")["reason"] == "Conflict"
        await cluster.delete(APPLICATION, "shop")
        await cluster.gone(APPLICATION, "shop")
        await waiting.until_idle(cluster, server.mark, server.writes)
    kept = await claim(cluster)
    assert (kept["metadata"]["uid"], is_deleted(kept)) == (created["metadata"]["uid"], False)
