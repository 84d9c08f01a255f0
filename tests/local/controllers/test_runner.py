"""The runner: enabled controllers, retries and isolation of failures."""

from __future__ import annotations

import asyncio

import pytest

from rudr_py.errors import LocalApiError
from rudr_py.local.controllers import CONTROLLERS, ControllerSettings, PodScript, run_controllers
from rudr_py.local.storage.store import Object
from tests.local.controllers.harness import FakeClock, RecordedObjects, Run


def pod(name: str, **annotations: str) -> Object:
    notes = {f"local.rudr.dev/{key.replace('_', '-')}": value for key, value in annotations.items()}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "annotations": notes, "labels": {"app": "x"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }


def phase(obj: Object) -> str:
    return str(obj["status"]["phase"])


async def test_only_the_enabled_controllers_run(running: Run, objects: RecordedObjects) -> None:
    async with running("garbagecollector") as cluster:
        objects.create(pod("alone"))
        await cluster.settle()
        assert phase(cluster.get("Pod", "alone")) == "Pending"


async def test_an_unknown_controller_name_is_rejected(objects: RecordedObjects, clock: FakeClock) -> None:
    with pytest.raises(LocalApiError, match="scheduler"):
        await run_controllers(objects, ControllerSettings(clock=clock, enabled=frozenset({"scheduler"})))


async def test_existing_objects_are_reconciled_at_the_start(running: Run, objects: RecordedObjects) -> None:
    objects.create(pod("early"))
    async with running() as cluster:
        await cluster.until(lambda: phase(cluster.get("Pod", "early")) == "Running")


async def test_a_failed_reconcile_is_retried_and_does_not_affect_other_objects(
    running: Run, objects: RecordedObjects
) -> None:
    failures = iter([RuntimeError("broken script"), RuntimeError("broken script")])

    def script(obj: Object) -> PodScript:
        if obj["metadata"]["name"] == "bad":
            for failure in failures:
                raise failure
        return PodScript()

    async with running(script=script) as cluster:
        objects.create(pod("bad"))
        objects.create(pod("good"))
        await cluster.until(lambda: phase(cluster.get("Pod", "good")) == "Running")
        assert phase(cluster.get("Pod", "bad")) == "Pending"
        await cluster.advance(1)
        await cluster.until(lambda: phase(cluster.get("Pod", "bad")) == "Running")


async def test_the_controllers_miss_no_change_among_very_many_and_a_compaction(
    running: Run, objects: RecordedObjects, caplog: pytest.LogCaptureFixture
) -> None:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "default"}}
    async with running() as cluster:
        await cluster.settle()
        for number in range(3):
            objects.create(pod(f"p{number}"))
        objects.create(config)
        for number in range(10_000):
            objects.update({**config, "data": {"number": str(number)}})
        objects.store.compact()
        await cluster.until(lambda: all(phase(each) == "Running" for each in cluster.all("Pod")))
    assert not caplog.records


async def test_the_controllers_end_with_the_store(objects: RecordedObjects, clock: FakeClock) -> None:
    settings = ControllerSettings(clock=clock, call_later=clock.call_later)
    task = asyncio.create_task(run_controllers(objects, settings))
    await asyncio.sleep(0)
    objects.store.close()
    async with asyncio.timeout(60):
        await task


async def test_the_same_seed_gives_the_same_names(clock: FakeClock) -> None:
    names = []
    for _ in range(2):
        objects = RecordedObjects(clock)
        template = {"metadata": {"labels": {"app": "x"}}, "spec": pod("")["spec"]}
        body = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "x"}}, "template": template},
        }
        objects.create(body)
        settings = ControllerSettings(clock=clock, call_later=clock.call_later, seed=7)
        task = asyncio.create_task(run_controllers(objects, settings))
        watch = objects.store.watch("pods")
        async with asyncio.timeout(60):
            await watch.wait()
        names.append(sorted(event.name for event in watch.take() if event.type == "ADDED"))
        objects.store.close()
        await task
    assert names[0] == names[1]
    assert len(names[0]) == 2


def test_the_names_of_the_controllers_are_unique() -> None:
    names = [controller.name for controller in CONTROLLERS]
    assert len(names) == len(set(names))
