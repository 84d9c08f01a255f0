"""`rudr status --wait` after a rollout that failed, and after its repair."""

from __future__ import annotations

import pytest

from rudr_py.api import kstatus
from rudr_py.catalog import Catalog
from rudr_py.testing.cluster import Cluster
from tests.e2e.conftest import Rudr
from tests.e2e.documents import APPLICATION, DEPLOYMENT, JOB, Document, application, component, ready

FOR_LONG = ("--wait", "--timeout", "1h")


def ending(outcome: str, workload: str = "Server", image: str = "web:1") -> Document:
    """The component, whose pods end so."""
    document = component(workloadType=f"core.oam.dev/v1alpha1.{workload}")
    document["metadata"]["annotations"] = {"local.rudr.dev/outcome": outcome}
    document["spec"]["containers"][0]["image"] = f"registry.example/{image}"
    if workload == "Task":
        del document["spec"]["containers"][0]["ports"]
    return document


@pytest.mark.controllers
async def test_a_rollout_beyond_its_deadline_ends_the_wait_and_its_repair_is_awaited(
    cluster: Cluster, catalog: Catalog, rudr: Rudr
) -> None:
    async with cluster.controller(catalog):
        await cluster.apply(ending("ready"), application())
        await cluster.until(APPLICATION, "shop", ready)
        await cluster.patch(DEPLOYMENT, "shop-web", {"spec": {"progressDeadlineSeconds": 1}})
        await cluster.apply(ending("never-ready", image="web:2"))
        code, _, error = await rudr("status", "shop", *FOR_LONG)
        assert code == 1
        assert "error: shop cannot become ready: shop-web: " in error
        deployment = await cluster.get(DEPLOYMENT, "shop-web")
        assert deployment is not None
        assert kstatus.condition(deployment, "Progressing")["reason"] == "ProgressDeadlineExceeded"
        # the Deployment still has the failure of the earlier rollout when the command starts
        await cluster.apply(ending("ready", image="web:3"))
        code, _, error = await rudr("status", "shop", *FOR_LONG)
        assert code == 0, error


@pytest.mark.controllers
async def test_a_task_that_failed_ends_the_wait_and_its_next_run_is_awaited(
    cluster: Cluster, catalog: Catalog, rudr: Rudr
) -> None:
    async with cluster.controller(catalog):
        await cluster.apply(ending("fail", "Task"), application())
        await cluster.until(JOB, "shop-web", bool)
        await cluster.patch(JOB, "shop-web", {"spec": {"backoffLimit": 0}})
        code, _, error = await rudr("status", "shop", *FOR_LONG)
        assert code == 1
        assert "error: shop cannot become ready: shop-web: " in error
        await cluster.apply(ending("succeed", "Task", "web:2"))
        code, _, error = await rudr("status", "shop", *FOR_LONG)
        assert code == 0, error
