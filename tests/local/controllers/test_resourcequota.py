"""ResourceQuotas: usage in the status."""

from __future__ import annotations

from rudr_py.local.storage.store import Object
from tests.local.controllers.harness import RecordedObjects, Run


def meta(name: str, **more: object) -> Object:
    return {"name": name, "namespace": "default", **more}


def pod(name: str, outcome: str = "ready") -> Object:
    notes = {"local.rudr.dev/outcome": outcome}
    spec = {"containers": [{"name": "c", "image": "i", "resources": {"requests": {"cpu": "250m"}}}]}
    metadata = meta(name, labels={"app": "web"}, annotations=notes)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


async def test_a_quota_reports_its_usage(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        hard = {"pods": "3", "requests.cpu": "1"}
        objects.create({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta("q"), "spec": {"hard": hard}})
        objects.create(pod("a"))
        created = objects.create(pod("b"))
        await cluster.settle()
        status = cluster.get("ResourceQuota", "q")["status"]
        assert status == {"hard": hard, "used": {"pods": "2", "requests.cpu": "500m"}}
        cluster.delete(created)
        await cluster.settle()
        assert cluster.get("ResourceQuota", "q")["status"]["used"]["pods"] == "1"
