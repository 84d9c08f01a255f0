"""The API without HTTP, as controllers use it."""

from __future__ import annotations

import asyncio
import copy

import pytest

from rudr_py.errors import AlreadyExistsError, ConflictError, LocalApiError, NotFoundError
from rudr_py.local.cluster import LocalCluster
from rudr_py.local.controllers.runtime.client import ApiClient
from rudr_py.local.registry.resources import KindInfo
from tests.local.harness import CONFIG_MAPS, Api, config_map, deployment

CONFIG_MAP = KindInfo("v1", "ConfigMap")
DEPLOYMENT = KindInfo("apps/v1", "Deployment")


@pytest.fixture
def objects(cluster: LocalCluster) -> ApiClient:
    cluster.backend.store.put("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}})
    return cluster.client


def mine(name: str) -> dict[str, object]:
    body = config_map(name, {"app": name}, k="v")
    body["metadata"]["namespace"] = "n"
    return body


async def test_a_write_passes_admission_and_validation(objects: ApiClient) -> None:
    body = deployment("web")
    body["metadata"]["namespace"] = "n"
    made = objects.create(body)
    assert made["spec"]["replicas"] == 1
    assert made["metadata"]["managedFields"][0]["manager"] == "local-controller-manager"
    with pytest.raises(AlreadyExistsError):
        objects.create(body)


async def test_a_stale_update_is_a_conflict(objects: ApiClient) -> None:
    made = copy.deepcopy(objects.create(mine("a")))
    objects.update({**made, "data": {"k": "2"}})
    with pytest.raises(ConflictError):
        objects.update({**made, "data": {"k": "3"}})


async def test_an_update_of_an_absent_object_is_not_found(objects: ApiClient) -> None:
    with pytest.raises(NotFoundError):
        objects.update(mine("none"))


async def test_the_body_of_the_caller_is_not_changed(objects: ApiClient) -> None:
    body = mine("a")
    before = copy.deepcopy(body)
    objects.create(body)
    assert body == before


async def test_a_status_write_changes_nothing_else(objects: ApiClient) -> None:
    body = deployment("web")
    body["metadata"]["namespace"] = "n"
    made = objects.create(body)
    found = objects.update_status({**made, "spec": {}, "status": {"replicas": 2}})
    assert (found["spec"]["replicas"], found["status"]) == (1, {"replicas": 2})


async def test_lists_select_by_labels(objects: ApiClient) -> None:
    objects.create(mine("a"))
    objects.create(mine("b"))
    assert [each["metadata"]["name"] for each in objects.list(CONFIG_MAP, "n", selector="app=b")] == ["b"]


async def test_a_deletion_of_another_uid_does_nothing(objects: ApiClient) -> None:
    made = objects.create(mine("a"))
    assert objects.delete(CONFIG_MAP, "n", "a", uid="another") is None
    assert objects.delete(CONFIG_MAP, "n", "a", uid=made["metadata"]["uid"]) is not None
    assert objects.get(CONFIG_MAP, "n", "a") is None


async def test_a_kind_that_is_not_served_is_an_error(objects: ApiClient) -> None:
    assert objects.resource(KindInfo("x/v1", "Y")) is None
    with pytest.raises(LocalApiError):
        objects.get(KindInfo("x/v1", "Y"), "n", "a")


async def test_a_watch_starts_with_existing_objects_and_includes_http_writes(objects: ApiClient, api: Api) -> None:
    objects.create(mine("a"))
    changes = objects.watch(CONFIG_MAP)
    async with asyncio.timeout(60):
        first = await anext(changes)
        await api.created(CONFIG_MAPS, config_map("b"))
        second = await anext(changes)
    assert [(kind, obj["metadata"]["name"]) for kind, obj in (first, second)] == [("ADDED", "a"), ("ADDED", "b")]


async def test_each_table_has_one_kind(objects: ApiClient) -> None:
    tables = [resource.table for resource in objects.kinds()]
    assert len(tables) == len(set(tables))
    assert {"events", "deployments.apps"} <= set(tables)
