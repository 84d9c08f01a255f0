"""Leader election among several controllers of one cluster; the writes of each are counted at the server."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import signal
import sys
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.cli.cluster import connect
from rudr_py.cli.commands import run
from rudr_py.controller.process import ControllerProcess
from rudr_py.controller.wiring import assemble
from rudr_py.errors import LeaseLostError
from rudr_py.kube import config
from rudr_py.kube.transport import AioTransport
from rudr_py.local.http.routing import Route
from rudr_py.local.http.server import NextHandler
from rudr_py.settings import LeaderElection, Settings
from rudr_py.testing.cluster import ADDRESS, TIMEOUT, Cluster
from tests.e2e import apiserver, waiting
from tests.e2e.conftest import Server
from tests.e2e.documents import (
    APPLICATION,
    DEPLOYMENT,
    INGRESS_TRAIT,
    NAMESPACE,
    Document,
    application,
    component,
    greeting,
    synced,
)

log = logging.getLogger(__name__)

ROOT = Path(__file__).parents[2]
LEASE = Kind("coordination.k8s.io/v1", "Lease")
ELECTION = LeaderElection(namespace="", identity="", lease_duration=6.0, renew_deadline=4.0, retry_period=0.5)
NAMES = {f"shop-{number}" for number in range(5)}


@dataclass
class Member:
    """One of several controllers. Its user agent ends with `name`, and with `<name>-lease` for the lease."""

    name: str
    controller: ControllerProcess
    stop: asyncio.Event
    running: asyncio.Task[None]

    async def standing(self) -> str:
        """The leader as reported by /readyz?verbose. Fails if the controller is not ready."""
        status, text = await waiting.readiness(self.controller)
        assert status == 200, text
        return next(line for line in text.splitlines() if line.startswith("[i]leader: ")).partition(": ")[2]

    async def leads(self) -> None:
        """Wait until the controller is the leader."""
        async with asyncio.timeout(TIMEOUT):
            while await self.standing() != "leader":
                pass


@contextlib.asynccontextmanager
async def member(cluster: Cluster, catalog: Catalog, server: Server, name: str) -> AsyncIterator[Member]:
    """A controller with synced caches and its own connections."""
    election = msgspec.structs.replace(ELECTION, namespace=cluster.namespace, identity=f"{name}_1")
    settings = Settings(
        namespaces=(cluster.namespace,),
        definitions_namespace=cluster.namespace,
        identity=name,
        health_address=ADDRESS,
        metrics_address=ADDRESS,
        leader_election=election,
    )
    async with contextlib.AsyncExitStack() as stack:
        lines = []
        for purpose in (name, f"{name}-lease"):
            lines.append(AioTransport(await config.connect(str(server.kubeconfig)), purpose=purpose))
            stack.push_async_callback(lines[-1].close)
        controller = assemble(settings, lines[0], cluster.clock, catalog, lease_transport=lines[1])
        stop = asyncio.Event()
        running = asyncio.create_task(controller.run(stop), name=name)
        try:
            async with asyncio.timeout(TIMEOUT):
                await controller.synced.wait()
            yield Member(name, controller, stop, running)
        finally:
            stop.set()
            await asyncio.gather(running, return_exceptions=True)


def writes(server: Server, name: str, since: int = 0) -> list[str]:
    """The writes of a controller."""
    return [
        f"{request.method} {request.path}"
        for request in server.answered(since)
        if request.agent.endswith(f" {name}") and request.method != "GET"
    ]


def lists(server: Server, name: str) -> list[str]:
    """The lists of a controller, as pages or initial events of a watch. Audit logs record a watch when it ends."""
    begins = ("limit=", "sendInitialEvents=")
    paths = [request.path for request in server.answered() if request.agent.endswith(f" {name}")]
    return [re.sub(r"timeoutSeconds=\d+", "", path) for path in paths if any(word in path for word in begins)]


async def test_one_controller_works_and_the_standby_writes_nothing(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(component())
    async with (
        member(cluster, catalog, server, "first") as first,
        member(cluster, catalog, server, "second") as second,
    ):
        await first.leads()
        await cluster.apply(*(application(INGRESS_TRAIT, name=name) for name in NAMES))
        broken = application({"name": "ingres", "properties": {}}, name="broken")
        await cluster.apply(broken)
        await waiting.until_all(cluster, APPLICATION, NAMES, synced)
        await waiting.until_idle(cluster, server.mark, lambda since: writes(server, "first", since))
        assert await second.standing() == "standby, leader is first_1"
        assert await metric(first.controller) == 1
        assert await metric(second.controller) == 0
    assert len(writes(server, "first")) > len(NAMES)
    assert any("/traits/" in write for write in writes(server, "first"))
    assert any("/events" in write for write in writes(server, "first"))
    assert writes(server, "second") == []


async def metric(controller: ControllerProcess) -> int:
    return await waiting.metric_sum(controller, "leader_election_master_status")


async def test_a_new_leader_lists_nothing_again_and_writes_nothing_for_applications_in_sync(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(component(), *(application(INGRESS_TRAIT, name=name) for name in NAMES))
    async with member(cluster, catalog, server, "first") as first:
        await waiting.until_all(cluster, APPLICATION, NAMES, synced)
        await waiting.until_idle(cluster, server.mark, lambda since: writes(server, "first", since))
        async with member(cluster, catalog, server, "second") as second:
            first.stop.set()
            await first.running
            await second.leads()
            await waiting.until_reconciled(second.controller, len(NAMES))
            assert writes(server, "second") == []
            await cluster.apply(application(name="shop-0", greeting="changed"))
            await cluster.until(DEPLOYMENT, "shop-0-web", lambda d: greeting(d) == "changed")
    # servers send watch events before they record the request
    assert writes(server, "second") != []
    listed = lists(server, "second")
    assert listed or server.local is None
    assert len(set(listed)) == len(listed)


# --- Processes


LEASE_DURATION = 6.0
SHORT = (f"lease-duration={LEASE_DURATION:.0f}s", "renew-deadline=4s", "retry-period=250ms")


def start_process(
    cluster: Cluster, server: Server, name: str, port: int, times: tuple[str, ...]
) -> Awaitable[asyncio.subprocess.Process]:
    """Start `rudr run` as a pod with this name."""
    return asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "rudr_py", "run", "--kubeconfig", str(server.kubeconfig), "--leader-elect"),
        *(f"--leader-elect-{time}" for time in times),
        *("--watch-namespace", cluster.namespace, "--leader-election-namespace", cluster.namespace),
        *("--no-publish-definitions", "--metrics-bind-address=127.0.0.1:0", "--no-plugins"),
        f"--health-probe-bind-address=127.0.0.1:{port}",
        env={"PYTHONPATH": str(ROOT), "PATH": "", "POD_NAME": name},
    )


@contextlib.asynccontextmanager
async def pod_process(
    cluster: Cluster, server: Server, name: str, times: tuple[str, ...] = SHORT
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A ready process, leader or standby; killed at the end."""
    (port,) = apiserver.free_ports(1)
    process = await start_process(cluster, server, name, port, times)
    try:
        await waiting.http_ok(f"http://127.0.0.1:{port}/readyz?verbose", "[i]leader: ")
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def until_lease_holder(cluster: Cluster, name: str) -> None:
    """Wait until a pod holds the lease."""
    await cluster.until(LEASE, "rudr-py", lambda d: d["spec"].get("holderIdentity", "").startswith(f"{name}_"))


async def lease(cluster: Cluster) -> Document:
    """The spec of the lease."""
    document = await cluster.get(LEASE, "rudr-py")
    assert document is not None
    return dict(document["spec"])


def seconds_between(earlier: str, later: str) -> float:
    """The difference of two times of a lease."""
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


async def apply_and_wait(cluster: Cluster, text: str) -> None:
    """Apply a change, and wait until it has reached the Deployment."""
    await cluster.apply(application(greeting=text))
    await cluster.until(DEPLOYMENT, "shop-web", lambda d: greeting(d) == text)


async def test_a_stopped_leader_releases_the_lease_and_the_standby_takes_over(cluster: Cluster, server: Server) -> None:
    await cluster.apply(component(), application())
    async with pod_process(cluster, server, "first") as first:
        await until_lease_holder(cluster, "first")
        await cluster.until(APPLICATION, "shop", synced)
        async with pod_process(cluster, server, "second"):
            first.send_signal(signal.SIGTERM)
            assert await first.wait() == 0
            assert not (await lease(cluster))["holderIdentity"].startswith("first_")
            await apply_and_wait(cluster, "changed")
            await until_lease_holder(cluster, "second")
            assert (await lease(cluster))["leaseTransitions"] == 1


async def test_after_a_kill_the_standby_takes_over_within_two_lease_durations(cluster: Cluster, server: Server) -> None:
    await cluster.apply(component(), application())
    async with pod_process(cluster, server, "first") as first:
        await until_lease_holder(cluster, "first")
        await cluster.until(APPLICATION, "shop", synced)
        async with pod_process(cluster, server, "second"):
            first.kill()
            await first.wait()
            renewed = (await lease(cluster))["renewTime"]
            await apply_and_wait(cluster, "changed")
            await until_lease_holder(cluster, "second")
            waited = seconds_between(renewed, (await lease(cluster))["acquireTime"])
    log.info("seconds from the last renewal to the next leader: %.2f", waited)
    assert LEASE_DURATION <= waited < 2 * LEASE_DURATION


@pytest.mark.slow
@pytest.mark.faults
async def test_the_standby_writes_within_18_s_of_a_kill_with_default_durations(
    cluster: Cluster, server: Server
) -> None:
    await cluster.apply(component(), application())
    async with pod_process(cluster, server, "first", ()) as first:
        await until_lease_holder(cluster, "first")
        async with pod_process(cluster, server, "second", ()):
            began = cluster.clock.monotonic()
            first.kill()
            await first.wait()
            await apply_and_wait(cluster, "changed")
            killed = cluster.clock.monotonic() - began
    log.info("seconds until the next write: %.2f after SIGKILL", killed)
    assert killed < 1.2 * 15.0


@pytest.mark.slow
@pytest.mark.faults
async def test_a_process_suspended_beyond_its_lease_exits_and_writes_nothing(cluster: Cluster, server: Server) -> None:
    await cluster.apply(component(), application())
    async with pod_process(cluster, server, "first") as first:
        await until_lease_holder(cluster, "first")
        await cluster.until(APPLICATION, "shop", synced)
        async with pod_process(cluster, server, "second"):
            first.send_signal(signal.SIGSTOP)
            await cluster.apply(application(greeting="meanwhile"))
            await until_lease_holder(cluster, "second")
            await waiting.until_idle(cluster, server.mark, lambda since: changes(server, since))
            before = server.mark()
            first.send_signal(signal.SIGCONT)
            assert await asyncio.wait_for(first.wait(), TIMEOUT) == 1
            assert changes(server, before) == []


def changes(server: Server, since: int) -> list[str]:
    """The writes except those of leases."""
    return [write for write in server.writes(since) if "/leases" not in write]


# --- A hanging connection


class RequestGate:
    """Blocks changes of some agents at the server until `going` is set, and records all changes.

    `waiting` is set when a change is blocked. Reads are answered: a change may need one, such as that of the nodes.
    """

    def __init__(self, server: Server) -> None:
        assert server.local is not None
        self.held: tuple[str, ...] = ()
        self.going = asyncio.Event()
        self.arrived: list[tuple[float, str, str]] = []
        self.waiting = asyncio.Event()
        self.done: list[tuple[float, str, str]] = []
        server.local.server.middlewares.append(self._gate)

    async def _gate(self, request: web.BaseRequest, route: Route, answer: NextHandler) -> web.StreamResponse:
        del route
        agent = request.headers["User-Agent"].rpartition(" ")[2]
        if request.method != "GET":
            self.arrived.append((asyncio.get_running_loop().time(), agent, request.path))
        if agent in self.held and request.method != "GET":
            self.waiting.set()
            await self.going.wait()
        if request.method != "GET":
            self.done.append((asyncio.get_running_loop().time(), agent, request.path))
        return await answer()

    def last(self, agent: str) -> float:
        """The time of the last change by an agent."""
        return max(time for time, sender, _ in self.done if sender == agent)


@pytest.mark.faults
async def test_a_leader_with_a_hanging_connection_exits_and_writes_nothing_after_its_lease(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    gate = RequestGate(server)
    await cluster.apply(component(), *(application(name=name) for name in NAMES))
    async with member(cluster, catalog, server, "first") as first:
        await waiting.until_all(cluster, APPLICATION, NAMES, synced)
        async with member(cluster, catalog, server, "second") as second:
            # its watches continue, so it has work to do
            gate.held = ("first",)
            frozen = asyncio.get_running_loop().time()
            await cluster.apply(*(application(name=name, greeting="changed") for name in NAMES))
            async with asyncio.timeout(TIMEOUT):
                await gate.waiting.wait()
            gate.held = ("first", "first-lease")
            unrenewed = asyncio.get_running_loop().time()
            for name in NAMES:
                await cluster.until(DEPLOYMENT, f"{name}-web", lambda d: greeting(d) == "changed")
            await asyncio.wait([first.running], timeout=TIMEOUT)
            assert isinstance(first.running.exception(), LeaseLostError)
            gate.going.set()
            await waiting.until_all(cluster, APPLICATION, NAMES, synced)
            await waiting.until_idle(cluster, server.mark, lambda since: writes(server, "second", since))
            assert await second.standing() == "leader"
    end = gate.last("first-lease") + ELECTION.lease_duration
    assert [change for change in gate.arrived if change[1] == "first" and change[0] >= frozen]
    assert [change for change in gate.done if change[1] == "first" and change[0] >= frozen] == []
    assert [change for change in gate.done if change[1] == "first-lease" and change[0] >= unrenewed] == []
    assert [change for change in gate.arrived if change[1] in gate.held and change[0] >= end] == []
    begun = min(time for time, agent, _ in gate.done if agent == "second")
    assert begun >= end


# --- Several namespaces


async def test_only_the_watched_namespaces_are_served(cluster: Cluster, catalog: Catalog, server: Server) -> None:
    places = [cluster, *(Cluster(cluster.transport, f"{cluster.namespace}-{n}", cluster.clock) for n in ("b", "c"))]
    for place in places[1:]:
        await place.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": place.namespace}})
    first, second, third = places
    for place in places:
        await place.apply(component(), application())
    settings = msgspec.structs.replace(
        run.settings({"watch_namespace": f"{first.namespace}, {second.namespace}", "publish_definitions": False}, {}),
        health_address=ADDRESS,
        metrics_address=ADDRESS,
    )
    connection = await config.connect(str(server.kubeconfig))
    async with (
        connect.transport_to(connection, purpose="several") as transport,
        waiting.running(assemble(settings, transport, cluster.clock, catalog)),
    ):
        for place in (first, second):
            await place.until(APPLICATION, "shop", synced)
        await second.apply(application(greeting="changed"))
        await second.until(DEPLOYMENT, "shop-web", lambda d: greeting(d) == "changed")
    untouched = await third.get(APPLICATION, "shop")
    assert untouched is not None
    assert "status" not in untouched
    assert await third.get(DEPLOYMENT, "shop-web") is None
    paths = [request.path for request in server.answered() if request.agent.endswith(" several")]
    assert paths
    assert not [path for path in paths if third.namespace in path]
    for place in places[1:]:
        await place.delete(NAMESPACE, place.namespace)
