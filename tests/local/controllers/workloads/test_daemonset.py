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


async def test_a_daemon_set_has_a_history_of_its_templates(running: Run, objects: RecordedObjects) -> None:
    def revisions() -> list[tuple[int, str]]:
        listed = sorted(cluster.all("ControllerRevision"), key=lambda revision: int(revision["revision"]))
        templates = [(each["revision"], each["data"]["spec"]["template"]) for each in listed]
        assert all(template["$patch"] == "replace" for _, template in templates)
        return [(number, template["spec"]["containers"][0]["image"]) for number, template in templates]

    async with running() as cluster:
        created = objects.create(daemon_set())
        await cluster.settle()
        for image in ("i:2", "i:3", "i:1"):
            cluster.change(created, template=daemon_set(image)["spec"]["template"], revisionHistoryLimit=1)
            await cluster.settle()
            (pod,) = cluster.all("Pod")
            (newest,) = [each for each in cluster.all("ControllerRevision") if each["revision"] == revisions()[-1][0]]
            label = "controller-revision-hash"
            assert pod["metadata"]["labels"][label] == newest["metadata"]["labels"][label]
        assert revisions() == [(3, "i:3"), (4, "i:1")]
