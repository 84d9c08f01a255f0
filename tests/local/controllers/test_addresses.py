"""Addresses of load balancers."""

from __future__ import annotations

from typing import Any

from rudr_py.local.storage.store import Object
from tests.local.controllers.harness import RecordedObjects, Run


def meta(name: str, **more: Any) -> Object:
    return {"name": name, "namespace": "default", **more}


def service(**spec: Any) -> Object:
    ports = [{"port": 80, "targetPort": "http"}]
    body: Object = {"apiVersion": "v1", "kind": "Service", "metadata": meta("web")}
    return {**body, "spec": {"selector": {"app": "web"}, "ports": ports, **spec}}


async def test_a_load_balancer_gets_an_address(running: Run, objects: RecordedObjects) -> None:
    async with running() as cluster:
        objects.create(service(type="LoadBalancer"))
        await cluster.settle()
        assert cluster.get("Service", "web")["status"]["loadBalancer"]["ingress"][0]["ip"]
