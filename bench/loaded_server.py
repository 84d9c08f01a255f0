"""A local API on which applications are in sync already, for measurements with thousands of them.

Prints "ready" when it serves. Each line of standard input is a command: `expire` answers all watches with 410, as an
API server that has compacted its history. The process ends with its input. It has no controllers.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

import msgspec
import yaml

from bench import copies, environment, worlds
from bench.arms.controller import SETTINGS
from rudr_py.catalog import Catalog
from rudr_py.cli.process import rare_collections
from rudr_py.controller.inputs import checkpoint
from rudr_py.controller.inputs.checkpoint import Checkpoints
from rudr_py.controller.wiring import assemble
from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.local.faults.faults import Faults
from rudr_py.local.storage.store import Store
from rudr_py.model.crd_schemas import crds
from rudr_py.model.kinds import APPLICATION
from rudr_py.plugins import loading
from rudr_py.settings import LeaderElection
from rudr_py.testing.cluster import Cluster

QUIET = 1.0
"""Seconds after the application that is copied has become ready until its controller ends."""

TABLE = "applicationconfigurations.core.oam.dev"

STANDBY = msgspec.structs.replace(
    SETTINGS, leader_election=LeaderElection(namespace="default", identity="standby", name="checkpoints")
)
HELD_LEASE = {
    "apiVersion": "coordination.k8s.io/v1",
    "kind": "Lease",
    "metadata": {"name": "checkpoints", "namespace": "default"},
    "spec": {
        "holderIdentity": "another",
        "leaseDurationSeconds": 100_000,
        "renewTime": "2026-01-01T00:00:00.000000Z",
    },
}
"""The Lease of a leader that never renews it."""


def main() -> None:
    """Serve until the end of the input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--applications", type=int, required=True)
    parser.add_argument("--kubeconfig", type=Path, required=True)
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.applications, arguments.kubeconfig))


async def _serve(count: int, kubeconfig: Path) -> None:
    catalog = loading.installed(only=()).catalog
    source = await _converged(catalog)
    local = LocalCluster(LocalSettings(controllers=frozenset()))
    for document in crds.documents():
        local.client.create(document)
    copies.load(source, local.backend.store, catalog, count)
    with rare_collections():
        async with local:
            _write(kubeconfig, local)
            async with environment.connected(str(kubeconfig)) as cluster:
                await _add_checkpoints(local.backend.store, cluster, catalog)
            print("ready", flush=True)
            await _obey(Faults(local.server))


async def _add_checkpoints(store: Store, cluster: Cluster, catalog: Catalog) -> None:
    """Add the checkpoints of a controller that has been at rest, from the caches of a process that does not lead."""
    await cluster.apply(HELD_LEASE)
    stop = asyncio.Event()
    process = assemble(STANDBY, cluster.transport, cluster.clock, catalog)
    running = asyncio.create_task(process.run(stop))
    await process.synced.wait()
    sources = process._sources
    await sources.wait(sources.kinds())
    state = sources._state
    checkpoints = Checkpoints(state, catalog, SETTINGS)
    for live in (live for cache in state.caches(APPLICATION) for live in cache.all()):
        stored = store.get(TABLE, *live.key)
        assert stored is not None
        status = {**stored["status"], checkpoint.FIELD: checkpoints.of(live, stored["status"])}
        assert status[checkpoint.FIELD], f"{live.name} is not at rest"
        store.put(TABLE, {**stored, "metadata": dict(stored["metadata"]), "status": status})
    stop.set()
    await running


def _write(kubeconfig: Path, local: LocalCluster) -> None:
    kubeconfig.write_text(yaml.safe_dump(local.kubeconfig()))


async def _obey(faults: Faults) -> None:
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    while await reader.readline():
        faults.expire_history()
        faults.cut_watches()


async def _converged(catalog: Catalog) -> Store:
    """The objects of a cluster in which one application is ready."""
    async with LocalCluster() as local:
        with tempfile.TemporaryDirectory() as folder:
            kubeconfig = Path(folder) / "kubeconfig"
            _write(kubeconfig, local)
            async with environment.connected(str(kubeconfig)) as cluster:
                await worlds.fill(cluster, 1)
                await _control(cluster, catalog)
        return local.backend.store


async def _control(cluster: Cluster, catalog: Catalog) -> None:
    stop = asyncio.Event()
    process = assemble(SETTINGS, cluster.transport, cluster.clock, catalog)
    running = asyncio.create_task(process.run(stop))
    await environment.reached(cluster, 1, environment.is_ready)
    await asyncio.sleep(QUIET)
    await process.idle()
    stop.set()
    await running


if __name__ == "__main__":
    main()
