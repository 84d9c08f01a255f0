"""From an autoscaler to a fixed size: the autoscaler is deleted before the size is set."""

from __future__ import annotations

from rudr_py.catalog import Catalog
from rudr_py.testing.cluster import Cluster
from tests.e2e.conftest import Server
from tests.e2e.documents import APPLICATION, AUTO, AUTOSCALER, DEPLOYMENT, FIVE, application, component, synced


async def test_an_autoscaler_is_deleted_before_the_size_is_fixed(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(component(), application(AUTO))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.until(AUTOSCALER, "shop-web-trait-autoscaler", bool)
        before = server.mark()
        await cluster.apply(application(FIVE))
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: d["spec"].get("replicas") == 5)
        await cluster.gone(AUTOSCALER, "shop-web-trait-autoscaler")
        await cluster.until(APPLICATION, "shop", synced)
    written = server.writes(before)
    deleted = next(n for n, write in enumerate(written) if write.startswith("DELETE") and "autoscaler" in write)
    sized = next(n for n, write in enumerate(written) if write.startswith("PATCH") and "deployments/shop-web" in write)
    assert deleted < sized


async def test_an_autoscaler_of_another_target_is_pruned_last(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(component(), application(AUTO))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        before = server.mark()
        await cluster.apply(application(greeting="no size at all"))
        await cluster.gone(AUTOSCALER, "shop-web-trait-autoscaler")
    # servers send watch events before they record the request
    written = server.writes(before)
    deleted = next(n for n, write in enumerate(written) if write.startswith("DELETE") and "autoscaler" in write)
    changed = next(
        n for n, write in enumerate(written) if write.startswith("PATCH") and "deployments/shop-web" in write
    )
    assert changed < deleted
