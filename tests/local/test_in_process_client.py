"""The API without HTTP, as controllers use it."""

from __future__ import annotations

import asyncio
import copy

import pytest

from rudr_py.errors import AlreadyExistsError, ConflictError, LocalApiError, NotFoundError
from rudr_py.local.cluster import LocalCluster
from rudr_py.local.in_process_client import InProcessClient
from rudr_py.local.registry.resources import KindInfo
from tests.local.harness import CONFIG_MAPS, Api, config_map, deployment

CONFIG_MAP = KindInfo("v1", "ConfigMap")
DEPLOYMENT = KindInfo("apps/v1", "Deployment")


@pytest.fixture
def client(cluster: LocalCluster) -> InProcessClient:
    cluster.backend.store.put("namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "n"}})
    return cluster.client


def namespaced_config_map(name: str) -> dict[str, object]:
    body = config_map(name, {"app": name}, k="v")
    body["metadata"]["namespace"] = "n"
    return body


async def test_a_write_passes_admission_and_validation(client: InProcessClient) -> None:
    body = deployment("web")
    body["metadata"]["namespace"] = "n"
    created = client.create(body)
    assert created["spec"]["replicas"] == 1
    assert created["metadata"]["managedFields"][0]["manager"] == "local-controller-manager"
    with pytest.raises(AlreadyExistsError):
        client.create(body)


async def test_a_stale_update_is_a_conflict(client: InProcessClient) -> None:
    created = copy.deepcopy(client.create(namespaced_config_map("a")))
    client.update({**created, "data": {"k": "2"}})
    with pytest.raises(ConflictError):
        client.update({**created, "data": {"k": "3"}})


async def test_an_update_of_an_absent_object_is_not_found(client: InProcessClient) -> None:
    with pytest.raises(NotFoundError):
        client.update(namespaced_config_map("none"))


async def test_the_body_of_the_caller_is_not_changed(client: InProcessClient) -> None:
    body = namespaced_config_map("a")
    before = copy.deepcopy(body)
    client.create(body)
    assert body == before


async def test_a_status_write_changes_nothing_else(client: InProcessClient) -> None:
    body = deployment("web")
    body["metadata"]["namespace"] = "n"
    created = client.create(body)
    updated = client.update_status({**created, "spec": {}, "status": {"replicas": 2}})
    assert (updated["spec"]["replicas"], updated["status"]) == (1, {"replicas": 2})


async def test_lists_select_by_labels(client: InProcessClient) -> None:
    client.create(namespaced_config_map("a"))
    client.create(namespaced_config_map("b"))
    assert [each["metadata"]["name"] for each in client.list(CONFIG_MAP, "n", selector="app=b")] == ["b"]


async def test_a_deletion_of_another_uid_does_nothing(client: InProcessClient) -> None:
    created = client.create(namespaced_config_map("a"))
    assert client.delete(CONFIG_MAP, "n", "a", uid="another") is None
    assert client.delete(CONFIG_MAP, "n", "a", uid=created["metadata"]["uid"]) is not None
    assert client.get(CONFIG_MAP, "n", "a") is None


async def test_a_kind_that_is_not_served_is_an_error(client: InProcessClient) -> None:
    assert client.resource(KindInfo("x/v1", "Y")) is None
    with pytest.raises(LocalApiError):
        client.get(KindInfo("x/v1", "Y"), "n", "a")


async def test_a_watch_starts_with_existing_objects_and_includes_http_writes(client: InProcessClient, api: Api) -> None:
    client.create(namespaced_config_map("a"))
    changes = client.watch(CONFIG_MAP)
    async with asyncio.timeout(60):
        first = await anext(changes)
        await api.created(CONFIG_MAPS, config_map("b"))
        second = await anext(changes)
    assert [(kind, obj["metadata"]["name"]) for kind, obj in (first, second)] == [("ADDED", "a"), ("ADDED", "b")]


async def test_each_table_has_one_kind(client: InProcessClient) -> None:
    tables = [resource.table for resource in client.kinds()]
    assert len(tables) == len(set(tables))
    assert {"events", "deployments.apps"} <= set(tables)
