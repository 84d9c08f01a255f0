"""Deletion of pods: a pod that is assigned to a node is removed after its grace period. As on a real server."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from rudr_py.local.cluster import LocalCluster
from rudr_py.local.storage.store import DELETED, MODIFIED
from tests.local.harness import MERGE, Api

PODS = "/api/v1/namespaces/default/pods"


async def create(api: Api, name: str = "p", *, finalizer: str = "", node: str = "local", **spec: Any) -> None:
    metadata: dict[str, Any] = {"name": name, "labels": {"app": "web"}}
    if finalizer:
        metadata["finalizers"] = [finalizer]
    spec = {"containers": [{"name": "c", "image": "i"}], **({"nodeName": node} if node else {}), **spec}
    await api.created(PODS, {"metadata": metadata, "spec": spec})


async def delete(api: Api, name: str = "p", **options: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = (await api("DELETE", f"{PODS}/{name}", options or None)).body["metadata"]
    return metadata


def grace(metadata: dict[str, Any]) -> tuple[int, float]:
    """The grace period, and the seconds from the creation to the end of it."""
    start, end = (datetime.fromisoformat(metadata[key]) for key in ("creationTimestamp", "deletionTimestamp"))
    return metadata["deletionGracePeriodSeconds"], (end - start).total_seconds()


async def exists(api: Api, name: str = "p") -> bool:
    return (await api("GET", f"{PODS}/{name}")).status == 200


@pytest.mark.parametrize(
    ("spec", "options", "seconds"),
    [
        ({}, {}, 30),
        ({"terminationGracePeriodSeconds": 7}, {}, 7),
        ({"terminationGracePeriodSeconds": 7}, {"gracePeriodSeconds": 90}, 90),
        ({}, {"gracePeriodSeconds": -1}, 1),
        ({"terminationGracePeriodSeconds": -4}, {}, 1),
    ],
)
async def test_an_assigned_pod_remains_for_its_grace_period(
    api: Api, spec: dict[str, Any], options: dict[str, Any], seconds: int
) -> None:
    await create(api, **spec)
    metadata = await delete(api, **options)
    period, until = grace(metadata)
    assert period == seconds
    assert seconds <= until <= seconds + 1
    assert metadata["generation"] == 2
    assert await exists(api)


@pytest.mark.parametrize(
    ("spec", "options"),
    [({"node": ""}, {}), ({}, {"gracePeriodSeconds": 0}), ({"terminationGracePeriodSeconds": 0}, {})],
)
async def test_a_pod_without_a_grace_period_is_removed_at_once(
    api: Api, cluster: LocalCluster, spec: dict[str, Any], options: dict[str, Any]
) -> None:
    await create(api, **spec)
    watch = cluster.backend.store.watch("pods")
    metadata = await delete(api, **options)
    assert metadata["deletionGracePeriodSeconds"] == 0
    assert not await exists(api)
    assert [event.type for event in watch.take()] == [MODIFIED, DELETED]


async def test_a_pod_that_has_ended_is_removed_at_once(api: Api) -> None:
    await create(api)
    await api("PATCH", f"{PODS}/p/status", {"status": {"phase": "Succeeded"}}, media=MERGE)
    await delete(api)
    assert not await exists(api)


async def test_a_later_request_can_only_shorten_the_grace_period(api: Api) -> None:
    await create(api)
    begun = await delete(api)
    assert await delete(api) == begun
    shortened = await delete(api, gracePeriodSeconds=5)
    assert shortened["deletionGracePeriodSeconds"] == 5
    assert grace(begun)[1] - grace(shortened)[1] == 25
    assert await delete(api, gracePeriodSeconds=50) == shortened
    by_query = await api("DELETE", f"{PODS}/p?gracePeriodSeconds=3")
    assert by_query.body["metadata"]["deletionGracePeriodSeconds"] == 3
    await delete(api, gracePeriodSeconds=0)
    assert not await exists(api)


async def test_an_update_does_not_end_the_grace_period(api: Api) -> None:
    await create(api, finalizer="example.dev/hold")
    await delete(api)
    await api("PATCH", f"{PODS}/p", {"metadata": {"finalizers": None}}, media=MERGE)
    assert await exists(api)
    await delete(api, gracePeriodSeconds=0)
    assert not await exists(api)


async def test_a_finalizer_keeps_a_pod_after_its_grace_period(api: Api) -> None:
    await create(api, finalizer="example.dev/hold")
    await delete(api)
    assert (await delete(api, gracePeriodSeconds=0))["deletionGracePeriodSeconds"] == 0
    assert await exists(api)
    await api("PATCH", f"{PODS}/p", {"metadata": {"finalizers": None}}, media=MERGE)
    assert not await exists(api)


async def test_the_name_of_a_terminating_pod_is_taken(api: Api) -> None:
    await create(api)
    await delete(api)
    reply = await api("POST", PODS, {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}})
    assert (reply.status, reply.body["message"]) == (409, 'object is being deleted: pods "p" already exists')


async def test_a_failed_precondition_does_not_shorten_the_grace_period(api: Api) -> None:
    await create(api)
    begun = await delete(api)
    reply = await api("DELETE", f"{PODS}/p", {"gracePeriodSeconds": 0, "preconditions": {"uid": "another"}})
    assert reply.status == 409
    assert (await api("GET", f"{PODS}/p")).body["metadata"] == begun


async def test_a_dry_run_does_not_mark_a_pod(api: Api) -> None:
    await create(api)
    reply = await api("DELETE", f"{PODS}/p?dryRun=All")
    assert reply.body["metadata"]["deletionGracePeriodSeconds"] == 30
    assert "deletionTimestamp" not in (await api("GET", f"{PODS}/p")).body["metadata"]


async def test_a_collection_of_pods_is_deleted_gracefully(api: Api) -> None:
    await create(api, "a")
    await create(api, "b", node="")
    await api("DELETE", f"{PODS}?labelSelector=app%3Dweb")
    assert [await exists(api, name) for name in "ab"] == [True, False]
    await api("DELETE", f"{PODS}?labelSelector=app%3Dweb&gracePeriodSeconds=0")
    assert not await exists(api, "a")


async def test_a_grace_period_that_is_no_number_is_rejected(api: Api) -> None:
    await create(api)
    reply = await api("DELETE", f"{PODS}/p?gracePeriodSeconds=x")
    assert (reply.status, reply.body["message"]) == (400, 'strconv.ParseInt: parsing "x": invalid syntax')
