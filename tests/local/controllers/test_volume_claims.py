"""PersistentVolumeClaims: binding and protection."""

from __future__ import annotations

from typing import Any

from rudr_py.local.storage.store import Object
from tests.local.controllers.harness import RecordedObjects, Run


def meta(name: str, **more: Any) -> Object:
    return {"name": name, "namespace": "default", **more}


def pod(name: str, *, app: str = "web", outcome: str = "ready", claim: str = "") -> Object:
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": claim}}] if claim else []
    container = {"name": "c", "image": "i", "ports": [{"name": "http", "containerPort": 8080}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta(name, labels={"app": app}, annotations={"local.rudr.dev/outcome": outcome}),
        "spec": {"containers": [container], "volumes": volumes},
    }


def claim(**annotations: str) -> Object:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    notes = {f"local.rudr.dev/{key}": value for key, value in annotations.items()}
    metadata = meta("data", annotations=notes)
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}


async def test_a_claim_is_bound_to_a_volume_of_its_size(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        created = objects.create(claim())
        await cluster.settle()
        bound = cluster.get("PersistentVolumeClaim", "data")
        (volume,) = cluster.all("PersistentVolume")
        assert bound["status"]["phase"] == "Bound"
        assert bound["spec"]["volumeName"] == volume["metadata"]["name"]
        assert volume["spec"]["capacity"] == {"storage": "1Gi"}
        cluster.delete(created)
        await cluster.until(lambda: not cluster.all("PersistentVolumeClaim"))
        await cluster.until(lambda: not cluster.all("PersistentVolume"))


async def test_a_claim_can_be_left_pending(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(claim(outcome="pending"))
        await cluster.settle()
        assert cluster.get("PersistentVolumeClaim", "data")["status"]["phase"] == "Pending"


async def test_a_claim_in_use_is_kept_until_its_pod_is_deleted(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        created = objects.create(claim())
        user = objects.create(pod("user", claim="data"))
        await cluster.settle()
        cluster.delete(created)
        await cluster.settle()
        assert cluster.find("PersistentVolumeClaim", "data")
        cluster.delete(user)
        await cluster.until(lambda: not cluster.find("PersistentVolumeClaim", "data"))


async def test_a_class_of_attributes_is_kept_while_a_claim_names_it(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        metadata = {"name": "fast"}
        attributes = {"apiVersion": "storage.k8s.io/v1", "kind": "VolumeAttributesClass", "metadata": metadata}
        created = objects.create({**attributes, "driverName": "d.example.com", "parameters": {"iops": "9"}})
        assert created["metadata"]["finalizers"] == ["kubernetes.io/vac-protection"]
        named = claim()
        user = objects.create({**named, "spec": {**named["spec"], "volumeAttributesClassName": "fast"}})
        await cluster.settle()
        cluster.delete(created)
        await cluster.settle()
        assert cluster.all("VolumeAttributesClass")
        cluster.delete(user)
        await cluster.until(lambda: not cluster.all("VolumeAttributesClass"))
