"""Measures requests and memory of a controller: with new applications, after a restart, and at rest.

Counts requests as the controller sends them; opened watches are counted separately. Memory is that of this process,
which runs only the controller; the server is a separate process.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import resource
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

from bench import environment
from rudr_py.kube.requests import Request
from rudr_py.kube.transport import Reply, Stream, Transport
from rudr_py.plugins import loading
from rudr_py.testing.cluster import Cluster


class Counting:
    """A transport that counts requests."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner
        self.passed: Counter[str] = Counter()

    async def send(self, request: Request) -> Reply:
        """Send and count: reads apart from writes."""
        self.passed["read" if request.method == "GET" else "write"] += 1
        return await self._inner.send(request)

    @contextlib.asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[Stream]:
        """Open a watch and count it."""
        self.passed["watch"] += 1
        async with self._inner.stream(request) as stream:
            yield stream

    async def close(self) -> None:
        """Do nothing: the inner transport is closed by its owner."""


def main() -> None:
    """Print a line for each phase."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--applications", type=int, default=200)
    parser.add_argument("--rest", type=float, default=60.0, help="seconds of rest")
    parser.add_argument("--kubeconfig")
    arguments = parser.parse_args()
    asyncio.run(_run(arguments.applications, arguments.rest, arguments.kubeconfig))


async def _run(count: int, rest: float, kubeconfig: str | None) -> None:
    catalog = loading.installed().catalog
    print(f"{count} applications of five objects           reads  writes  watches  memory MiB")
    async with environment.server(kubeconfig) as server, environment.namespace(server) as cluster:
        counting = Counting(cluster.transport)
        async with cluster.controller(catalog, transport=counting):
            _print_row("started, without applications", counting)
            await environment.create(cluster, count)
            await _at_rest(cluster, count, counting)
            _print_row("all of them new", counting)
        again = Counting(cluster.transport)
        async with cluster.controller(catalog, transport=again):
            await _at_rest(cluster, count, again)
            _print_row("restarted over all of them", again)
            await asyncio.sleep(rest)
            _print_row(f"at rest for {rest:g} s", again)


async def _at_rest(cluster: Cluster, count: int, counting: Counting) -> None:
    """Wait until all applications are synced and no request was sent for three seconds."""
    await environment.synced(cluster, count)
    before = -1
    while counting.passed.total() != before:
        before = counting.passed.total()
        await asyncio.sleep(3)


def _print_row(phase: str, counting: Counting) -> None:
    passed = counting.passed
    print(f"  {phase:38} {passed['read']:6}  {passed['write']:6}  {passed['watch']:7}  {_memory():10.1f}")
    passed.clear()


def _memory() -> float:
    """Current resident memory in MiB; the peak where the system has no /proc."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


if __name__ == "__main__":
    main()
