"""Processes that divide the namespaces among them; each impersonates a user of its own, which requests name."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from rudr_py.api import Kind
from rudr_py.controller.shards import assignment
from rudr_py.kube.clock import SystemClock
from rudr_py.local.http.routing import Route
from rudr_py.local.http.server import NextHandler
from rudr_py.testing.cluster import TIMEOUT, Cluster
from tests.e2e import apiserver, waiting
from tests.e2e.conftest import Answered, Server
from tests.e2e.documents import DEPLOYMENT, NAMESPACE, application, component, greeting

ROOT = Path(__file__).parents[2]
LEASE = Kind("coordination.k8s.io/v1", "Lease")
SHARDS = 4
DURATION = 6.0
RETRY = 0.5
TIMES = (f"lease-duration={DURATION:.0f}s", "renew-deadline=4s", f"retry-period={RETRY * 1000:.0f}ms")
SUCCESS = 300
"""The lowest status of a request that has no effect."""

Shares = dict[str, int]
"""The numbers of shards by the names of the processes that hold them."""


@dataclass
class Replica:
    """A ready process of `rudr run`, as a pod of this name."""

    name: str
    process: asyncio.subprocess.Process
    port: int

    async def stop(self, how: signal.Signals) -> None:
        """Send a signal, and wait for the end."""
        self.process.send_signal(how)
        await self.process.wait()

    async def readiness(self, text: str) -> None:
        """Wait until /readyz?verbose contains a text."""
        await waiting.http_ok(f"http://127.0.0.1:{self.port}/readyz?verbose", text)


class Installation:
    """Namespaces of all shards with an application each, and processes that watch them."""

    def __init__(self, cluster: Cluster, server: Server, folder: Path) -> None:
        self._cluster = cluster
        self._server = server
        self._folder = folder
        self._stack = contextlib.AsyncExitStack()
        self._local: list[Answered] = []
        self._names: set[str] = set()
        if server.local is not None:
            server.local.server.middlewares.append(self._record)
        self.teams: dict[int, Cluster] = {}  # by shard
        for name in (f"{cluster.namespace}-{number}" for number in range(1000)):
            self.teams.setdefault(assignment.shard_of(name, SHARDS), Cluster(cluster.transport, name, SystemClock()))

    async def __aenter__(self) -> Installation:
        for team in self.teams.values():
            await self._cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": team.namespace}})
            await team.apply(component(), application(greeting="first"))
        for shard in range(SHARDS):  # so that the path of each write of a Lease has its name
            lease = {"apiVersion": LEASE.api_version, "kind": LEASE.kind, "metadata": {"name": f"rudr-py-{shard}"}}
            await self._cluster.apply(lease)
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._stack.aclose()
        for team in self.teams.values():
            await self._cluster.delete(NAMESPACE, team.namespace)

    async def start(self, name: str, shards: int = SHARDS) -> Replica:
        """Start a process; it is ready, and killed at the end."""
        self._names.add(name)
        (port,) = apiserver.free_ports(1)
        command = ["-m", "rudr_py", "run", "--kubeconfig", str(self._kubeconfig(name)), "--leader-elect"]
        command += [f"--leader-elect-{time}" for time in TIMES]
        command += ["--watch-namespace", ",".join(team.namespace for team in self.teams.values())]
        command += [f"--leader-election-namespace={self._cluster.namespace}", f"--shards={shards}", "--no-plugins"]
        command += ["--no-publish-definitions", "--metrics-bind-address=127.0.0.1:0"]
        command += [f"--health-probe-bind-address=127.0.0.1:{port}"]
        environment = {"PYTHONPATH": str(ROOT), "PATH": "", "POD_NAME": name}
        process = await asyncio.create_subprocess_exec(sys.executable, *command, env=environment)
        replica = Replica(name, process, port)
        self._stack.push_async_callback(_kill, process)
        await replica.readiness("[i]leader: ")
        return replica

    async def start_two(self) -> tuple[Replica, Replica]:
        """Start two processes, and wait until they have divided the shards."""
        first, second = await asyncio.gather(self.start("first"), self.start("second"))
        await self.until({"first": SHARDS // 2, "second": SHARDS // 2})
        return first, second

    async def kill_one_of_two(self) -> float:
        """Kill one of two processes; returns the lease durations until later changes in all shards are applied."""
        first, _ = await self.start_two()
        await self.change("second")
        loop = asyncio.get_running_loop()
        await first.stop(signal.SIGKILL)
        began = loop.time()
        await self.change("third")
        return (loop.time() - began) / DURATION

    def _kubeconfig(self, name: str) -> Path:
        """The kubeconfig of the server, for requests in the name of a user called as the process."""
        document: dict[str, Any] = yaml.safe_load(self._server.kubeconfig.read_text())
        document["users"][0]["user"] |= {"as": name, "as-groups": ["system:masters"]}
        path = self._folder / name
        path.write_text(yaml.safe_dump(document))
        return path

    async def shares(self) -> Shares:
        """The shards of each process, by the Leases."""
        leases = {lease["metadata"]["name"]: lease.get("spec", {}) for lease in await self._cluster.list(LEASE)}
        holders = [leases[f"rudr-py-{shard}"].get("holderIdentity", "") for shard in range(SHARDS)]
        names = [holder.partition("_")[0] for holder in holders if holder]
        return {name: names.count(name) for name in names}

    async def until(self, expected: Shares) -> None:
        """Wait until the processes hold these numbers of shards."""
        async with asyncio.timeout(TIMEOUT), contextlib.aclosing(self._cluster.changes(LEASE, "")) as changes:
            async for _ in changes:
                if await self.shares() == expected:
                    return

    async def change(self, text: str) -> None:
        """Change all applications, and wait until all Deployments have changed."""
        for team in self.teams.values():
            await team.apply(application(greeting=text))
        for team in self.teams.values():
            await team.until(DEPLOYMENT, "shop-web", _greets(text))

    async def _record(self, request: web.BaseRequest, _route: Route, answer: NextHandler) -> web.StreamResponse:
        """Record a request to the local API, which does not authenticate users."""
        response = await answer()
        user, agent = request.headers.get("Impersonate-User", ""), request.headers["User-Agent"]
        self._local.append(Answered(request.method, request.path, agent, user, response.status))
        return response

    def mark(self) -> int:
        """The current number of requests, for `writers`."""
        return self._server.mark() if self._server.local is None else len(self._local)

    def writers(self, since: int = 0) -> set[str]:
        """The processes that have written in the namespaces of applications."""
        return {request.user for _, request in self._writes(since)}

    def foreign_writes(self) -> list[str]:
        """The writes in a shard by another process than the last one that has written the Lease of the shard.

        Requests are recorded when they have ended, and the Lease before the first write that depends on it.
        """
        holders: dict[str, str] = {}
        foreign: list[str] = []
        for namespace, request in self._writes():
            if "/leases" in request.path:
                name = request.path.partition("?")[0].rpartition("/")[2]
                holders[name] = request.user
            elif holders.get(lease := f"rudr-py-{assignment.shard_of(namespace, SHARDS)}") != request.user:
                foreign.append(f"{request.user} {request.method} {request.path}, {lease} of {holders.get(lease)}")
        return foreign

    def _writes(self, since: int = 0) -> Iterator[tuple[str, Answered]]:
        """The writes of the processes that had an effect, with their namespaces, oldest first."""
        namespaces = {self._cluster.namespace, *(team.namespace for team in self.teams.values())}
        for request in self._server.answered(since) if self._server.local is None else self._local[since:]:
            parts = request.path.partition("?")[0].split("/")
            if request.method == "GET" or request.status >= SUCCESS or request.user not in self._names:
                continue
            namespace = parts[parts.index("namespaces") + 1] if "namespaces" in parts else ""
            if namespace in namespaces:
                yield namespace, request


def _greets(text: str) -> Callable[[dict[str, Any]], bool]:
    return lambda document: greeting(document) == text


async def _kill(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()
