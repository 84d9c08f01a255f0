"""Pods keep the config files that they started with, and a ConfigMap that no pod can read any more is deleted."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.api import kstatus
from rudr_py.catalog import Catalog
from rudr_py.testing.cluster import Cluster
from tests.e2e import waiting
from tests.e2e.conftest import Kubectl
from tests.e2e.documents import (
    APPLICATION,
    COMPONENT_INSTANCE,
    CONFIG_MAP,
    DEPLOYMENT,
    POD,
    STATEFUL_SET,
    Document,
    application,
    component,
    condition,
    observed,
    synced,
)

pytestmark = pytest.mark.controllers

CRASHING = {"local.rudr.dev/outcome": "crash-loop"}
NEVER_READY = {"local.rudr.dev/outcome": "never-ready"}
HOLD = {"metadata": {"finalizers": ["example.com/hold"]}}


def configured(files: dict[str, str], **annotations: str) -> Document:
    """The component `web` with config files in /etc/web, by name; annotations determine the outcome of its pods."""
    document = component()
    document["metadata"]["annotations"] = annotations
    document["spec"]["containers"][0]["config"] = [
        {"path": f"/etc/web/{name}", "value": value} for name, value in files.items()
    ]
    return document


def ready(document: Document) -> bool:
    return synced(document) and condition(document, "Ready") == "True"


def pod_files(pod: Document) -> dict[str, str]:
    """The ConfigMaps that a pod mounts, with the key of each."""
    sources = {volume["name"]: volume.get("configMap") for volume in pod["spec"]["volumes"]}
    mounts = pod["spec"]["containers"][0]["volumeMounts"]
    return {sources[mount["name"]]["name"]: mount["subPath"] for mount in mounts if sources.get(mount["name"])}


async def readable(cluster: Cluster, pod: Document) -> dict[str, str | None]:
    """The content of the config files that a container of a pod would get now."""
    read: dict[str, str | None] = {}
    for name, key in pod_files(pod).items():
        config_map = await cluster.get(CONFIG_MAP, name)
        read[key] = (config_map or {}).get("data", {}).get(key)
    return read


async def config_maps(cluster: Cluster) -> list[Any]:
    documents = await cluster.list(CONFIG_MAP, "oam.dev/instance-name=shop-web")
    return sorted(list(document["data"].items()) for document in documents)


async def first_pod(cluster: Cluster, component: Document) -> Document:
    """Apply the component and the application; return the pod when the application is Ready."""
    await cluster.apply(component, application())
    await cluster.until(APPLICATION, "shop", ready)
    (pod,) = await cluster.list(POD)
    return pod


def other_than(*pods: Document) -> Any:
    """Whether a pod is running and not one of these."""
    uids = {pod["metadata"]["uid"] for pod in pods}
    return lambda pod: pod["metadata"]["uid"] not in uids and pod.get("status", {}).get("phase") == "Running"


OLD = {"old.conf": "old", "main.conf": "main 1", "users.conf": "users"}
NEW = {"main.conf": "main 1", "users.conf": "users"}


async def test_a_pod_of_an_earlier_revision_finds_its_files_while_the_rollout_fails(
    cluster: Cluster, catalog: Catalog
) -> None:
    async with cluster.controller(catalog):
        old = await first_pod(cluster, configured(OLD))
        await cluster.apply(configured(NEW, **CRASHING))
        broken = await waiting.until_any(cluster, POD, other_than(old))
        await cluster.until(APPLICATION, "shop", synced)
        assert (await readable(cluster, old), await readable(cluster, broken)) == (OLD, NEW)

        await cluster.delete(POD, old["metadata"]["name"])
        replacement = await waiting.until_any(cluster, POD, other_than(old, broken))
        assert pod_files(replacement) == pod_files(old)
        assert await readable(cluster, replacement) == OLD


async def test_config_maps_are_deleted_when_the_rollout_has_ended(cluster: Cluster, catalog: Catalog) -> None:
    async with cluster.controller(catalog):
        old = await first_pod(cluster, configured(OLD))
        await cluster.apply(configured(NEW))
        for name in pod_files(old):
            await cluster.gone(CONFIG_MAP, name)
        await cluster.until(APPLICATION, "shop", ready)
        assert await config_maps(cluster) == [[("main.conf", "main 1")], [("users.conf", "users")]]


async def test_only_the_files_of_revisions_with_pods_stay_over_a_restart_of_the_controller(
    cluster: Cluster, catalog: Catalog
) -> None:
    """No rollout ends. The pods of the second revision are replaced by those of the third one."""
    async with cluster.controller(catalog):
        first = await first_pod(cluster, configured({"main.conf": "1"}))
        await cluster.apply(configured({"main.conf": "2"}, **NEVER_READY))
        second = await waiting.until_any(cluster, POD, other_than(first))
    async with cluster.controller(catalog):
        await cluster.apply(configured({"main.conf": "3"}, **NEVER_READY))
        third = await waiting.until_any(cluster, POD, other_than(first, second))
        for name in pod_files(second):
            await cluster.gone(CONFIG_MAP, name)
        assert await readable(cluster, first) == {"main.conf": "1"}
        assert await readable(cluster, third) == {"main.conf": "3"}
        await cluster.delete(POD, first["metadata"]["name"])
        await waiting.until_any(cluster, POD, other_than(first, second, third))

        await cluster.apply(configured({"main.conf": "4"}))
        for pod in (first, third):
            for name in pod_files(pod):
                await cluster.gone(CONFIG_MAP, name)
        await cluster.until(APPLICATION, "shop", ready)
        assert await config_maps(cluster) == [[("main.conf", "4")]]


async def test_a_reverted_document_returns_to_the_running_revision_without_a_restart(
    cluster: Cluster, catalog: Catalog
) -> None:
    async with cluster.controller(catalog):
        old = await first_pod(cluster, configured(OLD))
        await cluster.apply(configured(NEW, **CRASHING))
        broken = await waiting.until_any(cluster, POD, other_than(old))
        await cluster.apply(configured(OLD))
        await cluster.gone(POD, broken["metadata"]["name"])
        for name in set(pod_files(broken)) - set(pod_files(old)):
            await cluster.gone(CONFIG_MAP, name)
        await cluster.until(APPLICATION, "shop", ready)
        assert [pod["metadata"]["uid"] for pod in await cluster.list(POD)] == [old["metadata"]["uid"]]
        assert await readable(cluster, old) == OLD


async def test_a_running_task_keeps_its_files_until_its_last_pod_is_gone(cluster: Cluster, catalog: Catalog) -> None:
    def task(value: str) -> Document:
        document = configured({"main.conf": value}, **NEVER_READY)
        document["spec"]["workloadType"] = "core.oam.dev/v1alpha1.Task"
        del document["spec"]["containers"][0]["ports"]
        return document

    async with cluster.controller(catalog):
        await cluster.apply(task("1"), application())
        old = await waiting.until_any(cluster, POD, other_than())
        await cluster.until(APPLICATION, "shop", synced)
        await cluster.patch(POD, old["metadata"]["name"], HOLD)
        await cluster.apply(task("2"))
        await cluster.until(POD, old["metadata"]["name"], lambda pod: "deletionTimestamp" in pod["metadata"])
        await cluster.until(APPLICATION, "shop", lambda d: observed(d) and condition(d, "Synced") == "False")
        assert await readable(cluster, old) == {"main.conf": "1"}

        await cluster.patch(POD, old["metadata"]["name"], {"metadata": {"finalizers": None}})
        new = await waiting.until_any(cluster, POD, other_than(old))
        assert await readable(cluster, new) == {"main.conf": "2"}
        for name in pod_files(old):
            await cluster.gone(CONFIG_MAP, name)


async def test_pods_keep_their_files_when_their_instance_moves_to_another_component(
    cluster: Cluster, catalog: Catalog
) -> None:
    """The ConfigMaps of the earlier component belong to a ComponentInstance that is deleted at the end."""
    other = configured({"main.conf": "2"}, **NEVER_READY)
    other["metadata"]["name"] = "other"
    moved = application()
    moved["spec"]["components"][0]["componentName"] = "other"
    async with cluster.controller(catalog):
        old = await first_pod(cluster, configured({"main.conf": "1"}))
        await cluster.apply(other, moved)
        new = await waiting.until_any(cluster, POD, other_than(old))
        await cluster.until(APPLICATION, "shop", synced)
        assert (await readable(cluster, old), await readable(cluster, new)) == ({"main.conf": "1"}, {"main.conf": "2"})

        other["metadata"]["annotations"] = {}
        await cluster.apply(other)
        for name in pod_files(old):
            await cluster.gone(CONFIG_MAP, name)
        await cluster.gone(COMPONENT_INSTANCE, "web-shop-web")


@pytest.mark.parametrize("workload", ["Server", "SingletonServer"])
async def test_kubectl_rollout_undo_is_reverted_without_a_leftover_of_the_earlier_files(
    cluster: Cluster, catalog: Catalog, kubectl: Kubectl, workload: str
) -> None:
    """The client that undoes a rollout owns the files that it restores."""

    def typed(files: dict[str, str]) -> Document:
        document = configured(files)
        document["spec"]["workloadType"] = f"core.oam.dev/v1alpha1.{workload}"
        return document

    kind = DEPLOYMENT if workload == "Server" else STATEFUL_SET
    async with cluster.controller(catalog):
        await cluster.apply(typed(OLD), application())
        await cluster.until(APPLICATION, "shop", ready)
        await cluster.apply(typed(NEW))
        await cluster.until(APPLICATION, "shop", ready)
        applied = await cluster.until(kind, "shop-web", lambda document: template_files(document) == list(NEW))

        await kubectl("rollout", "undo", f"{kind.kind.lower()}/shop-web")
        await cluster.until(
            kind,
            "shop-web",
            lambda document: (
                document["metadata"]["generation"] > applied["metadata"]["generation"]
                and template_files(document) == list(NEW)
                and kstatus.assess(document).ok
            ),
        )
        await cluster.until(APPLICATION, "shop", ready)
        for pod in await cluster.list(POD):
            assert "deletionTimestamp" in pod["metadata"] or await readable(cluster, pod) == NEW


def template_files(document: Document) -> list[str]:
    """The config files that the containers of a pod template mount."""
    mounts = document["spec"]["template"]["spec"]["containers"][0].get("volumeMounts", ())
    volumes = document["spec"]["template"]["spec"].get("volumes", ())
    return [mount["subPath"] for mount in mounts] if len(mounts) == len(volumes) else ["surplus volumes"]
