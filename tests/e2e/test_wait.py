"""`rudr status --wait` after a rollout that failed, and after its repair."""

from __future__ import annotations

import pytest

from rudr_py.api import kstatus
from rudr_py.catalog import Catalog
from rudr_py.testing.cluster import Cluster
from tests.e2e.conftest import Rudr
from tests.e2e.documents import APPLICATION, DEPLOYMENT, JOB, Document, application, component, ready
from tests.e2e.test_order import FAIL, depends_on, shop, versioned

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


@pytest.mark.controllers
async def test_a_failed_dependency_ends_the_wait_and_its_repair_is_awaited(
    cluster: Cluster, plugin_catalog: Catalog, rudr: Rudr
) -> None:
    failing = versioned("migrate", "Task")
    failing["metadata"]["annotations"] = FAIL
    async with cluster.controller(plugin_catalog):
        await cluster.apply(versioned("api"), failing, shop("1"))
        for goal in ("ready", "synced"):
            code, _, error = await rudr("status", "shop", f"--wait={goal}", "--timeout", "1h")
            assert code == 1
            assert f"error: shop cannot become {goal}: api: " in error
        # a component of an instance that is held is not reconciled
        await cluster.apply(versioned("api", outputs=[]))
        code, _, error = await rudr("status", "shop", *FOR_LONG)
        assert (code, "instance migrate has failed" in error) == (1, True)
        await cluster.apply(versioned("migrate", "Task"), shop("2"))
        code, _, error = await rudr("status", "shop", *FOR_LONG)
        assert code == 0, error


@pytest.mark.controllers
async def test_a_dependency_beyond_its_timeout_ends_the_wait(
    cluster: Cluster, plugin_catalog: Catalog, rudr: Rudr
) -> None:
    starting = versioned("migrate")
    starting["metadata"]["annotations"] = {"local.rudr.dev/outcome": "never-ready"}
    waits = shop("1", depends_on("migrate", timeout="1s"))
    waits["spec"]["components"][1]["traits"] = []
    async with cluster.controller(plugin_catalog):
        await cluster.apply(versioned("api"), starting, waits)
        code, _, error = await rudr("status", "shop", *FOR_LONG)
        assert (code, "error: shop cannot become ready: api: " in error) == (1, True)


@pytest.mark.controllers
async def test_a_change_that_is_not_promoted_is_not_awaited(cluster: Cluster, catalog: Catalog, rudr: Rudr) -> None:
    manual = application(annotations={"rudr.oam.dev/component-updates": "manual"})
    async with cluster.controller(catalog):
        await cluster.apply(ending("ready"), manual)
        code, _, error = await rudr("status", "shop", *FOR_LONG)
        assert code == 0, error
        await cluster.apply(ending("never-ready", image="web:2"))
        code, text, error = await rudr("status", "shop", *FOR_LONG)
        assert (code, "component web: generation 2, running 1" in text) == (0, True), error
