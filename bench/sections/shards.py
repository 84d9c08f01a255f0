"""Several shards beside one: throughput with a processor for each replica, and the take-over of killed processes."""

from __future__ import annotations

import asyncio
import gc
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from bench import environment, worlds
from bench.samples import CONTROLLER, ONE, SEVERAL, Plan, Samples, alternating
from bench.virtual_cpu import Processor, ProcessorLoop, ProcessorTransport
from rudr_py.controller.shards import assignment
from rudr_py.controller.wiring import assemble
from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.scheduling.nodes import NodeSettings
from rudr_py.settings import LeaderElection, Settings
from tests.e2e.conftest import Server
from tests.e2e.shard_processes import Installation
from tests.simulation import virtual_loop
from tests.simulation.cluster import SYSTEM, HealthyProber, SimulatedCluster

SHARDS = 4
NAMESPACES = (16, 100, 1000)
"""The numbers of namespaces whose distribution is computed."""

FACTOR = 2.5
"""The applications of a simulation, divided by those of a plan: with few namespaces, the shards differ in size."""

ROUNDS = 2
"""The most rounds of each part: simulations include the work of the server, and processes wait for a lease."""

BALANCED = 60.0
"""Virtual seconds after which the replicas have divided the shards."""

STEP = 0.01
"""Virtual seconds between two reads of the applications."""

PATIENCE = 600.0
"""Virtual seconds within which all applications must be synced."""


async def measure(plan: Plan, samples: Samples) -> None:
    """All rounds. The simulations run on loops of their own."""
    samples.add(CONTROLLER, {f"shards: largest of {count}": _largest(count) for count in NAMESPACES})
    applications = int(plan.applications * FACTOR)
    samples.add(CONTROLLER, {"shards: largest": _largest(applications)})
    for name in alternating((ONE, SEVERAL), min(plan.rounds, ROUNDS)):
        print(f"simulated replicas: {name}", file=sys.stderr)
        samples.add(name, await asyncio.to_thread(_converged, SHARDS if name == SEVERAL else 1, applications))
    for _ in range(min(plan.rounds, ROUNDS)):
        print("shards of a killed process", file=sys.stderr)
        samples.add(CONTROLLER, await _taken())


def _largest(count: int) -> float:
    """The namespaces of the largest shard, divided by the mean."""
    counts = Counter(assignment.shard_of(f"team-{number}", SHARDS) for number in range(count))
    return max(counts.values()) * SHARDS / count


def _converged(shards: int, count: int) -> dict[str, float]:
    """Applications in a virtual second, each in a namespace of its own, and the CPU of all replicas for one."""
    loop = ProcessorLoop()
    cluster = SimulatedCluster("bench", loop, election=True, shards=shards)
    gc.collect()
    gc.disable()  # all replicas share one heap here, so a collection would cost one of them what it costs all
    try:
        return virtual_loop.run(_converge(cluster, shards, count), loop)
    finally:
        gc.enable()


async def _converge(cluster: SimulatedCluster, shards: int, count: int) -> dict[str, float]:
    await cluster.start()
    client, loop = cluster.local.client, cluster.loop
    for number in range(count):
        client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"team-{number}"}})
        client.create(_in_team(environment.component(), number))
    processors = [Processor() for _ in range(shards)]
    for number, processor in enumerate(processors):
        _start(cluster, f"replica-{number}", processor)
    await asyncio.sleep(BALANCED)
    started, spent = loop.time(), sum(processor.spent for processor in processors)
    for number in range(count):
        client.create(_in_team(environment.application(number), number))
    left = set(range(count))
    while left:
        await asyncio.sleep(STEP)
        left = {number for number in left if not _is_synced(cluster, number)}
        if loop.time() - started > PATIENCE:
            raise TimeoutError(f"{len(left)} applications are not synced")
    return {
        "shards: applications in a second": count / (loop.time() - started),
        "shards: CPU, ms": (sum(processor.spent for processor in processors) - spent) * 1000 / count,
    }


def _start(cluster: SimulatedCluster, name: str, processor: Processor) -> None:
    settings = Settings(
        definitions_namespace=SYSTEM,
        publish_definitions=False,
        health_address="",
        metrics_address="",
        identity=name,
        leader_election=LeaderElection(namespace=SYSTEM, identity=name, shards=cluster.shards),
    )
    transport = ProcessorTransport(cluster.api, name)
    process = assemble(settings, transport, cluster.clock, cluster.catalog, prober=HealthyProber())
    cluster.loop.create_task(process.run(asyncio.Event()), name=name, context=processor.context())


def _in_team(document: dict[str, Any], number: int) -> dict[str, Any]:
    return {**document, "metadata": {**document["metadata"], "namespace": f"team-{number}"}}


def _is_synced(cluster: SimulatedCluster, number: int) -> bool:
    kind = KindInfo(environment.APPLICATION.api_version, environment.APPLICATION.kind)
    live = cluster.local.client.get(kind, f"team-{number}", f"app-{number}")
    return live is not None and environment.is_synced(live)


async def _taken() -> dict[str, float]:
    """Kill one of two processes: lease durations until changes in all of its shards are applied, and foreign writes."""
    node = NodeSettings(cpu="64", memory="64Gi", pods=500)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with LocalCluster(LocalSettings(nodes=(node,))) as local:
            server = Server("local", folder / "kubeconfig", local=local)
            server.kubeconfig.write_text(yaml.safe_dump(local.kubeconfig()))
            async with (
                worlds.namespace(str(server.kubeconfig)) as cluster,
                Installation(cluster, server, folder) as installation,
            ):
                return {
                    "shards: take-over in lease durations": await installation.kill_one_of_two(),
                    "shards: foreign writes": len(installation.foreign_writes()),
                }
