"""kubernetes_asyncio: its generated client and its watch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from kubernetes_asyncio import client, config, watch

from rudr_py.testing.cluster import Cluster
from tests.e2e.conftest import Server
from tests.e2e.documents import CRD, established

SECONDS = 60
TRAYS = ("generated.example", "v1")


@pytest.fixture
async def api(server: Server, client_cluster: Cluster) -> AsyncIterator[client.ApiClient]:
    """The generated client on the test's cluster."""
    settings = client.Configuration()
    await config.load_kube_config(str(server.kubeconfig), client_configuration=settings)
    async with client.ApiClient(settings) as api_client:
        yield api_client


def pod_template(image: str) -> client.V1PodTemplateSpec:
    return client.V1PodTemplateSpec(
        metadata=client.V1ObjectMeta(labels={"app": "web"}),
        spec=client.V1PodSpec(containers=[client.V1Container(name="web", image=image)]),
    )


def config_map(name: str, **data: str) -> client.V1ConfigMap:
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, labels={"app": "web"}), data=data)


async def test_objects_are_created_read_changed_and_deleted_as_models(
    api: client.ApiClient, client_cluster: Cluster
) -> None:
    core, namespace = client.CoreV1Api(api), client_cluster.namespace
    created = await core.create_namespaced_config_map(namespace, config_map("one", a="1"))
    assert created.metadata.uid
    created.data["b"] = "2"
    replaced = await core.replace_namespaced_config_map("one", namespace, created)
    assert replaced.data == {"a": "1", "b": "2"}
    with pytest.raises(client.ApiException) as conflict:
        await core.replace_namespaced_config_map("one", namespace, created)
    assert (conflict.value.status, conflict.value.reason) == (409, "Conflict")
    patched = await core.patch_namespaced_config_map("one", namespace, {"data": {"a": None}})
    assert patched.data == {"b": "2"}
    await core.create_namespaced_config_map(namespace, config_map("two"))
    page = await core.list_namespaced_config_map(namespace, label_selector="app=web", limit=1)
    rest = await core.list_namespaced_config_map(namespace, label_selector="app=web", _continue=page.metadata._continue)
    assert [item.metadata.name for item in (*page.items, *rest.items)] == ["one", "two"]
    await core.delete_namespaced_config_map("one", namespace)
    with pytest.raises(client.ApiException) as gone:
        await core.read_namespaced_config_map("one", namespace)
    assert gone.value.status == 404


async def test_a_deployment_is_scaled_through_its_subresource(api: client.ApiClient, client_cluster: Cluster) -> None:
    apps, namespace = client.AppsV1Api(api), client_cluster.namespace
    spec = client.V1DeploymentSpec(
        replicas=2,
        selector=client.V1LabelSelector(match_labels={"app": "web"}),
        template=pod_template("registry.example/web:1"),
    )
    await apps.create_namespaced_deployment(
        namespace, client.V1Deployment(metadata=client.V1ObjectMeta(name="web"), spec=spec)
    )
    scale = await apps.read_namespaced_deployment_scale("web", namespace)
    assert (scale.spec.replicas, scale.status.selector) == (2, "app=web")
    scale.spec.replicas = 5
    await apps.replace_namespaced_deployment_scale("web", namespace, scale)
    deployment = await apps.read_namespaced_deployment("web", namespace)
    assert deployment.spec.replicas == 5
    assert deployment.spec.strategy.rolling_update.max_surge == "25%"
    image = {"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "registry.example/web:2"}]}}}}
    merged = await apps.patch_namespaced_deployment("web", namespace, image)
    assert [container.image for container in merged.spec.template.spec.containers] == ["registry.example/web:2"]


async def test_a_watch_yields_changes_as_models_until_it_is_stopped(
    api: client.ApiClient, client_cluster: Cluster
) -> None:
    core, namespace = client.CoreV1Api(api), client_cluster.namespace
    await core.create_namespaced_config_map(namespace, config_map("seen", a="1"))
    events: list[tuple[str, Any]] = []
    async with asyncio.timeout(SECONDS), watch.Watch() as stream:
        async for event in stream.stream(
            core.list_namespaced_config_map, namespace, field_selector="metadata.name=seen", timeout_seconds=SECONDS
        ):
            events.append((event["type"], event["object"].data))
            if event["type"] == "ADDED":
                await core.patch_namespaced_config_map("seen", namespace, {"data": {"a": "2"}})
            elif event["type"] == "MODIFIED":
                await core.delete_namespaced_config_map("seen", namespace)
            else:
                stream.stop()
    assert events == [("ADDED", {"a": "1"}), ("MODIFIED", {"a": "2"}), ("DELETED", {"a": "2"})]


async def test_custom_objects_are_plain_documents(api: client.ApiClient, client_cluster: Cluster) -> None:
    definitions, custom = client.ApiextensionsV1Api(api), client.CustomObjectsApi(api)
    group, version = TRAYS
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    definition: Any = {
        "apiVersion": CRD.api_version,
        "kind": CRD.kind,
        "metadata": {"name": f"trays.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "trays", "singular": "tray", "kind": "Tray"},
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": schema},
                    "subresources": {"status": {}},
                }
            ],
        },
    }
    await definitions.create_custom_resource_definition(definition)
    try:
        await client_cluster.until(CRD, f"trays.{group}", established)
        where = (group, version, client_cluster.namespace, "trays")
        tray = {"apiVersion": f"{group}/{version}", "kind": "Tray", "metadata": {"name": "a"}, "spec": {"cups": 1}}
        await custom.create_namespaced_custom_object(*where, tray)
        await custom.patch_namespaced_custom_object_status(
            *where, "a", [{"op": "add", "path": "/status", "value": {"full": True}}]
        )
        listed = await custom.list_namespaced_custom_object(*where)
        assert [(item["spec"], item["status"]) for item in listed["items"]] == [({"cups": 1}, {"full": True})]
        await custom.delete_namespaced_custom_object(*where, "a")
        assert (await custom.list_namespaced_custom_object(*where))["items"] == []
    finally:
        await definitions.delete_custom_resource_definition(f"trays.{group}")
