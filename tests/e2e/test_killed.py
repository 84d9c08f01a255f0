"""A controller can be killed after any write; the next one converges."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

import pytest

from rudr_py.catalog import Catalog
from rudr_py.kube.requests import Request
from rudr_py.testing.cluster import TIMEOUT, Cluster, killed
from tests.e2e import waiting
from tests.e2e.documents import (
    APPLICATION,
    AUTO,
    AUTOSCALER,
    DEPLOYMENT,
    FIVE,
    INGRESS,
    INGRESS_TRAIT,
    Document,
    application,
    component,
    greeting,
    managers,
    synced,
)
from tests.e2e.waiting import InterceptingTransport

THREE = {"name": "manual-scaler", "properties": {"replicaCount": 3}}
AFTER = pytest.mark.parametrize("after", range(1, 6), ids="after {} writes".format)


def nth_write(number: int) -> Callable[[Request], bool]:
    """Matches the n-th write of a controller; Events are not counted, because they are asynchronous."""
    counter = itertools.count(1)

    def matches(request: Request) -> bool:
        return request.method != "GET" and "/events" not in request.path and next(counter) == number

    return matches


async def run_until_cut(cluster: Cluster, catalog: Catalog, matches: Callable[[Request], bool]) -> None:
    """Run a controller until a matching request was answered or the application is synced; then kill it."""
    transport = InterceptingTransport(cluster.transport, matches, cut=True)
    controller = waiting.create_controller(cluster, catalog, transport)
    async with killed([asyncio.create_task(controller.run(asyncio.Event()))]):
        done = asyncio.create_task(cluster.until(APPLICATION, "shop", synced))
        cut = asyncio.create_task(transport.answered.wait())
        await asyncio.wait([done, cut], return_when=asyncio.FIRST_COMPLETED, timeout=TIMEOUT)
        for task in (done, cut):
            task.cancel()
        await asyncio.gather(done, cut, return_exceptions=True)


async def kill_during_change(
    cluster: Cluster, catalog: Catalog, before: Document, after: Document, writes: int
) -> None:
    """Converge to `before`, apply `after`, kill the controller after `writes` writes, and run a new one."""
    await cluster.apply(component(), before)
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
    await cluster.apply(after)
    await run_until_cut(cluster, catalog, nth_write(writes))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: greeting(d) == "after")


@AFTER
async def test_a_handed_over_size_survives_a_kill(cluster: Cluster, catalog: Catalog, after: int) -> None:
    await kill_during_change(cluster, catalog, application(FIVE), application(AUTO, greeting="after"), after)
    deployment = await cluster.get(DEPLOYMENT, "shop-web")
    assert deployment is not None
    assert deployment["spec"]["replicas"] == 5
    assert await cluster.get(AUTOSCALER, "shop-web-trait-autoscaler")


@AFTER
async def test_a_size_taken_back_has_one_owner_after_a_kill(cluster: Cluster, catalog: Catalog, after: int) -> None:
    await cluster.apply(component(), application(FIVE))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
    await kill_during_change(cluster, catalog, application(AUTO), application(THREE, greeting="after"), after)
    await cluster.gone(AUTOSCALER, "shop-web-trait-autoscaler")
    deployment = await cluster.until(DEPLOYMENT, "shop-web", lambda d: d["spec"]["replicas"] == 3)
    assert "rudr-handover" not in {manager for manager, _ in managers(deployment)}


@AFTER
async def test_an_obsolete_object_is_pruned_after_a_kill(cluster: Cluster, catalog: Catalog, after: int) -> None:
    await kill_during_change(cluster, catalog, application(INGRESS_TRAIT), application(greeting="after"), after)
    await cluster.gone(INGRESS, "shop-web-trait-ingress")


async def test_a_field_taken_by_another_manager_after_a_kill_is_reverted(cluster: Cluster, catalog: Catalog) -> None:
    """The record in status has no replicas; the last applied body had them, and another manager took that field."""
    await cluster.apply(component(), application(AUTO))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
    await cluster.apply(application(THREE))
    await run_until_cut(
        cluster, catalog, lambda request: request.method == "PATCH" and request.path.endswith("/deployments/shop-web")
    )
    await cluster.patch(DEPLOYMENT, "shop-web", {"spec": {"replicas": 7}}, manager="autoscaler")
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.until(DEPLOYMENT, "shop-web", lambda d: d["spec"]["replicas"] == 3)


async def test_an_object_without_labels_is_deleted_although_no_status_names_it(
    cluster: Cluster, catalog: Catalog
) -> None:
    """The process ended before its first status, and no watch reports an object without the label."""
    await cluster.apply(component(), application(INGRESS_TRAIT))
    await run_until_cut(cluster, catalog, lambda request: request.method == "PATCH" and "/ingresses/" in request.path)
    await cluster.patch(INGRESS, "shop-web-trait-ingress", {"metadata": {"labels": None}})
    await cluster.apply(application(greeting="after"))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.gone(INGRESS, "shop-web-trait-ingress")
