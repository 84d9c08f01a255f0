"""Tasks: a Job runs once for each change of its inputs, even if it is deleted, and never twice at the same time."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rudr_py.api import kstatus
from rudr_py.catalog import Catalog
from rudr_py.settings import FIELD_MANAGER, HANDOVER_MANAGER
from rudr_py.testing.cluster import Cluster
from tests.e2e import waiting
from tests.e2e.conftest import Server
from tests.e2e.documents import APPLICATION, JOB, POD, Document, application, component, condition, managers, synced

INPUTS = "rudr.oam.dev/inputs"
PROTECTED = "example.com/slow-to-go"


def task(workload: str = "Task", **spec: Any) -> Document:
    """The component `batch`, a Task without ports."""
    document = component("batch", workloadType=f"core.oam.dev/v1alpha1.{workload}", **spec)
    document["spec"]["containers"][0].pop("ports")
    return document


def shop(*traits: Document, greeting: str = "hi") -> Document:
    """An application of one Task, `shop-web`."""
    document = application(*traits, greeting=greeting)
    document["spec"]["components"][0]["componentName"] = "batch"
    return document


def scaled(count: int) -> Document:
    return {"name": "manual-scaler", "properties": {"replicaCount": count}}


async def job(cluster: Cluster) -> Document:
    """The existing Job."""
    document = await cluster.get(JOB, "shop-web")
    assert document is not None
    return document


async def finish(cluster: Cluster, server: Server, kind: str = "Complete") -> Document:
    """Wait until the Job has finished; without controllers, set its status."""
    if not server.has_controllers or kind == "Failed":
        target = await cluster.target(JOB, "shop-web", "status")
        moment = "2026-01-01T00:00:00Z"
        before = {"Complete": "SuccessCriteriaMet", "Failed": "FailureTarget"}[kind]
        fields = {"status": "True", "reason": "Tested", "lastTransitionTime": moment}
        conditions = [{"type": name, **fields} for name in (before, kind)]
        done = {"completionTime": moment, "succeeded": 1} if kind == "Complete" else {"failed": 1}
        content = {"status": {"conditions": conditions, "startTime": moment, **done}}
        await cluster.client.merge_patch(target, msgspec.json.encode(content), "tester")
    return await cluster.until(JOB, "shop-web", lambda d: kstatus.condition(d, kind).get("status") == "True")


async def end_of_deletion(cluster: Cluster, server: Server, uid: str) -> None:
    """End a foreground deletion as the garbage collector does, on clusters without one."""
    if server.has_controllers:
        return
    await cluster.until(JOB, "shop-web", lambda d: d["metadata"].get("deletionTimestamp"))
    deleted = await job(cluster)
    assert (deleted["metadata"]["uid"], deleted["metadata"]["finalizers"]) == (uid, ["foregroundDeletion"])
    await cluster.patch(JOB, "shop-web", {"metadata": {"finalizers": None}})


def other_than(uid: str) -> Any:
    return lambda document: document["metadata"]["uid"] != uid


async def writes_until_idle(cluster: Cluster, server: Server) -> list[str]:
    """The writes to the Job until the controller is idle."""
    before = server.mark()
    await waiting.until_idle(cluster, server.mark, server.writes)
    return [write for write in server.writes(before) if "jobs/shop-web" in write]


SLOW = {"annotations": {"local.rudr.dev/ready-after": "3600"}}
"""Keeps the pods of the local API running."""


def slow(**spec: Any) -> Document:
    document = task(**spec)
    document["metadata"] |= SLOW
    return document


async def test_a_deleted_completed_job_is_not_run_again_even_after_a_restart(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(task(), shop())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await finish(cluster, server)
        await cluster.delete(JOB, "shop-web")
        await cluster.gone(JOB, "shop-web")
        ready = await cluster.until(APPLICATION, "shop", lambda d: synced(d) and condition(d, "Ready") == "True")
        assert await writes_until_idle(cluster, server) == []
    run = ready["status"]["instances"][0]["runs"]["shop-web"]
    assert run["state"] == "complete"
    assert await cluster.get(JOB, "shop-web") is None

    async with cluster.controller(catalog):
        assert await writes_until_idle(cluster, server) == []
        await cluster.apply(shop(greeting="once more"))
        created = await cluster.until(JOB, "shop-web", bool)
    assert created["metadata"]["annotations"][INPUTS] != run["inputs"]


async def test_a_running_job_is_scaled_but_not_replaced_for_a_changed_template(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(slow(), shop())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
    created = await job(cluster)

    labelled = slow()
    labelled["metadata"]["annotations"] = {**SLOW["annotations"], "note": "of a pod, and no input"}
    await cluster.apply(labelled)
    async with cluster.controller(catalog):
        assert await writes_until_idle(cluster, server) == []
        await cluster.apply(shop(scaled(4)))
        sized = await cluster.until(JOB, "shop-web", lambda d: d["spec"]["parallelism"] == 4)
        assert await writes_until_idle(cluster, server) == []
        await cluster.apply(shop(scaled(2)))
        await cluster.until(JOB, "shop-web", lambda d: d["spec"]["parallelism"] == 2)
        await cluster.until(APPLICATION, "shop", synced)
    assert sized["metadata"]["uid"] == created["metadata"]["uid"]
    assert sized["spec"]["template"] == created["spec"]["template"]
    owners = managers(await job(cluster))
    assert owners >= {(FIELD_MANAGER, "Apply"), (HANDOVER_MANAGER, "Apply")}


@pytest.mark.parametrize("workload", ["Task", "SingletonTask"])
async def test_changed_inputs_run_a_job_again_after_its_last_pod_is_deleted(
    cluster: Cluster, catalog: Catalog, server: Server, workload: str
) -> None:
    await cluster.apply(slow(workload=workload), shop())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        first = (await job(cluster))["metadata"]["uid"]
        pod = await _running_pod(cluster, server, first)
        await cluster.apply(shop(greeting="changed"))
        waited = await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Synced") == "False")
        assert kstatus.condition(waited, "Synced")["reason"] in ("Replacing", "Waiting")

    # the controller restarts during the replacement
    async with cluster.controller(catalog):
        await end_of_deletion(cluster, server, first)
        assert [write for write in await writes_until_idle(cluster, server) if "DELETE" not in write] == []
        remaining = await cluster.get(JOB, "shop-web")
        assert remaining is None or remaining["metadata"]["uid"] == first
        await cluster.patch(POD, pod, {"metadata": {"finalizers": None}})
        if not server.has_controllers:
            await cluster.delete(POD, pod)
        second = await cluster.until(JOB, "shop-web", other_than(first))
        await cluster.gone(POD, pod)
        await cluster.until(APPLICATION, "shop", synced)
        assert await writes_until_idle(cluster, server) == []
    assert second["metadata"]["annotations"][INPUTS] != ""


async def _running_pod(cluster: Cluster, server: Server, uid: str) -> str:
    """The name of a pod of the Job with a finalizer; created by the test on clusters that run no Jobs."""
    live = await job(cluster)
    labels = live["spec"]["template"]["metadata"]["labels"]
    if server.has_controllers:
        pods = await waiting.until_any(cluster, POD, lambda d: d["metadata"]["labels"].items() >= labels.items())
        name = str(pods["metadata"]["name"])
        pod_finalizers = [*pods["metadata"].get("finalizers", []), PROTECTED]
        await cluster.patch(POD, name, {"metadata": {"finalizers": pod_finalizers}})
        return name
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": "shop-web", "uid": uid, "controller": True}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "shop-web-x", "labels": labels, "ownerReferences": [owner]},
        "spec": {"containers": [{"name": "server", "image": "registry.example/web:1"}]},
    }
    await cluster.apply(pod)
    return "shop-web-x"


async def test_a_failed_job_is_reported_and_run_again_only_with_changed_inputs(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(slow(), shop())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        first = (await finish(cluster, server, "Failed"))["metadata"]["uid"]
        failed = await cluster.until(APPLICATION, "shop", lambda d: _ready(d)[1] == "Tested")
        assert _ready(failed)[0] == "False"
        await cluster.delete(JOB, "shop-web")
        await cluster.gone(JOB, "shop-web")
        await cluster.until(APPLICATION, "shop", lambda d: _ready(d) == ("False", "Failed"))
        assert await writes_until_idle(cluster, server) == []
        for pod in await cluster.list(POD):
            if not server.has_controllers:
                await cluster.delete(POD, pod["metadata"]["name"])
        await cluster.apply(shop(greeting="better"))
        await cluster.until(JOB, "shop-web", other_than(first))


def _ready(document: Document) -> tuple[str, str]:
    ready = kstatus.condition(document, "Ready")
    return str(ready.get("status")), str(ready.get("reason"))


async def test_a_job_deleted_while_running_is_run_again(cluster: Cluster, catalog: Catalog, server: Server) -> None:
    await cluster.apply(slow(), shop())
    async with cluster.controller(catalog):
        await cluster.until(APPLICATION, "shop", synced)
        first = (await job(cluster))["metadata"]["uid"]
        await cluster.delete(JOB, "shop-web")
        await cluster.until(JOB, "shop-web", other_than(first))


async def test_a_job_of_another_manager_is_neither_deleted_nor_changed(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    containers = [{"name": "a", "image": "a"}]
    foreign = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "shop-web"},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": containers}}},
    }
    await cluster.apply(foreign)
    before = await job(cluster)
    await cluster.apply(slow(), shop())
    async with cluster.controller(catalog):
        conflicted = await cluster.until(APPLICATION, "shop", lambda d: condition(d, "Synced") == "False")
    assert kstatus.condition(conflicted, "Synced")["reason"] == "Conflict"
    after = await job(cluster)
    assert after["spec"] == before["spec"]
    assert after["metadata"].get("labels") == before["metadata"].get("labels")
