"""The upgrade of Rudr's tutorial in each of the ways to change its documents, with a good and a bad image.

Every change of a Service, an Ingress or an EndpointSlice is a sample, in the order in which the API server stored them.
"""

from __future__ import annotations

from typing import Literal

import msgspec
import pytest

from rudr_py.catalog import Catalog
from rudr_py.local.storage.store import DELETED, Event
from rudr_py.testing.cluster import SETTINGS, Cluster
from tests.e2e import waiting
from tests.e2e.conftest import Rudr, Server
from tests.e2e.documents import APPLICATION, COMPONENT, DEPLOYMENT, Document, condition, image, message, ready

pytestmark = [pytest.mark.controllers, pytest.mark.faults]  # reads the storage of the local API

HOST = "hello.example"
OLD, NEW = "registry.example/hello:v1", "registry.example/hello:v2"
READY_AFTER = "0.3"
"""Seconds until a pod is ready."""

Way = Literal["new instance", "new component", "edited component"]


def hello(name: str, image_name: str, outcome: str = "ready") -> Document:
    """A web server that greets a target; `outcome` is that of its pods."""
    container = {
        "name": "server",
        "image": image_name,
        "env": [{"name": "TARGET", "fromParam": "target"}, {"name": "PORT", "fromParam": "port"}],
        "ports": [{"name": "http", "containerPort": 9999, "protocol": "TCP"}],
        "resources": {"cpu": {"required": 0.1}, "memory": {"required": "128"}},
    }
    return {
        "apiVersion": COMPONENT.api_version,
        "kind": COMPONENT.kind,
        "metadata": {
            "name": name,
            "annotations": {"local.rudr.dev/outcome": outcome, "local.rudr.dev/ready-after": READY_AFTER},
        },
        "spec": {
            "workloadType": "core.oam.dev/v1alpha1.Server",
            "parameters": [
                {"name": "target", "type": "string", "default": "World"},
                {"name": "port", "type": "string", "default": "9999"},
            ],
            "containers": [container],
        },
    }


def first_app(component: str, instance: str) -> Document:
    """The application, with an Ingress."""
    ingress = {"name": "ingress", "properties": {"hostname": HOST, "path": "/", "servicePort": 9999}}
    binding = {
        "componentName": component,
        "instanceName": instance,
        "parameterValues": [{"name": "target", "value": "reader"}, {"name": "port", "value": "9999"}],
        "traits": [ingress],
    }
    return {
        "apiVersion": APPLICATION.api_version,
        "kind": APPLICATION.kind,
        "metadata": {"name": "first-app"},
        "spec": {"components": [binding]},
    }


def upgraded(way: Way, outcome: str) -> list[Document]:
    """The documents of the second version. `new instance` is the way of the tutorial."""
    match way:
        case "new instance":
            return [hello("hello-v2", NEW, outcome), first_app("hello-v2", "hello-v2")]
        case "new component":
            return [hello("hello-v2", NEW, outcome), first_app("hello-v2", "hello-v1")]
        case "edited component":
            return [hello("hello-v1", NEW, outcome)]


class Traffic:
    """The requests of clients in the cluster to each Service, and of those outside to the host, after each change.

    `gaps` has a line for each change after which a Service that exists, or the host, has no ready endpoint any more. An
    ingress controller prefers the oldest Ingress of a host.
    """

    def __init__(self, server: Server, namespace: str) -> None:
        self._namespace = namespace
        self.gaps: list[str] = []
        self.samples = 0
        self._objects: dict[str, dict[str, Document]] = {"Service": {}, "Ingress": {}, "EndpointSlice": {}}
        self._served: set[str] = set()
        assert server.local is not None
        server.local.backend.store.listeners.append(self._change)

    def _change(self, event: Event) -> None:
        objects = self._objects.get(event.object["kind"])
        if objects is None or event.object["metadata"].get("namespace") != self._namespace:
            return
        if event.type == DELETED:
            objects.pop(event.name, None)
        else:
            objects[event.name] = event.object
        self.samples += 1
        served = {name for name in self._objects["Service"] if self._is_ready(name)}
        if self._routed() in served:
            served.add(HOST)
        existing = {*self._objects["Service"], HOST}
        for name in sorted((self._served - served) & existing):
            self.gaps.append(f"{name} has no ready endpoint after {event.type} {event.object['kind']} {event.name}")
        self._served |= served

    def _is_ready(self, service: str) -> bool:
        return any(
            endpoint["conditions"]["ready"]
            for endpoints in self._objects["EndpointSlice"].values()
            if endpoints["metadata"]["labels"]["kubernetes.io/service-name"] == service
            for endpoint in endpoints.get("endpoints") or ()
        )

    def _routed(self) -> str:
        """The Service of the oldest Ingress; a dictionary keeps the order in which names were added."""
        for ingress in self._objects["Ingress"].values():
            (rule,) = ingress["spec"]["rules"]
            assert rule["host"] == HOST
            return str(rule["http"]["paths"][0]["backend"]["service"]["name"])
        return ""


@pytest.mark.parametrize("way", ["new instance", "new component", "edited component"])
async def test_an_upgrade_with_a_good_image_has_no_moment_without_a_ready_endpoint(
    way: Way, cluster: Cluster, catalog: Catalog, server: Server, rudr: Rudr
) -> None:
    traffic = Traffic(server, cluster.namespace)
    async with cluster.controller(catalog):
        await cluster.apply(hello("hello-v1", OLD), first_app("hello-v1", "hello-v1"))
        await cluster.until(APPLICATION, "first-app", ready)
        samples = traffic.samples
        await cluster.apply(*upgraded(way, "ready"))
        code, _, error = await rudr("status", "first-app", "--wait", "--timeout", "1m")
        assert code == 0, error
        deployments = await cluster.list(DEPLOYMENT)
    assert [image(deployment) for deployment in deployments] == [NEW]
    assert traffic.samples > samples
    assert traffic.gaps == []


@pytest.mark.parametrize("way", ["new instance", "new component", "edited component"])
async def test_an_upgrade_with_a_bad_image_leaves_the_old_version_serving_and_ready_has_the_reason(
    way: Way, cluster: Cluster, catalog: Catalog, server: Server, rudr: Rudr
) -> None:
    traffic = Traffic(server, cluster.namespace)
    settings = msgspec.structs.replace(SETTINGS, removal_deadline=3.0)
    async with cluster.controller(catalog, settings=settings):
        await cluster.apply(hello("hello-v1", OLD), first_app("hello-v1", "hello-v1"))
        await cluster.until(APPLICATION, "first-app", ready)
        await cluster.apply(*upgraded(way, "image-pull-error"))
        failed = await cluster.until(
            APPLICATION,
            "first-app",
            lambda document: condition(document, "Ready") == "False" and "ImagePull" in message(document, "Ready"),
        )
        await waiting.until_idle(cluster, server.mark, server.writes)
        assert NEW in message(failed, "Ready")
        if way == "new instance":
            await cluster.until(APPLICATION, "first-app", lambda document: condition(document, "Replaced") == "False")
            code, _, error = await rudr("status", "first-app", "--wait", "--timeout", "1h")
            assert (code, "first-app cannot become ready: hello-v1 is kept" in error) == (1, True)
        assert traffic.gaps == []
        # the repair
        await cluster.apply(*upgraded(way, "ready"))
        code, _, error = await rudr("status", "first-app", "--wait", "--timeout", "1m")
        assert code == 0, error
    assert traffic.gaps == []
