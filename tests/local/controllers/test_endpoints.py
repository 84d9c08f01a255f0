"""Endpoints and EndpointSlices."""

from __future__ import annotations

from typing import Any

from rudr_py.local.storage.store import Object
from tests.local.controllers.harness import RecordedObjects, Run


def meta(name: str, **more: Any) -> Object:
    return {"name": name, "namespace": "default", **more}


def pod(name: str, *, app: str = "web", outcome: str = "ready") -> Object:
    container = {"name": "c", "image": "i", "ports": [{"name": "http", "containerPort": 8080}]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta(name, labels={"app": app}, annotations={"local.rudr.dev/outcome": outcome}),
        "spec": {"containers": [container]},
    }


def service(**spec: Any) -> Object:
    ports = [{"port": 80, "targetPort": "http"}]
    body: Object = {"apiVersion": "v1", "kind": "Service", "metadata": meta("web")}
    return {**body, "spec": {"selector": {"app": "web"}, "ports": ports, **spec}}


async def test_a_service_has_the_addresses_of_its_pods(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(service())
        objects.create(pod("ready"))
        objects.create(pod("waiting", outcome="never-ready"))
        objects.create(pod("stranger", app="other"))
        await cluster.settle()
        (subset,) = cluster.get("Endpoints", "web")["subsets"]
        (piece,) = cluster.all("EndpointSlice")
        assert [each["targetRef"]["name"] for each in subset["addresses"]] == ["ready"]
        assert [each["targetRef"]["name"] for each in subset["notReadyAddresses"]] == ["waiting"]
        assert subset["ports"][0]["port"] == 8080
        ready = {each["targetRef"]["name"]: each["conditions"]["ready"] for each in piece["endpoints"]}
        assert ready == {"ready": True, "waiting": False}
        assert piece["metadata"]["labels"]["kubernetes.io/service-name"] == "web"
        cluster.delete(cluster.get("Pod", "ready"))
        await cluster.settle()
        assert "addresses" not in cluster.get("Endpoints", "web")["subsets"][0]


async def test_endpoints_are_deleted_with_their_service(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        created = objects.create(service())
        await cluster.until(lambda: cluster.all("EndpointSlice"))
        cluster.delete(created)
        await cluster.until(lambda: not cluster.all("EndpointSlice") and not cluster.all("Endpoints"))
