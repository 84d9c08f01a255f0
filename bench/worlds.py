"""Servers with applications that no client has processed, and new namespaces of servers."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from bench import environment, servers
from bench.servers import Server
from rudr_py.api import Kind
from rudr_py.model.crd_schemas import crds
from rudr_py.testing.cluster import Cluster

CRD = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")


@dataclass(frozen=True)
class World:
    """A server with the CRDs and `count` applications, in several namespaces. `cluster` covers all namespaces."""

    server: Server
    cluster: Cluster
    count: int


@contextlib.asynccontextmanager
async def server(kubeconfig: str | None) -> AsyncIterator[str]:
    """The kubeconfig of the server: the argument, or that of a local API in a separate process."""
    if kubeconfig:
        yield kubeconfig
        return
    async with servers.local() as started:
        yield started.kubeconfig


@contextlib.asynccontextmanager
async def world(assets: str, count: int) -> AsyncIterator[World]:
    """A new server with applications that no client has processed."""
    async with servers.start(assets) as started, environment.connected(started.kubeconfig) as cluster:
        await fill(cluster, count)
        yield World(started, cluster, count)


@contextlib.asynccontextmanager
async def loaded(count: int) -> AsyncIterator[tuple[World, Callable[[], None]]]:
    """A new local API on which applications are in sync, and a function that lets the history of all kinds expire."""
    with tempfile.TemporaryDirectory() as folder:
        kubeconfig = str(Path(folder) / "kubeconfig")
        options = ("--applications", str(count), "--kubeconfig", kubeconfig)
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.loaded_server", *options, stdin=pipe, stdout=pipe
        )
        try:
            assert process.stdout is not None
            assert process.stdin is not None
            assert await process.stdout.readline()
            expire = functools.partial(process.stdin.write, b"expire\n")
            async with environment.connected(kubeconfig) as cluster:
                yield World(Server(kubeconfig, (process.pid,)), cluster, count), expire
        finally:
            process.kill()  # its objects are in memory only
            await process.communicate()


@contextlib.asynccontextmanager
async def namespace(kubeconfig: str) -> AsyncIterator[Cluster]:
    """A handle on a new namespace, with the CRDs applied."""
    async with environment.connected(kubeconfig, f"bench-{secrets.token_hex(4)}") as cluster:
        await cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": cluster.namespace}})
        await _install(cluster)
        yield cluster
        await cluster.delete(Kind("v1", "Namespace"), cluster.namespace)


async def fill(cluster: Cluster, count: int) -> None:
    """Create the CRDs and applications."""
    await _install(cluster)
    await _create_all(cluster, count)


async def _install(cluster: Cluster) -> None:
    await cluster.apply(*crds.documents())
    for document in crds.documents():
        await cluster.until(CRD, document["metadata"]["name"], lambda d: d.get("status", {}).get("conditions"))
    cluster.discovery.invalidate()


async def _create_all(cluster: Cluster, count: int) -> None:
    """Create namespaces, the component in each, and all applications."""
    firsts = [
        environment.placed(environment.component(), number) for number in range(0, count, environment.PER_NAMESPACE)
    ]
    applications = (environment.placed(environment.application(number), number) for number in range(count))
    names = [component["metadata"]["namespace"] for component in firsts]
    spaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in names]
    for documents in (spaces, firsts, applications):
        await environment.concurrently(cluster.apply(document) for document in documents)
