"""DaemonSets: one pod on the node, and its updates."""

from __future__ import annotations

from rudr_py.local.storage.store import Object
from tests.local.controllers.harness import RecordedObjects, Run


def daemon_set(image: str = "i:1") -> Object:
    labels = {"app": "agent"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": image}]}}
    metadata = {"name": "agent", "namespace": "default"}
    spec = {"selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata, "spec": spec}


async def test_there_is_one_pod_on_the_only_node(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(daemon_set())
        await cluster.settle()
        (pod,) = cluster.all("Pod")
        status = cluster.get("DaemonSet", "agent")["status"]
        assert pod["spec"]["nodeName"] == "local"
        counts = ("desiredNumberScheduled", "currentNumberScheduled", "updatedNumberScheduled", "numberReady")
        assert [status[key] for key in (*counts, "numberAvailable")] == [1] * 5


async def test_a_new_template_replaces_the_pod(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        created = objects.create(daemon_set())
        await cluster.settle()
        cluster.change(created, template=daemon_set("i:2")["spec"]["template"])
        await cluster.settle()
        (pod,) = cluster.all("Pod")
        assert pod["spec"]["containers"][0]["image"] == "i:2"
        assert cluster.get("DaemonSet", "agent")["status"]["updatedNumberScheduled"] == 1


async def test_on_delete_keeps_the_outdated_pod(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        created = objects.create(daemon_set())
        await cluster.settle()
        cluster.change(created, updateStrategy={"type": "OnDelete"})
        live = cluster.change(
            created, template=daemon_set("i:2")["spec"]["template"], updateStrategy={"type": "OnDelete"}
        )
        await cluster.settle()
        (pod,) = cluster.all("Pod")
        assert pod["spec"]["containers"][0]["image"] == "i:1"
        cluster.delete(pod)
        await cluster.settle()
        (pod,) = cluster.all("Pod")
        assert pod["spec"]["containers"][0]["image"] == "i:2"
        cluster.delete(live)
        await cluster.until(lambda: not cluster.all("Pod"))
