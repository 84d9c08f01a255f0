"""The server that a benchmark runs against, and the documents that it uses."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec

from rudr_py.api import Kind
from rudr_py.kube import config
from rudr_py.kube.clock import SystemClock
from rudr_py.kube.transport import AioTransport
from rudr_py.model.crd_schemas import crds
from rudr_py.testing.cluster import Cluster

Document = dict[str, Any]

APPLICATION = Kind("core.oam.dev/v1alpha1", "ApplicationConfiguration")
CRD = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")


@contextlib.asynccontextmanager
async def server(kubeconfig: str | None) -> AsyncIterator[str]:
    """The kubeconfig of the server: the argument, or that of a local API in a separate process."""
    if kubeconfig:
        yield kubeconfig
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kubeconfig"
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "rudr_py",
            "dev",
            "--no-controller",
            "--node",
            "cpu=10000,memory=100Ti,pods=100000",
            "--kubeconfig",
            str(path),
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            assert process.stdout is not None
            async for line in process.stdout:
                if b"Ctrl-C" in line:
                    break
            yield str(path)
        finally:
            process.terminate()
            await process.communicate()


@contextlib.asynccontextmanager
async def namespace(kubeconfig: str) -> AsyncIterator[Cluster]:
    """A handle on a new namespace, with the CRDs applied."""
    clock = SystemClock()
    transport = AioTransport(await config.connect(kubeconfig, now=clock.now))
    try:
        cluster = Cluster(transport, f"bench-{secrets.token_hex(4)}", clock)
        name = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": cluster.namespace}}
        await cluster.apply(*crds.documents(), name)
        for document in crds.documents():
            await cluster.until(CRD, document["metadata"]["name"], lambda d: d.get("status", {}).get("conditions"))
        cluster.discovery.invalidate()
        yield cluster
        await cluster.delete(Kind("v1", "Namespace"), cluster.namespace)
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
            "parameters": [{"name": "greeting", "type": "string", "default": "hello"}],
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


async def create(cluster: Cluster, count: int) -> None:
    """Apply the component and `count` applications, 16 concurrently."""
    await cluster.apply(component())
    gate = asyncio.Semaphore(16)

    async def apply_one(number: int) -> None:
        async with gate:
            await cluster.apply(application(number))

    async with asyncio.TaskGroup() as tasks:
        for number in range(count):
            tasks.create_task(apply_one(number))


async def synced(cluster: Cluster, count: int) -> None:
    """Wait until `count` applications of the namespace are synced."""
    done: set[str] = set()
    async with contextlib.aclosing(cluster.changes(APPLICATION, "")) as changes:
        async for live in changes:
            if live is not None and _has_synced(live.part("status")):
                done.add(live.name)
            if len(done) == count:
                return


def is_synced(document: Document) -> bool:
    """Whether all objects of an application are applied."""
    return _has_synced(document.get("status"))


def _has_synced(status: Any) -> bool:
    conditions = status.get("conditions", ()) if isinstance(status, dict) else ()
    return any(c["type"] == "Synced" and c["status"] == "True" for c in conditions)


def encoded(document: Document) -> bytes:
    """The request body of a document."""
    return msgspec.json.encode(document)
