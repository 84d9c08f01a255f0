"""Two concurrent controllers, as without leader election, converge and become idle."""

from __future__ import annotations

import asyncio
from typing import Any

from rudr_py.catalog import Catalog
from rudr_py.testing.cluster import Cluster
from tests.e2e import waiting
from tests.e2e.conftest import Server
from tests.e2e.documents import (
    APPLICATION,
    AUTO,
    AUTOSCALER,
    DEPLOYMENT,
    FIVE,
    INGRESS,
    INGRESS_TRAIT,
    application,
    component,
    greeting,
    managers,
    synced,
)


async def test_two_controllers_converge_to_the_same_state(cluster: Cluster, catalog: Catalog, server: Server) -> None:
    names = [f"shop-{number}" for number in range(5)]
    # without a controller of Deployments nothing becomes ready, so a deletion after that would wait
    first: dict[str, Any] = {"annotations": {"rudr.oam.dev/removal": "first"}}
    await cluster.apply(component(), *(application(INGRESS_TRAIT, FIVE, name=name, **first) for name in names))
    async with cluster.controller(catalog), cluster.controller(catalog):
        await waiting.until_all(cluster, APPLICATION, set(names), synced)
        await cluster.apply(*(application(AUTO, name=name, greeting="second", **first) for name in names))
        await cluster.patch(DEPLOYMENT, "shop-0-web", {"metadata": {"labels": {"oam.dev/instance-name": None}}})
        await cluster.delete(DEPLOYMENT, "shop-1-web")
        await asyncio.gather(*(cluster.gone(INGRESS, f"{name}-web-trait-ingress") for name in names))
        await waiting.until_all(cluster, APPLICATION, set(names), synced)
        await waiting.until_idle(cluster, server.mark, server.writes)
        for name in names:
            deployment = await cluster.get(DEPLOYMENT, f"{name}-web")
            assert deployment is not None
            assert greeting(deployment) == "second"
            assert ("rudr", "Apply") in managers(deployment)
            # the size is kept from before the autoscaler, except for the deleted Deployment
            assert name == "shop-1" or deployment["spec"]["replicas"] == 5
            assert await cluster.get(AUTOSCALER, f"{name}-web-trait-autoscaler")
            assert await cluster.until(APPLICATION, name, synced)


async def test_two_controllers_revert_drift_once(cluster: Cluster, catalog: Catalog, server: Server) -> None:
    await cluster.apply(component(), application(FIVE))
    async with cluster.controller(catalog), cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await waiting.until_idle(cluster, server.mark, server.writes)
        before = server.mark()
        await cluster.patch(DEPLOYMENT, "shop-web", {"spec": {"replicas": 2}})
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: d["spec"]["replicas"] == 5)
        await waiting.until_idle(cluster, server.mark, server.writes)
        applies = [
            write for write in server.writes(before) if write.startswith("PATCH") and "/deployments/shop-web" in write
        ]
        assert 1 <= len(applies) <= 2
