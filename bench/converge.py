"""Compares the convergence of N applications with a bare client that applies the same bytes and one status each."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from bench import environment
from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.model.parse.application import parse_application
from rudr_py.model.parse.component import parse_component
from rudr_py.plugins import loading
from rudr_py.render import render
from rudr_py.render.values.inputs import Inputs
from rudr_py.testing.cluster import Cluster

Arm = Callable[[Cluster, int, Catalog], Awaitable[None]]


def main() -> None:
    """Run the arms A B B A and print their figures and the ratio of medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--applications", type=int, default=200)
    parser.add_argument("--pairs", type=int, default=2)
    parser.add_argument("--kubeconfig")
    arguments = parser.parse_args()
    asyncio.run(_run(arguments.applications, arguments.pairs, arguments.kubeconfig))


async def _run(count: int, pairs: int, kubeconfig: str | None) -> None:
    catalog = loading.installed().catalog
    figures: dict[str, list[tuple[float, float]]] = {"controller": [], "bare client": []}
    async with environment.server(kubeconfig) as server:
        for pair in range(pairs):
            arms = [("controller", _controller), ("bare client", _bare)]
            for name, arm in arms if pair % 2 == 0 else reversed(arms):
                figures[name].append(await _measured(server, arm, count, catalog))
    print(f"{count} applications of five objects, {pairs} runs of each arm, seconds")
    medians = {}
    for name, samples in figures.items():
        wall, cpu = (statistics.median(sample[index] for sample in samples) for index in (0, 1))
        medians[name] = (wall, cpu)
        print(f"  {name:12} wall {wall:7.2f}   cpu {cpu:7.2f}   {count / wall:7.1f} applications/s")
    ratios = [medians["controller"][index] / medians["bare client"][index] for index in (0, 1)]
    print(f"  ratio        wall {ratios[0]:7.2f}   cpu {ratios[1]:7.2f}")


async def _measured(server: str, arm: Arm, count: int, catalog: Catalog) -> tuple[float, float]:
    async with environment.namespace(server) as cluster:
        await environment.create(cluster, count)
        started = time.perf_counter(), time.process_time()
        await arm(cluster, count, catalog)
        return time.perf_counter() - started[0], time.process_time() - started[1]


async def _controller(cluster: Cluster, count: int, catalog: Catalog) -> None:
    async with cluster.controller(catalog):
        await environment.synced(cluster, count)


async def _bare(cluster: Cluster, count: int, catalog: Catalog) -> None:
    """Apply the same objects without watches. Rendering is included, because the ratio excludes only the controller."""
    gate = asyncio.Semaphore(16)

    async def apply_one(bodies: list[dict[str, Any]], number: int) -> None:
        async with gate:
            for manifest in bodies:
                target = await cluster.target(
                    Kind(manifest["apiVersion"], manifest["kind"]), manifest["metadata"]["name"]
                )
                await cluster.client.apply(target, environment.encoded(manifest), "bare")
            target = await cluster.target(environment.APPLICATION, f"app-{number}", "status")
            document = environment.application(number)
            status = {"phase": "synced", "conditions": []}
            await cluster.client.apply(target, environment.encoded({**document, "status": status}), "bare")

    rendered = [manifests(cluster.namespace, environment.application(number), catalog) for number in range(count)]
    async with asyncio.TaskGroup() as tasks:
        for number, bodies in enumerate(rendered):
            tasks.create_task(apply_one(bodies, number))


def manifests(namespace: str, document: dict[str, Any], catalog: Catalog) -> list[dict[str, Any]]:
    """The objects of an application of the environment."""
    document = {**document, "metadata": {**document["metadata"], "namespace": namespace}}
    parsed = parse_application(document)
    assert parsed.value is not None
    inputs = Inputs(
        application=parsed.value,
        parsed=parsed,
        components={"web": parse_component(environment.component())},
        now=datetime.now(UTC),
    )
    return [planned.body for planned in render.render(inputs, catalog).manifests]


if __name__ == "__main__":
    main()
