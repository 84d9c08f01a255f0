"""Measures the local API: writes, reads, a long list and many watchers, with the rate and the CPU time of each.

The server is a separate process without controllers, so that its CPU time is the cost of the requests. `--beside`
measures the server of another checkout in turn (A B B A), and prints the ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import yaml

from bench import bare_http, worlds
from bench.bare_http import APPLY, MERGE
from rudr_py.api import Kind
from rudr_py.kube import requests
from rudr_py.kube.requests import Selection
from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.testing.cluster import Cluster

DEPLOYMENT, CONFIG_MAP = Kind("apps/v1", "Deployment"), Kind("v1", "ConfigMap")
HERE = Path(__file__).parents[1]
_MANAGED = "?fieldManager=bench&force=true"


class Row(msgspec.Struct, frozen=True):
    """An operation, its count, its wall time and the server's CPU time, both in seconds."""

    name: str
    count: int
    wall: float
    cpu: float

    @property
    def rate(self) -> float:
        """Operations in a second."""
        return self.count / self.wall

    @property
    def each(self) -> float:
        """Microseconds of CPU for one operation."""
        return 1e6 * self.cpu / self.count

    def __str__(self) -> str:
        return f"{self.name:42} {self.count:8} {self.wall:8.2f} {self.rate:9.0f} {self.cpu:8.2f} {self.each:8.0f}"


Report = Callable[[Row], None]


class Load(msgspec.Struct, frozen=True):
    """The numbers of operations."""

    applies: int
    objects: int
    watchers: int
    changes: int


def main() -> None:
    """Measure and print. The benchmark starts its server with `--serve FILE`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--applies", type=int, default=2000)
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--watchers", type=int, default=200)
    parser.add_argument("--changes", type=int, default=1000)
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT", help="compare with the server of another checkout")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    load = Load(arguments.applies, arguments.objects, arguments.watchers, arguments.changes)
    if arguments.serve:
        asyncio.run(_serve(arguments.serve))
    elif arguments.beside:
        asyncio.run(_compare(load, arguments.beside.resolve()))
    else:
        print(f"{'':42} {'count':>8} {'wall s':>8} {'per s':>9} {'cpu s':>8} {'µs each':>8}")
        asyncio.run(_measure(load, HERE, lambda row: print(row, flush=True)))


async def _compare(load: Load, other: Path) -> None:
    """Measure both checkouts twice, A B B A, and print the sums of each with their ratios."""
    rows: dict[Path, list[Row]] = {HERE: [], other: []}
    for checkout in (HERE, other, other, HERE):
        await _measure(load, checkout, rows[checkout].append)
    print(f"{'':42} {'per s':>9} {'beside':>9} {'ratio':>6} {'µs each':>9} {'beside':>9} {'ratio':>6}")
    for name in dict.fromkeys(row.name for row in rows[HERE]):
        own, beside = (_sum([row for row in measured if row.name == name]) for measured in rows.values())
        rates = f"{own.rate:9.0f} {beside.rate:9.0f} {own.rate / beside.rate:6.2f}"
        cpu = f"{own.each:9.0f} {beside.each:9.0f} {beside.each / own.each if own.cpu else 1:6.2f}"
        print(f"{name:42} {rates} {cpu}")


def _sum(rows: list[Row]) -> Row:
    count, wall, cpu = (sum(values) for values in zip(*((row.count, row.wall, row.cpu) for row in rows), strict=True))
    return Row(rows[0].name, count, wall, cpu)


async def _serve(path: Path) -> None:
    async with LocalCluster(LocalSettings(controllers=frozenset())) as cluster:
        await asyncio.to_thread(path.write_text, yaml.safe_dump(cluster.kubeconfig()))
        print("ready", flush=True)
        await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def _server(checkout: Path) -> AsyncIterator[tuple[str, int]]:
    """The path of the kubeconfig of a new server with the code of a checkout, and its process ID."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kubeconfig"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.local", "--serve", str(path)),
            stdout=asyncio.subprocess.PIPE,
            cwd=checkout,
            env={**os.environ, "PYTHONPATH": str(checkout)},
        )
        try:
            assert process.stdout is not None
            assert await process.stdout.readline()
            yield str(path), process.pid
        finally:
            process.kill()
            await process.communicate()


async def _measure(load: Load, checkout: Path, report: Report) -> None:
    async with _server(checkout) as (kubeconfig, process), worlds.namespace(kubeconfig) as cluster:

        async def row(name: str, count: int, work: Awaitable[None]) -> None:
            wall, cpu = time.perf_counter(), _cpu(process)
            await work
            report(Row(name, count, time.perf_counter() - wall, _cpu(process) - cpu))

        config = yaml.safe_load(await asyncio.to_thread(Path(kubeconfig).read_text))
        port = urlsplit(config["clusters"][0]["cluster"]["server"]).port or 80
        for name, prepared in _requests(cluster.namespace, load):
            await row(name, len(prepared), bare_http.send(port, prepared))
        for name, page in (("objects of a list at once", 0), ("objects of a list by 500", 500)):
            await row(name, load.objects, _list(cluster, page, load.objects))
        await _watched(cluster, port, load, row)


def _requests(namespace: str, load: Load) -> list[tuple[str, list[bytes]]]:
    """The requests of each row of writes and reads; each request has an object of its own."""
    folder = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    numbers = range(load.applies)

    def each(method: str, document: Callable[[int], Any], path: str = "", media: str = APPLY) -> list[bytes]:
        return [bare_http.request(method, f"{folder}/web-{each}{path}", document(each), media) for each in numbers]

    status = {"status": {"replicas": 2, "observedGeneration": 1}}
    created = [bare_http.request("POST", folder, _deployment(load.applies + number)) for number in numbers]
    return [
        ("applies that create a Deployment", each("PATCH", _deployment, _MANAGED)),
        ("applies that change nothing", each("PATCH", _deployment, _MANAGED)),
        ("applies that change an image", each("PATCH", lambda each: _deployment(each, "web:2"), _MANAGED)),
        ("creates of a Deployment", created),
        ("patches of a status", each("PATCH", lambda _: status, "/status", MERGE)),
        ("reads of a Deployment", each("GET", lambda _: None)),
        ("applies that create a ConfigMap", _config_maps(namespace, load.objects)),
    ]


def _config_maps(namespace: str, count: int, **labels: str) -> list[bytes]:
    folder = f"/api/v1/namespaces/{namespace}/configmaps"
    documents = (_config_map(number, **labels) for number in range(count))
    return [
        bare_http.request("PATCH", f"{folder}/{each['metadata']['name']}{_MANAGED}", each, APPLY) for each in documents
    ]


def _cpu(process: int) -> float:
    """CPU time of the threads of a process in seconds, including kernel time."""
    threads = Path(f"/proc/{process}/task").glob("*/schedstat")
    return sum(int(thread.read_text().split()[0]) for thread in threads) / 1e9


async def _list(cluster: Cluster, page: int, count: int) -> None:
    resource = await cluster.discovery.resolve(CONFIG_MAP.api_version, CONFIG_MAP.kind)
    objects = await cluster.client.list_all(Selection(resource, cluster.namespace), page=page)
    assert len(objects) >= count


async def _watched(
    cluster: Cluster, port: int, load: Load, row: Callable[[str, int, Awaitable[None]], Awaitable[None]]
) -> None:
    """Change objects while many clients watch them, until each watcher has received all changes."""
    resource = await cluster.discovery.resolve(CONFIG_MAP.api_version, CONFIG_MAP.kind)
    selection = Selection(resource, cluster.namespace, labels="watched=yes")
    request = requests.watch(selection, resource_version="", timeout_seconds=600, silence=60)
    opened = asyncio.Semaphore(0)

    async def receive() -> None:
        remaining = load.changes
        async with cluster.transport.stream(request) as stream:
            opened.release()
            async for chunk in stream:
                remaining -= chunk.count(b"\n")
                if remaining <= 0:
                    return

    async with asyncio.TaskGroup() as tasks:
        watchers = [tasks.create_task(receive()) for _ in range(load.watchers)]
        for _ in watchers:
            await opened.acquire()
        changes = _config_maps(cluster.namespace, load.changes, watched="yes")

        async def work() -> None:
            await bare_http.send(port, changes)
            await asyncio.gather(*watchers)

        name = f"events of {load.changes} changes to {load.watchers} watchers"
        await row(name, load.changes * load.watchers, work())


def _deployment(number: int, image: str = "web:1") -> dict[str, Any]:
    labels = {"app": f"web-{number}"}
    container = {
        "name": "server",
        "image": f"registry.example/{image}",
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
