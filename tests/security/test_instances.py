"""An application that names the instances of another one neither changes nor deletes their objects."""

from __future__ import annotations

from rudr_py.api import Kind, kstatus
from rudr_py.catalog import Catalog
from rudr_py.model.kinds import APPLICATION, COMPONENT_INSTANCE, DEPLOYMENT
from rudr_py.plugins import rights
from tests.e2e import rbac_cluster
from tests.e2e.documents import INGRESS_TRAIT, condition, synced
from tests.e2e.rbac_cluster import RbacCluster
from tests.security import attacks

INGRESS = Kind("networking.k8s.io/v1", "Ingress")
OBJECTS = ((DEPLOYMENT, "shop-web"), (COMPONENT_INSTANCE, "web-shop-web"), (INGRESS, "shop-web-trait-ingress"))


async def contents(cluster: RbacCluster) -> list[object]:
    """The identity and the spec of the objects of the victim."""
    live = [await cluster.admin.get(kind, name) for kind, name in OBJECTS]
    return [(one["metadata"]["uid"], one["metadata"].get("labels"), one.get("spec")) for one in live if one is not None]


async def test_an_instance_of_another_application_is_a_conflict_and_stays(
    cluster: RbacCluster, catalog: Catalog
) -> None:
    admin = cluster.admin
    await cluster.grant(rights.needed(catalog))
    web = attacks.component("web", "core.oam.dev/v1alpha1.Server")
    web["spec"]["containers"][0]["ports"] = [{"name": "http", "containerPort": 80}]
    evil = {**web, "metadata": {"name": "evil"}}
    await admin.apply(web, evil, attacks.application("shop", "web", "shop-web", traits=[INGRESS_TRAIT]))
    async with rbac_cluster.controlled(cluster, catalog):
        await admin.until(APPLICATION, "shop", synced)
        before = await contents(cluster)
        assert len(before) == len(OBJECTS)
        for name in ("web", "evil"):
            await admin.apply(attacks.application(f"rival-{name}", name, "shop-web", traits=[INGRESS_TRAIT]))
            refused = await admin.until(APPLICATION, f"rival-{name}", lambda d: condition(d, "Synced") == "False")
            assert kstatus.condition(refused, "Synced")["reason"] == "Conflict"
            await admin.delete(APPLICATION, f"rival-{name}")
            await admin.gone(APPLICATION, f"rival-{name}")
        assert await contents(cluster) == before
