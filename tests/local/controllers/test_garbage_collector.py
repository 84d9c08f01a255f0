"""The garbage collector: background and foreground deletion, orphans, and owners that cannot be checked."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.local.controllers.runtime.context import reference_to
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import Object
from tests.local.controllers.harness import RecordedObjects, Run

CONFIG_MAP = KindInfo("v1", "ConfigMap")


def config(name: str, *owners: Object, **metadata: Any) -> Object:
    references = [reference_to(owner) | {"controller": False} for owner in owners]
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default", "ownerReferences": references, **metadata},
    }


async def test_a_dependent_is_deleted_after_its_last_owner(running: Run, objects: RecordedObjects) -> None:
    async with running("garbagecollector") as cluster:
        first, second = objects.create(config("one")), objects.create(config("two"))
        objects.create(config("child", first, second))
        cluster.delete(first)
        await cluster.settle()
        child = cluster.get("ConfigMap", "child")
        assert [each["name"] for each in child["metadata"]["ownerReferences"]] == ["two"]
        cluster.delete(second)
        await cluster.until(lambda: not cluster.find("ConfigMap", "child"))


async def test_a_dependent_of_an_owner_that_never_existed_is_deleted(running: Run, objects: RecordedObjects) -> None:
    async with running("garbagecollector") as cluster:
        absent = config("absent", uid="u-1")
        objects.create(config("child", absent))
        await cluster.until(lambda: not cluster.find("ConfigMap", "child"))


async def test_an_object_with_another_uid_is_not_the_owner(running: Run, objects: RecordedObjects) -> None:
    async with running("garbagecollector") as cluster:
        live = objects.create(config("owner"))
        objects.create(config("child", {**live, "metadata": {**live["metadata"], "uid": "older"}}))
        await cluster.until(lambda: not cluster.find("ConfigMap", "child"))


async def test_an_owner_of_an_unknown_kind_keeps_its_dependents(running: Run, objects: RecordedObjects) -> None:
    async with running("garbagecollector") as cluster:
        stranger = {"apiVersion": "x.dev/v1", "kind": "Stranger", "metadata": {"name": "s", "uid": "u"}}
        objects.create(config("child", stranger))
        await cluster.settle()
        assert cluster.find("ConfigMap", "child")


async def test_dependents_of_an_owner_deleted_before_the_start_are_deleted(
    running: Run, objects: RecordedObjects
) -> None:
    owner = objects.create(config("owner"))
    objects.create(config("child", owner))
    objects.delete(CONFIG_MAP, "default", "owner")
    async with running("garbagecollector") as cluster:
        await cluster.until(lambda: not cluster.find("ConfigMap", "child"))


async def test_background_deletion_is_recursive(running: Run, objects: RecordedObjects) -> None:
    async with running("garbagecollector") as cluster:
        owner = objects.create(config("owner"))
        child = objects.create(config("child", owner))
        objects.create(config("grandchild", child))
        cluster.delete(owner)
        await cluster.until(lambda: not cluster.all("ConfigMap"))


async def test_foreground_deletion_keeps_the_owner_until_blocking_dependents_are_deleted(
    running: Run, objects: RecordedObjects
) -> None:
    async with running("garbagecollector") as cluster:
        owner = objects.create(config("owner"))
        child = objects.create(config("child", owner))
        objects.create(config("grandchild", child, finalizers=["example.dev/hold"]))
        watch = objects.store.watch()
        cluster.delete(owner, "Foreground")
        await cluster.settle()
        assert {each["metadata"]["name"] for each in cluster.all("ConfigMap")} == {"owner", "child", "grandchild"}
        held = cluster.get("ConfigMap", "grandchild")
        objects.update({**held, "metadata": {**held["metadata"], "finalizers": []}})
        await cluster.until(lambda: not cluster.all("ConfigMap"))
        gone = [event.name for event in watch.take() if event.type == "DELETED"]
    assert gone == ["grandchild", "child", "owner"]


async def test_foreground_deletion_waits_only_for_blocking_dependents(running: Run, objects: RecordedObjects) -> None:
    async with running("garbagecollector") as cluster:
        owner = objects.create(config("owner"))
        child = config("child", owner, finalizers=["example.dev/hold"])
        child["metadata"]["ownerReferences"][0]["blockOwnerDeletion"] = False
        objects.create(child)
        cluster.delete(owner, "Foreground")
        await cluster.until(lambda: not cluster.find("ConfigMap", "owner"))


async def test_orphaned_dependents_lose_the_reference_and_are_kept(running: Run, objects: RecordedObjects) -> None:
    async with running("garbagecollector") as cluster:
        owner = objects.create(config("owner"))
        objects.create(config("child", owner))
        cluster.delete(owner, "Orphan")
        await cluster.until(lambda: not cluster.find("ConfigMap", "owner"))
        await cluster.settle()
        assert cluster.get("ConfigMap", "child")["metadata"].get("ownerReferences", []) == []


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
async def test_objects_that_own_each_other_can_be_deleted(
    running: Run, objects: RecordedObjects, propagation: str
) -> None:
    async with running("garbagecollector") as cluster:
        first = objects.create(config("one"))
        second = objects.create(config("two", first))
        objects.update({**first, "metadata": {**first["metadata"], "ownerReferences": [reference_to(second)]}})
        cluster.delete(first, propagation)
        await cluster.until(lambda: not cluster.all("ConfigMap"))


async def test_the_pods_of_a_deleted_deployment_are_deleted(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        owner = objects.create(
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": "web", "namespace": "default"},
                "spec": {
                    "replicas": 3,
                    "selector": {"matchLabels": {"app": "web"}},
                    "template": {
                        "metadata": {"labels": {"app": "web"}},
                        "spec": {"containers": [{"name": "c", "image": "i"}]},
                    },
                },
            }
        )
        await cluster.rolled_out()
        cluster.delete(owner, "Foreground")
        await cluster.until(lambda: not cluster.all("Deployment"))
        assert not cluster.all("Pod")
        assert not cluster.all("ReplicaSet")
