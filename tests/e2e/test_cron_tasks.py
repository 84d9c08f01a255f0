"""CronTasks and job-policy of rudr-py-batch: runs by a schedule, their results, and changes."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.testing.cluster import Cluster
from tests.e2e import absent_controllers, waiting
from tests.e2e.conftest import Server
from tests.e2e.documents import APPLICATION, JOB, Document, component, condition, ready, synced
from tests.e2e.test_tasks import end_of_deletion, finish, other_than, shop, task

CRON_JOB = Kind("batch/v1", "CronJob")
FAILING = {"annotations": {"local.rudr.dev/outcome": "fail"}}


def _cron_task(**settings: Any) -> Document:
    values = [{"name": name, "value": value} for name, value in settings.items()]
    document = component("batch", workloadType="batch.rudr.dev/v1alpha1.CronTask", workloadSettings=values)
    document["spec"]["containers"][0].pop("ports")
    return document


def _policy(**properties: Any) -> Document:
    return {"name": "job-policy", "properties": properties}


def _instance(document: Document) -> Document:
    instances = document.get("status", {}).get("instances") or [{}]
    return dict(instances[0])


def _has(result: str) -> Any:
    return lambda document: synced(document) and _instance(document).get("show", {}).get("result") == result


async def _run(cluster: Cluster, number: int, end: str) -> None:
    """Create a run that has ended, as the controllers of Kubernetes do, on a cluster without them."""
    cron_job = await cluster.get(CRON_JOB, "shop-web")
    assert cron_job is not None
    template = cron_job["spec"]["jobTemplate"]
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": "shop-web", "uid": cron_job["metadata"]["uid"]}
    metadata = {
        "name": f"shop-web-{number}",
        "labels": template["metadata"]["labels"],
        "ownerReferences": [{**owner, "controller": True}],
    }
    await cluster.apply({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"]})
    moment = "2026-01-01T00:00:00Z"
    before = {"Complete": "SuccessCriteriaMet", "Failed": "FailureTarget"}[end]
    fields = {"status": "True", "reason": "Tested", "lastTransitionTime": moment}
    done = {"completionTime": moment, "succeeded": 1} if end == "Complete" else {"failed": 1}
    status = {"conditions": [{"type": name, **fields} for name in (before, end)], "startTime": moment, **done}
    await absent_controllers.set_status(cluster, JOB, f"shop-web-{number}", status)


@pytest.mark.parametrize("result", ["Succeeded", "Failed"])
async def test_a_cron_task_runs_by_its_schedule_and_reports_the_last_run(
    cluster: Cluster, plugin_catalog: Catalog, server: Server, result: str
) -> None:
    document = _cron_task(schedule="@every 1s" if server.has_controllers else "@yearly")
    document["metadata"] |= FAILING if result == "Failed" else {}
    await cluster.apply(document, shop(_policy(retries=0)))
    async with cluster.controller(plugin_catalog):
        if not server.has_controllers:
            before = await cluster.until(APPLICATION, "shop", lambda d: _instance(d).get("reason") == "NotRun")
            assert ready(before)
            await _run(cluster, 1, "Complete" if result == "Succeeded" else "Failed")
        ended = await cluster.until(APPLICATION, "shop", _has(result))
        assert ready(ended) == (result == "Succeeded")


async def test_the_runs_of_a_cron_task_are_neither_changed_nor_pruned(
    cluster: Cluster, plugin_catalog: Catalog, server: Server
) -> None:
    await cluster.apply(_cron_task(schedule="@yearly"), shop())
    async with cluster.controller(plugin_catalog):
        await cluster.until(APPLICATION, "shop", synced)
        await _run(cluster, 1, "Complete")
        await cluster.until(APPLICATION, "shop", _has("Succeeded"))
        mark = server.mark()
        await cluster.apply(shop(greeting="changed"))
        await cluster.until(CRON_JOB, "shop-web", lambda d: "changed" in str(d["spec"]))
        await cluster.until(APPLICATION, "shop", synced)
        await waiting.until_idle(cluster, server.mark, server.writes)
        assert [write for write in server.writes(mark) if "/jobs/" in write] == []
    assert await cluster.get(JOB, "shop-web-1") is not None


LIMITS = {"backoffLimit": 2, "completions": 3, "completionMode": "Indexed"}


async def test_changed_limits_run_a_task_again(cluster: Cluster, plugin_catalog: Catalog, server: Server) -> None:
    await cluster.apply(task(), shop(_policy(retries=1)))
    async with cluster.controller(plugin_catalog):
        await cluster.until(JOB, "shop-web", lambda d: d["spec"]["backoffLimit"] == 1)
        first = (await finish(cluster, server))["metadata"]["uid"]
        await cluster.apply(shop(_policy(retries=2, completions=3, indexed=True)))
        await end_of_deletion(cluster, server, first)
        second = await cluster.until(JOB, "shop-web", other_than(first))
    assert {field: second["spec"][field] for field in LIMITS} == LIMITS


async def test_changed_limits_change_a_cron_task_in_place(cluster: Cluster, plugin_catalog: Catalog) -> None:
    await cluster.apply(_cron_task(schedule="@yearly"), shop(_policy(retries=1)))
    async with cluster.controller(plugin_catalog):
        created = await cluster.until(CRON_JOB, "shop-web", bool)
        await cluster.apply(shop(_policy(retries=2, completions=3, indexed=True)))
        changed = await cluster.until(CRON_JOB, "shop-web", lambda d: _limits(d)["backoffLimit"] == 2)
        await cluster.until(APPLICATION, "shop", ready)
    assert {field: _limits(changed)[field] for field in LIMITS} == LIMITS
    assert changed["metadata"]["uid"] == created["metadata"]["uid"]


def _limits(cron_job: Document) -> Document:
    spec: Document = cron_job["spec"]["jobTemplate"]["spec"]
    return spec


@pytest.mark.controllers
async def test_a_task_that_is_deleted_after_its_time_to_live_is_complete_and_not_run_again(
    cluster: Cluster, plugin_catalog: Catalog, server: Server
) -> None:
    await cluster.apply(task(), shop(_policy(timeToLive=0)))
    async with cluster.controller(plugin_catalog):
        await cluster.until(APPLICATION, "shop", ready)
        await cluster.gone(JOB, "shop-web")
        mark = server.mark()
        await waiting.until_idle(cluster, server.mark, server.writes)
        assert [write for write in server.writes(mark) if "/jobs/" in write] == []
        assert condition(await _application(cluster), "Ready") == "True"


async def _application(cluster: Cluster) -> Document:
    document = await cluster.get(APPLICATION, "shop")
    assert document is not None
    return document


async def test_a_cron_task_becomes_a_task(cluster: Cluster, plugin_catalog: Catalog, server: Server) -> None:
    cron_task = _cron_task(schedule="@yearly")
    await cluster.apply(cron_task, shop())
    async with cluster.controller(plugin_catalog):
        await cluster.until(CRON_JOB, "shop-web", bool)
        cron_task["spec"] |= {"workloadType": "core.oam.dev/v1alpha1.Task", "workloadSettings": []}
        await cluster.apply(cron_task)
        if not server.has_controllers:
            await cluster.until(CRON_JOB, "shop-web", lambda d: d["metadata"].get("deletionTimestamp"))
            await cluster.patch(CRON_JOB, "shop-web", {"metadata": {"finalizers": None}})
        await cluster.gone(CRON_JOB, "shop-web")
        assert await cluster.until(JOB, "shop-web", bool)


ACCEPTED: tuple[Document, ...] = (
    {"schedule": "*/15 0-6/2 1,15 jan-mar,Dec ?"},
    {"schedule": "5/15 * * * MON-fri", "timeZone": "Europe/Berlin"},
    {"schedule": "0 0 31 2 mon", "suspend": True},
    {"schedule": "@midnight", "timeZone": "UTC"},
    {"schedule": "@every 1h30m", "concurrencyPolicy": "Replace"},
    {"schedule": "0 3 * * *", "startingDeadline": 10, "successfulHistoryLimit": 0, "failedHistoryLimit": 0},
)


async def test_the_api_server_accepts_all_settings_of_a_cron_task(cluster: Cluster, plugin_catalog: Catalog) -> None:
    failures = [
        {"action": "Ignore", "condition": "DisruptionTarget"},
        {"action": "FailJob", "exitCodes": [42, 7], "container": "server"},
    ]
    policy = _policy(retries=2, deadline=60, timeToLive=0, completions=3, indexed=True, podFailures=failures)
    await cluster.apply(shop(policy))
    async with cluster.controller(plugin_catalog):
        for settings in ACCEPTED:
            await cluster.apply(_cron_task(**settings))
            await cluster.until(CRON_JOB, "shop-web", _scheduled(settings["schedule"]))
        await cluster.until(APPLICATION, "shop", ready)


def _scheduled(text: str) -> Any:
    return lambda document: document["spec"]["schedule"] == text


REJECTED: tuple[Document, ...] = (
    {"schedule": "0 24 * * *"},
    {"schedule": "0 3 * * 7"},
    {"schedule": "0 0 3 * * *"},
    {"schedule": "@Daily"},
    {"schedule": " @daily"},
    {"schedule": "TZ=UTC 0 3 * * *"},
    {"timeZone": "Europe/Berln"},
    {"timeZone": "Local"},
    {"timeZone": "Europe/Berlin "},
    {"concurrencyPolicy": "forbid"},
)


async def test_the_api_server_rejects_what_the_package_rejects(cluster: Cluster) -> None:
    pod = {"restartPolicy": "Never", "containers": [{"name": "a", "image": "registry.example/a:1"}]}
    for fields in REJECTED:
        spec = {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": {"spec": pod}}}, **fields}
        with pytest.raises(errors.ApiError) as error:
            await cluster.apply({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "a"}, "spec": spec})
        assert next(iter(fields)) in error.value.message
