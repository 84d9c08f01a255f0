"""Sizes by time: cron-hpa on a whole controller and a local API in virtual time, and times that the status keeps."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.model.kinds import APPLICATION
from rudr_py.plugins import entry_points, loading
from rudr_py.plugins.entry_points import InstalledPlugin
from rudr_py.testing.clock import LaterClock
from rudr_py.testing.cluster import Cluster
from tests.e2e import documents as e2e
from tests.simulation import virtual_loop
from tests.simulation.cluster import SimulatedCluster
from tests.simulation.documents import Document, application, binding, component
from tests.simulation.virtual_loop import VirtualLoop

DEPLOYMENT = Kind("apps/v1", "Deployment")
CRON_HPA = InstalledPlugin(
    name="cronhpa", package="rudr-py-cronhpa", version="1", load=lambda: importlib.import_module("rudr_py_cronhpa")
)
FULL = {"name": "full", "schedule": "0 * * * *", "targetSize": 6}
HALF = {"name": "half", "schedule": "30 * * * *", "targetSize": 2}
LAUNCH = {"name": "launch", "schedule": "15 * * * *", "targetSize": 9, "runOnce": True}
"""The virtual time begins at 03:04:05 UTC, four minutes after `FULL`."""

HOUR = 3600.0

Scenario = Callable[[SimulatedCluster], Awaitable[None]]


def shop(*jobs: Document, **properties: Any) -> Document:
    """The application `shop` with a cron-hpa."""
    trait = {"name": "cron-hpa", "properties": {"jobs": list(jobs), **properties}}
    return application("shop", binding("web", "shop-web", trait))


def simulate(scenario: Scenario) -> None:
    """Run a scenario with a controller and the component `web`."""
    loop = VirtualLoop()
    cluster = SimulatedCluster("time", loop)
    cluster.catalog = loading.load([CRON_HPA], entry_points.standard()).catalog

    async def run() -> None:
        await cluster.start()
        cluster.apply(component("web"))
        cluster.start_controller("rudr")
        await scenario(cluster)

    virtual_loop.run(run(), loop)
    assert cluster.violations == []


def replicas(cluster: SimulatedCluster) -> int | None:
    """The replicas of the Deployment."""
    deployment = cluster.get(DEPLOYMENT, "shop-web")
    assert deployment is not None
    count: int | None = deployment["spec"].get("replicas")
    return count


async def at(cluster: SimulatedCluster, hour: int, minute: int) -> int | None:
    """The replicas at a time of the day."""
    now = cluster.clock.now()
    moment = datetime(now.year, now.month, now.day, hour, minute, tzinfo=now.tzinfo)
    assert moment > now
    await asyncio.sleep((moment - now).total_seconds())
    return replicas(cluster)


def first_seen(cluster: SimulatedCluster) -> dict[str, str]:
    """The times in the status of the trait."""
    shop_now = cluster.get(APPLICATION, "shop")
    assert shop_now is not None
    (trait,) = shop_now["status"]["instances"][0]["traits"]
    times: dict[str, str] = trait["firstSeen"]
    return times


def test_a_run_once_job_that_is_added_to_an_old_trait_runs_once_at_its_next_time() -> None:
    async def scenario(cluster: SimulatedCluster) -> None:
        cluster.apply(shop(FULL, HALF))
        await asyncio.sleep(HOUR)
        cluster.apply(shop(FULL, HALF, LAUNCH))
        assert await at(cluster, 4, 14) == 6
        assert await at(cluster, 4, 16) == 9
        assert await at(cluster, 4, 31) == 2
        assert await at(cluster, 5, 16) == 6

    simulate(scenario)


def test_an_edited_run_once_job_runs_again_and_a_new_size_is_no_new_job() -> None:
    async def scenario(cluster: SimulatedCluster) -> None:
        cluster.apply(shop(FULL, HALF, LAUNCH))
        assert await at(cluster, 3, 16) == 9
        cluster.apply(shop(FULL, HALF, {**LAUNCH, "targetSize": 8}))
        assert await at(cluster, 3, 17) == 8
        assert await at(cluster, 4, 16) == 6
        cluster.apply(shop(FULL, HALF, {**LAUNCH, "schedule": "20 * * * *"}))
        assert await at(cluster, 4, 21) == 9
        assert await at(cluster, 5, 21) == 6

    simulate(scenario)


def test_a_run_once_job_survives_restarts_outages_and_invalid_documents() -> None:
    async def scenario(cluster: SimulatedCluster) -> None:
        cluster.apply(shop(FULL, HALF))
        await asyncio.sleep(HOUR)
        cluster.apply(shop(FULL, HALF, LAUNCH))
        await asyncio.sleep(5.0)
        times = first_seen(cluster)
        cluster.kill("rudr")
        # the job is due while no controller runs
        assert await at(cluster, 4, 17) == 6
        cluster.start_controller("rudr")
        assert await at(cluster, 4, 18) == 9
        cluster.apply(shop({**FULL, "schedule": "at two"}, HALF, LAUNCH))
        assert await at(cluster, 4, 19) == 9
        cluster.apply(shop(FULL, HALF, LAUNCH))
        assert await at(cluster, 4, 20) == 9
        assert first_seen(cluster) == times
        assert await at(cluster, 5, 16) == 6

    simulate(scenario)


def test_the_size_is_correct_from_the_start_and_after_an_outage() -> None:
    async def scenario(cluster: SimulatedCluster) -> None:
        cluster.apply(shop(FULL, HALF))
        assert await at(cluster, 3, 5) == 6
        cluster.kill("rudr")
        assert await at(cluster, 4, 40) == 6
        cluster.start_controller("rudr")
        assert await at(cluster, 4, 41) == 2

    simulate(scenario)


def test_a_trait_of_an_earlier_release_keeps_the_time_of_its_attachment() -> None:
    """Its status has no times of jobs: a job that ran once must not run again after an upgrade."""

    async def scenario(cluster: SimulatedCluster) -> None:
        cluster.apply(shop(FULL, HALF, LAUNCH))
        await asyncio.sleep(5.0)
        cluster.kill("rudr")
        await asyncio.sleep(HOUR)
        stored = cluster.get(APPLICATION, "shop")
        assert stored is not None
        (trait,) = stored["status"]["instances"][0]["traits"]
        del trait["firstSeen"]
        cluster.write_status(APPLICATION, "shop", stored["status"])
        cluster.start_controller("rudr")
        await asyncio.sleep(5.0)
        assert set(first_seen(cluster).values()) == {trait["attachedAt"]}
        assert await at(cluster, 4, 16) == 6

    simulate(scenario)


def test_a_job_that_is_added_and_due_during_an_outage_is_not_missed() -> None:
    async def scenario(cluster: SimulatedCluster) -> None:
        cluster.apply(shop(FULL, HALF))
        await asyncio.sleep(HOUR)
        cluster.kill("rudr")
        cluster.apply(shop(FULL, HALF, LAUNCH))
        assert await at(cluster, 4, 17) == 6
        cluster.start_controller("rudr")
        assert await at(cluster, 4, 18) == 9
        assert await at(cluster, 5, 16) == 6

    simulate(scenario)


def test_with_a_lost_status_jobs_count_from_the_last_edit_of_the_application() -> None:
    async def scenario(cluster: SimulatedCluster) -> None:
        cluster.apply(shop(FULL, HALF, LAUNCH))
        assert await at(cluster, 3, 16) == 9
        cluster.kill("rudr")
        cluster.write_status(APPLICATION, "shop", {})
        cluster.start_controller("rudr")
        assert await at(cluster, 3, 17) == 9
        assert await at(cluster, 4, 16) == 6
        cluster.kill("rudr")
        cluster.write_status(APPLICATION, "shop", {})
        # any edit counts, because the server stores the time of the last one only
        cluster.patch(APPLICATION, "shop", {"metadata": {"annotations": {"note": "edited"}}})
        cluster.start_controller("rudr")
        assert await at(cluster, 5, 16) == 9
        assert await at(cluster, 6, 16) == 6

    simulate(scenario)


async def test_a_trait_counts_from_the_edit_and_not_from_the_start_of_the_controller(
    cluster: Cluster, catalog: Catalog
) -> None:
    """The time of the edit is that in managedFields, also on a real server."""
    await cluster.apply(e2e.component(), e2e.application(e2e.FIVE))
    created = await cluster.get(APPLICATION, "shop")
    assert created is not None
    (entry,) = created["metadata"]["managedFields"]
    cluster.clock = LaterClock(timedelta(days=1))
    async with cluster.controller(catalog):
        synced = await cluster.until(APPLICATION, "shop", e2e.synced)
    (trait,) = synced["status"]["instances"][0]["traits"]
    assert trait["attachedAt"] == entry["time"]
