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

import yaml

from bench import copies, environment, worlds
from bench.arms.controller import SETTINGS
from rudr_py.catalog import Catalog
from rudr_py.cli.process import rare_collections
from rudr_py.controller.wiring import assemble
from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.local.faults.faults import Faults
from rudr_py.local.storage.store import Store
from rudr_py.model.crd_schemas import crds
from rudr_py.plugins import loading
from rudr_py.testing.cluster import Cluster

QUIET = 1.0
"""Seconds after the application that is copied has become ready until its controller ends."""


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
            print("ready", flush=True)
            await _obey(Faults(local.server))


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
