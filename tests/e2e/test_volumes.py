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
from tests.e2e.documents import APPLICATION, CLAIM, COMPONENT_INSTANCE, Document, condition, synced
from tests.e2e.volumes import OWN, assert_kept, claim, finalizers, front, is_deleted, mounted, shop, unprotect


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
    await assert_kept(cluster, created)
    assert "ownerReferences" not in (await claim(cluster))["metadata"]
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
    await assert_kept(cluster, created)


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
    await assert_kept(cluster, created)
