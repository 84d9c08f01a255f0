"""Tasks from end to end: one run per change of their inputs, whatever becomes of the Job that was it."""

from __future__ import annotations

import pytest

from rudr_py.catalog import Catalog
from rudr_py.testing.cluster import Cluster
from tests.e2e.documents import APPLICATION, JOB, Document, application, component, condition, greeting, observed

TASK = component(workloadType="core.oam.dev/v1alpha1.Task")

pytestmark = pytest.mark.controllers


def ready(document: Document) -> bool:
    return observed(document) and condition(document, "Ready") == "True"


def touched(generation: str, **fields: str) -> Document:
    """The application with a change that is none of the task's inputs."""
    document = application(**fields)
    document["spec"]["variables"] = [{"name": "unused", "value": generation}]
    return document


async def test_a_task_that_has_run_is_not_run_again_when_its_job_is_removed(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(TASK, application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
        await cluster.delete(JOB, "shop-web")
        await cluster.gone(JOB, "shop-web")
        await cluster.apply(touched("second"))
        await cluster.until(APPLICATION, "shop", ready)
        assert await cluster.get(JOB, "shop-web") is None
    # nor by the next controller, which knows it from the status only
    async with cluster.controller(catalog):
        await cluster.apply(touched("third"))
        await cluster.until(APPLICATION, "shop", ready)
        assert await cluster.get(JOB, "shop-web") is None


async def test_a_changed_parameter_runs_a_task_once_more(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(TASK, application(greeting="hi"))
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
        first = await cluster.get(JOB, "shop-web")
        assert first is not None
        await cluster.apply(application(greeting="ho"))
        second = await cluster.until(JOB, "shop-web", lambda job: greeting(job) == "ho")
        assert second["metadata"]["uid"] != first["metadata"]["uid"]
        await cluster.until(APPLICATION, "shop", ready)


async def test_a_change_that_is_none_of_its_inputs_leaves_the_job_of_a_task(cluster: Cluster, catalog: Catalog) -> None:
    await cluster.apply(TASK, application())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", ready)
        first = await cluster.get(JOB, "shop-web")
        await cluster.apply(touched("second"))
        await cluster.until(APPLICATION, "shop", ready)
        assert await cluster.get(JOB, "shop-web") == first
