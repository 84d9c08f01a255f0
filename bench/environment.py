"""The documents of benchmarks, and handles on the server that they run against."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

import msgspec

from rudr_py.api import Kind
from rudr_py.kube import config
from rudr_py.kube.clock import SystemClock
from rudr_py.kube.transport import AioTransport
from rudr_py.testing.cluster import Cluster

Document = dict[str, Any]

DEPLOYMENT = Kind("apps/v1", "Deployment")
APPLICATION = Kind("core.oam.dev/v1alpha1", "ApplicationConfiguration")
GREETING = "hello"
CONCURRENT = 16
"""Requests at a time of clients that create or apply many objects."""


PER_NAMESPACE = 10
"""Applications in one namespace of a world."""


@contextlib.asynccontextmanager
async def connected(kubeconfig: str, namespace: str = "") -> AsyncIterator[Cluster]:
    """A handle on a namespace of a server, or on all of them."""
    clock = SystemClock()
    transport = AioTransport(await config.connect(kubeconfig, now=clock.now))
    try:
        yield Cluster(transport, namespace, clock)
    finally:
        await transport.close()


def component() -> Document:
    """A web server with a port and a parameter."""
    container = {
        "name": "server",
        "image": "registry.example/web:1.0.0",
        "env": [{"name": "GREETING", "fromParam": "greeting"}],
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "resources": {"cpu": {"required": 0.1}, "memory": {"required": "64Mi"}},
    }
    return {
        "apiVersion": APPLICATION.api_version,
        "kind": "ComponentSchematic",
        "metadata": {"name": "web"},
        "spec": {
            "workloadType": "core.oam.dev/v1alpha1.Server",
            "parameters": [{"name": "greeting", "type": "string", "default": GREETING}],
            "containers": [container],
        },
    }


def application(number: int) -> Document:
    """An application of one instance with ingress and auto-scaler: five objects."""
    traits = [
        {"name": "ingress", "properties": {"hostname": f"app-{number}.example", "path": "/"}},
        {"name": "auto-scaler", "properties": {"minimum": 1, "maximum": 4, "cpu": 70}},
    ]
    binding = {"componentName": "web", "instanceName": f"app-{number}-web", "traits": traits}
    return {
        "apiVersion": APPLICATION.api_version,
        "kind": APPLICATION.kind,
        "metadata": {"name": f"app-{number}"},
        "spec": {"components": [binding]},
    }


def placed(document: Document, number: int) -> Document:
    """The document in the namespace of the application with this number."""
    return {**document, "metadata": {**document["metadata"], "namespace": f"bench-{number // PER_NAMESPACE}"}}


async def concurrently(work: Iterable[Awaitable[object]]) -> None:
    """Await all, 16 at a time."""
    remaining = iter(work)

    async def worker() -> None:
        for awaitable in remaining:
            await awaitable

    async with asyncio.TaskGroup() as tasks:
        for _ in range(CONCURRENT):
            tasks.create_task(worker())


async def synced(cluster: Cluster, count: int) -> None:
    """Wait until `count` applications are synced."""
    await reached(cluster, count, is_synced)


async def reached(cluster: Cluster, count: int, state: Callable[[Document], bool]) -> None:
    """Wait until `count` applications have had a state."""
    done: set[tuple[str, str]] = set()
    async with contextlib.aclosing(cluster.changes(APPLICATION, "")) as changes:
        async for live in changes:
            if live is not None and live.key not in done and state({"status": live.part("status")}):
                done.add(live.key)
            if len(done) == count:
                return


def deployment_name(number: int) -> str:
    """The Deployment of the application with this number."""
    return f"app-{number}-web"


def edited(number: int, greeting: str) -> Document:
    """The application with this number after an edit of its parameter."""
    document = placed(application(number), number)
    document["spec"]["components"][0]["parameterValues"] = [{"name": "greeting", "value": greeting}]
    return document


def parameter_of(spec: Document) -> str:
    """The parameter in the spec of an application; that of the component if it is not edited."""
    values = spec["components"][0].get("parameterValues") or [{"value": GREETING}]
    return str(values[0]["value"])


def greeting_of(deployment: Document) -> str:
    """The parameter in the Deployment of an application."""
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return str(container["env"][0]["value"])


def is_synced(document: Document) -> bool:
    """Whether all objects of an application are applied."""
    return _has(document, "Synced")


def is_ready(document: Document) -> bool:
    """Whether all instances of an application are ready."""
    return _has(document, "Ready")


def _has(document: Document, condition: str) -> bool:
    status = document.get("status")
    conditions = status.get("conditions", ()) if isinstance(status, dict) else ()
    return any(each["type"] == condition and each["status"] == "True" for each in conditions)


def encoded(document: Document) -> bytes:
    """The request body of a document."""
    return msgspec.json.encode(document)
