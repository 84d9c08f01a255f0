"""Compares the controller with an operator written with Kopf that creates the same objects from the same documents.

The twin uses the rendering and the client of rudr_py, so the ratio covers the rest: watches, queue, progress, status
and Events. It reports when a Deployment becomes ready, and does less otherwise: it reverts no drift, prunes no objects
and reads no pods. Needs `pip install kopf`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import kopf
import msgspec

from bench import converge, environment
from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.plugins import loading
from rudr_py.render.values import labels as stamp
from rudr_py.testing.cluster import Cluster

Arm = Callable[[Cluster, Catalog], AbstractAsyncContextManager[object]]

QUIET = 3.0
"""Seconds without a request after which an arm counts as done."""


class Figures(msgspec.Struct):
    """Measurements of one arm: seconds and requests for new applications, for a restart, and at rest."""

    wall: float = 0.0
    cpu: float = 0.0
    requests: float = 0.0
    restart_cpu: float = 0.0
    restart_requests: float = 0.0
    rest_cpu: float = 0.0
    rest_requests: float = 0.0


def main() -> None:
    """Run the arms A B B A and print their figures and the ratio of medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--applications", type=int, default=100)
    parser.add_argument("--pairs", type=int, default=2)
    parser.add_argument("--rest", type=float, default=30.0, help="seconds of rest")
    parser.add_argument("--kubeconfig")
    arguments = parser.parse_args()
    logging.getLogger().addHandler(logging.NullHandler())  # required, because kopf creates Events from log records
    asyncio.run(_run(arguments))


async def _run(arguments: argparse.Namespace) -> None:
    catalog = loading.installed(only=()).catalog
    samples: dict[str, list[Figures]] = {"controller": [], "kopf": []}
    async with environment.server(arguments.kubeconfig) as server:
        os.environ["KUBECONFIG"] = server  # kopf reads it
        for pair in range(arguments.pairs):
            arms: list[tuple[str, Arm]] = [("controller", _controller), ("kopf", _kopf)]
            for name, arm in arms if pair % 2 == 0 else reversed(arms):
                with counted() as requests:
                    measured = _Measured(server, arm, catalog, requests)
                    samples[name].append(await measured.run(arguments.applications, arguments.rest))
    _print_rows(arguments, samples)


def _print_rows(arguments: argparse.Namespace, samples: dict[str, list[Figures]]) -> None:
    print(f"{arguments.applications} applications of five objects, medians of {arguments.pairs} runs of each arm")
    print(f"{'':28}{'controller':>12}{'kopf':>12}{'kopf / ours':>14}")
    hour = 3600 / arguments.rest
    rows = {
        "new: wall s": ("wall", 1.0),
        "new: cpu s": ("cpu", 1.0),
        "new: requests": ("requests", 1.0),
        "restart: cpu s": ("restart_cpu", 1.0),
        "restart: requests": ("restart_requests", 1.0),
        "at rest: cpu s an hour": ("rest_cpu", hour),
        "at rest: requests an hour": ("rest_requests", hour),
    }
    for label, (field, factor) in rows.items():
        own, other = (
            statistics.median(getattr(figures, field) for figures in samples[arm]) * factor for arm in samples
        )
        ratio = f"{other / own:14.2f}" if own else f"{'':>13}-"
        print(f"  {label:26}{own:12.2f}{other:12.2f}{ratio}")


class _Measured:
    """One run of one arm, in its own namespace."""

    def __init__(self, server: str, arm: Arm, catalog: Catalog, requests: Counter[str]) -> None:
        self._server = server
        self._arm = arm
        self._catalog = catalog
        self._requests = requests

    async def run(self, count: int, rest: float) -> Figures:
        figures = Figures()
        async with environment.namespace(self._server) as cluster:
            await environment.create(cluster, count)
            wall, cpu = time.perf_counter(), time.process_time()
            before = self._requests.total()
            async with self._arm(cluster, self._catalog):
                await environment.synced(cluster, count)
                figures.wall = time.perf_counter() - wall
                await self._quiet()
                figures.cpu, figures.requests = time.process_time() - cpu, self._requests.total() - before
            cpu, before = time.process_time(), self._requests.total()
            async with self._arm(cluster, self._catalog):
                await self._quiet()
                figures.restart_cpu = time.process_time() - cpu
                figures.restart_requests = self._requests.total() - before
                cpu, before = time.process_time(), self._requests.total()
                await asyncio.sleep(rest)
                figures.rest_cpu, figures.rest_requests = time.process_time() - cpu, self._requests.total() - before
        return figures

    async def _quiet(self) -> None:
        before = -1
        while self._requests.total() != before:
            before = self._requests.total()
            await asyncio.sleep(QUIET)


@contextlib.contextmanager
def counted() -> Iterator[Counter[str]]:
    """Count the requests of every aiohttp session of this process: both arms use it, and kopf has no other seam."""
    passed: Counter[str] = Counter()
    original = aiohttp.ClientSession._request

    async def request(self: aiohttp.ClientSession, method: str, *args: Any, **options: Any) -> Any:
        passed[method] += 1
        return await original(self, method, *args, **options)

    aiohttp.ClientSession._request = request  # type: ignore[method-assign] # undone below
    try:
        yield passed
    finally:
        aiohttp.ClientSession._request = original  # type: ignore[method-assign] # as it was


def _controller(cluster: Cluster, catalog: Catalog) -> AbstractAsyncContextManager[object]:
    return cluster.controller(catalog)


@contextlib.asynccontextmanager
async def _kopf(cluster: Cluster, catalog: Catalog) -> AsyncIterator[None]:
    stop, ready = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(
        kopf.operator(
            registry=_registry(cluster, catalog),
            namespaces=[cluster.namespace],
            standalone=True,
            stop_flag=stop,
            ready_flag=ready,
        )
    )
    try:
        await ready.wait()
        yield
    finally:
        stop.set()
        await running


def _registry(cluster: Cluster, catalog: Catalog) -> kopf.OperatorRegistry:
    """One handler for creation, update and resume of an application, as in kopf's examples."""
    registry, phases = kopf.OperatorRegistry(), dict[str, str]()
    kopf.on.login(registry=registry)(kopf.login_with_kubeconfig)
    group, version = environment.APPLICATION.api_version.split("/")

    @kopf.on.create(group, version, "applicationconfigurations", registry=registry)
    @kopf.on.update(group, version, "applicationconfigurations", registry=registry)
    @kopf.on.resume(group, version, "applicationconfigurations", registry=registry)
    async def make(body: kopf.Body, patch: kopf.Patch, **_: Any) -> None:
        for manifest in converge.manifests(cluster.namespace, dict(body), catalog):
            kind = Kind(manifest["apiVersion"], manifest["kind"])
            target = await cluster.target(kind, manifest["metadata"]["name"])
            await cluster.client.apply(target, environment.encoded(manifest), "twin")
        if not dict(body).get("status", {}).get("conditions"):
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            condition = {"type": "Synced", "status": "True", "reason": "Synced", "message": ""}
            patch.status["conditions"] = [{**condition, "lastTransitionTime": now}]

    labels = {stamp.MANAGED_BY: stamp.MANAGER}

    @kopf.on.event("apps", "v1", "deployments", labels=labels, registry=registry)
    async def report_phase(body: kopf.Body, **_: Any) -> None:
        status, name = dict(body).get("status", {}), dict(body)["metadata"]["labels"].get("app.kubernetes.io/name")
        ready = status.get("readyReplicas", 0) >= dict(body)["spec"].get("replicas", 1)
        phase = "synced" if ready else "Modify"
        if name and phases.get(name) != phase:
            phases[name] = phase
            target = await cluster.target(environment.APPLICATION, name, "status")
            await cluster.client.merge_patch(target, msgspec.json.encode({"status": {"phase": phase}}), "twin")

    return registry


if __name__ == "__main__":
    main()
