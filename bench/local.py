"""Measures the local API: applies, a long list and many watchers, with the rate and the CPU time of each as a table.

The server is a separate process without controllers, so that its CPU time is the cost of the requests.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import yaml

from bench import environment, worlds
from rudr_py.api import Kind
from rudr_py.kube import requests
from rudr_py.kube.requests import Selection
from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.testing.cluster import Cluster

DEPLOYMENT, CONFIG_MAP = Kind("apps/v1", "Deployment"), Kind("v1", "ConfigMap")
AT_ONCE = 16
TICKS = os.sysconf("SC_CLK_TCK")


class Row(msgspec.Struct, frozen=True):
    """One line of the table: an operation, its count, its wall time and the server's CPU time, both in seconds."""

    name: str
    count: int
    wall: float
    cpu: float

    def __str__(self) -> str:
        rate, each = self.count / self.wall, 1e6 * self.cpu / self.count
        return f"{self.name:42} {self.count:8} {self.wall:8.2f} {rate:9.0f} {self.cpu:8.2f} {each:8.0f}"


def main() -> None:
    """Measure and print. The benchmark starts its server with `--serve FILE`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--applies", type=int, default=2000)
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--watchers", type=int, default=200)
    parser.add_argument("--changes", type=int, default=1000)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.serve) if arguments.serve else _measure(arguments))


async def _serve(path: Path) -> None:
    async with LocalCluster(LocalSettings(controllers=frozenset())) as cluster:
        await asyncio.to_thread(path.write_text, yaml.safe_dump(cluster.kubeconfig()))
        print("ready", flush=True)
        await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def _server() -> AsyncIterator[tuple[str, int]]:
    """The path of a new server's kubeconfig, and its process ID."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kubeconfig"
        command = (sys.executable, "-m", "bench.local", "--serve", str(path))
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        try:
            assert process.stdout is not None
            assert await process.stdout.readline()
            yield str(path), process.pid
        finally:
            process.kill()
            await process.communicate()


async def _measure(arguments: argparse.Namespace) -> None:
    print(f"{'':42} {'count':>8} {'wall s':>8} {'per s':>9} {'cpu s':>8} {'µs each':>8}")
    async with _server() as (kubeconfig, process), worlds.namespace(kubeconfig) as cluster:

        async def row(name: str, count: int, work: Callable[[], Awaitable[None]]) -> None:
            wall, cpu = time.perf_counter(), _cpu(process)
            await work()
            print(Row(name, count, time.perf_counter() - wall, _cpu(process) - cpu), flush=True)

        deployments = [_deployment(number) for number in range(arguments.applies)]
        for name in ("applies that create a Deployment", "applies that change nothing"):
            await row(name, arguments.applies, lambda: _apply(cluster, DEPLOYMENT, deployments))
        objects = [_config_map(number) for number in range(arguments.objects)]
        await row("applies that create a ConfigMap", arguments.objects, lambda: _apply(cluster, CONFIG_MAP, objects))
        for name, page in (("objects of a list at once", 0), ("objects of a list by 500", 500)):
            await row(name, arguments.objects, lambda page=page: _list(cluster, page, arguments.objects))  # type: ignore[misc] # bound by default
        await _watched(cluster, arguments, row)


def _cpu(process: int) -> float:
    """CPU time of a process in seconds, including kernel time."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def _apply(cluster: Cluster, kind: Kind, documents: Iterable[dict[str, Any]]) -> None:
    """Apply documents of one kind, `AT_ONCE` concurrently."""
    waiting = iter(documents)

    async def one_after_another() -> None:
        for document in waiting:
            target = await cluster.target(kind, document["metadata"]["name"])
            await cluster.client.apply(target, environment.encoded(document), "bench")

    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(one_after_another())


async def _list(cluster: Cluster, page: int, count: int) -> None:
    resource = await cluster.discovery.resolve(CONFIG_MAP.api_version, CONFIG_MAP.kind)
    objects = await cluster.client.list_all(Selection(resource, cluster.namespace), page=page)
    assert len(objects) >= count


async def _watched(
    cluster: Cluster, arguments: argparse.Namespace, row: Callable[[str, int, Callable[[], Awaitable[None]]], Any]
) -> None:
    """Change objects while many clients watch them, until each watcher has received all changes."""
    resource = await cluster.discovery.resolve(CONFIG_MAP.api_version, CONFIG_MAP.kind)
    selection = Selection(resource, cluster.namespace, labels="watched=yes")
    request = requests.watch(selection, resource_version="", timeout_seconds=600, silence=60)
    opened = asyncio.Semaphore(0)

    async def receive() -> None:
        remaining = arguments.changes
        async with cluster.transport.stream(request) as stream:
            opened.release()
            async for chunk in stream:
                remaining -= chunk.count(b"\n")
                if remaining <= 0:
                    return

    async with asyncio.TaskGroup() as tasks:
        watchers = [tasks.create_task(receive()) for _ in range(arguments.watchers)]
        for _ in watchers:
            await opened.acquire()
        changes = [_config_map(number, watched="yes") for number in range(arguments.changes)]

        async def work() -> None:
            await _apply(cluster, CONFIG_MAP, changes)
            await asyncio.gather(*watchers)

        name = f"events of {arguments.changes} changes to {arguments.watchers} watchers"
        await row(name, arguments.changes * arguments.watchers, work)


def _deployment(number: int) -> dict[str, Any]:
    labels = {"app": f"web-{number}"}
    container = {
        "name": "server",
        "image": "registry.example/web:1",
        "env": [{"name": "GREETING", "value": "hello"}],
        "ports": [{"name": "http", "containerPort": 8080}],
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}},
    }
    return {
        "apiVersion": DEPLOYMENT.api_version,
        "kind": DEPLOYMENT.kind,
        "metadata": {"name": f"web-{number}", "labels": labels},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def _config_map(number: int, **labels: str) -> dict[str, Any]:
    return {
        "apiVersion": CONFIG_MAP.api_version,
        "kind": CONFIG_MAP.kind,
        "metadata": {"name": f"map-{number}", "labels": labels},
        "data": {"number": str(number), "text": "x" * 100},
    }


if __name__ == "__main__":
    main()
