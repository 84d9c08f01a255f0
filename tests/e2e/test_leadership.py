"""Several controllers on one cluster, of which one works: who writes when is counted at the server."""

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
from rudr_py.controller import ControllerProcess, assemble
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
TERMS = LeaderElection(namespace="", identity="", lease_duration=6.0, renew_deadline=4.0, retry_period=0.5)
NAMES = {f"shop-{number}" for number in range(5)}


@dataclass
class Member:
    """One of several controllers. The server knows its requests by `name`, those for the lease by `<name>-lease`."""

    name: str
    controller: ControllerProcess
    stop: asyncio.Event
    running: asyncio.Task[None]

    async def standing(self) -> str:
        """What /readyz?verbose says of who leads; fails when it is not ready."""
        status, text = await waiting.readiness(self.controller)
        assert status == 200, text
        return next(line for line in text.splitlines() if line.startswith("[i]leader: ")).partition(": ")[2]

    async def leads(self) -> None:
        """Wait until it works."""
        async with asyncio.timeout(TIMEOUT):
            while await self.standing() != "leader":
                pass


@contextlib.asynccontextmanager
async def member(cluster: Cluster, catalog: Catalog, server: Server, name: str) -> AsyncIterator[Member]:
    """A controller whose caches are synced, with connections of its own."""
    election = msgspec.structs.replace(TERMS, namespace=cluster.namespace, identity=f"{name}_1")
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
        controller = assemble(settings, lines[0], cluster.clock, catalog, lease=lines[1])
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
    """What a controller changed."""
    return [
        f"{one.method} {one.path}"
        for one in server.answered(since)
        if one.agent.endswith(f" {name}") and one.method != "GET"
    ]


def lists(server: Server, name: str) -> list[str]:
    """What a controller listed, page by page or as the begin of a watch. An audit log tells of a watch at its end."""
    begins = ("limit=", "sendInitialEvents=")
    asked = [one.path for one in server.answered() if one.agent.endswith(f" {name}")]
    return [re.sub(r"timeoutSeconds=\d+", "", path) for path in asked if any(word in path for word in begins)]


async def test_one_works_and_the_other_stands_by_in_silence(cluster: Cluster, catalog: Catalog, server: Server) -> None:
    await cluster.apply(component())
    async with (
        member(cluster, catalog, server, "first") as first,
        member(cluster, catalog, server, "second") as second,
    ):
        await first.leads()
        await cluster.apply(*(application(INGRESS_TRAIT, name=name) for name in NAMES))
        broken = application({"name": "ingres", "properties": {}}, name="broken")
        await cluster.apply(broken)
        await waiting.everywhere(cluster, APPLICATION, NAMES, synced)
        await waiting.quiet(cluster, server.mark, lambda since: writes(server, "first", since))
        assert await second.standing() == "standby, leader is first_1"
        assert await metric(first.controller) == 1
        assert await metric(second.controller) == 0
    assert len(writes(server, "first")) > len(NAMES)
    assert any("/traits/" in one for one in writes(server, "first"))
    assert any("/events" in one for one in writes(server, "first"))
    assert writes(server, "second") == []


async def metric(controller: ControllerProcess) -> int:
    return await waiting.counted(controller, "leader_election_master_status")


async def test_who_takes_over_lists_nothing_anew_and_writes_nothing_over_applications_in_sync(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    await cluster.apply(component(), *(application(INGRESS_TRAIT, name=name) for name in NAMES))
    async with member(cluster, catalog, server, "first") as first:
        await waiting.everywhere(cluster, APPLICATION, NAMES, synced)
        await waiting.quiet(cluster, server.mark, lambda since: writes(server, "first", since))
        async with member(cluster, catalog, server, "second") as second:
            first.stop.set()
            await first.running
            await second.leads()
            await waiting.reconciled(second.controller, len(NAMES))
            assert writes(server, "second") == []
            await cluster.apply(application(name="shop-0", greeting="changed"))
            await cluster.until(DEPLOYMENT, "shop-0-web", lambda d: greeting(d) == "changed")
    # a server tells its watches of a change before it writes the request down
    assert writes(server, "second") != []
    listed = lists(server, "second")
    assert listed or server.local is None
    assert len(set(listed)) == len(listed)


# --- Processes


LEASE_DURATION = 6.0
SHORT = (f"lease-duration={LEASE_DURATION:.0f}s", "renew-deadline=4s", "retry-period=250ms")


def launched(
    cluster: Cluster, server: Server, name: str, port: int, times: tuple[str, ...]
) -> Awaitable[asyncio.subprocess.Process]:
    """Start `rudr run` as a pod of that name."""
    return asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "rudr_py", "run", "--kubeconfig", str(server.kubeconfig), "--leader-elect"),
        *(f"--leader-elect-{time}" for time in times),
        *("--watch-namespace", cluster.namespace, "--leader-election-namespace", cluster.namespace),
        *("--no-publish-definitions", "--metrics-bind-address=127.0.0.1:0", "--no-plugins"),
        f"--health-probe-bind-address=127.0.0.1:{port}",
        env={"PYTHONPATH": str(ROOT), "PATH": "", "POD_NAME": name},
    )


@contextlib.asynccontextmanager
async def pod(
    cluster: Cluster, server: Server, name: str, times: tuple[str, ...] = SHORT
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that is ready, to lead or to stand by; killed at the end."""
    (port,) = apiserver.free_ports(1)
    process = await launched(cluster, server, name, port, times)
    try:
        await waiting.answers(f"http://127.0.0.1:{port}/readyz?verbose", "[i]leader: ")
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def holds(cluster: Cluster, name: str) -> None:
    """Wait until a pod holds the lease."""
    await cluster.until(LEASE, "rudr-py", lambda d: d["spec"].get("holderIdentity", "").startswith(f"{name}_"))


async def lease(cluster: Cluster) -> Document:
    """The spec of the lease."""
    document = await cluster.get(LEASE, "rudr-py")
    assert document is not None
    return dict(document["spec"])


def seconds_between(earlier: str, later: str) -> float:
    """Between two times of the lease."""
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


async def serves(cluster: Cluster, text: str) -> None:
    """Wait until a change has reached the Deployment."""
    await cluster.apply(application(greeting=text))
    await cluster.until(DEPLOYMENT, "shop-web", lambda d: greeting(d) == text)


async def test_a_leader_that_is_stopped_releases_the_lease_and_the_next_one_serves(
    cluster: Cluster, server: Server
) -> None:
    await cluster.apply(component(), application())
    async with pod(cluster, server, "first") as first:
        await holds(cluster, "first")
        await cluster.until(APPLICATION, "shop", synced)
        async with pod(cluster, server, "second"):
            first.send_signal(signal.SIGTERM)
            assert await first.wait() == 0
            assert not (await lease(cluster))["holderIdentity"].startswith("first_")
            await serves(cluster, "changed")
            await holds(cluster, "second")
            assert (await lease(cluster))["leaseTransitions"] == 1


async def test_after_a_leader_was_killed_the_next_one_serves_when_the_lease_has_ended_and_no_later_than_twice_that(
    cluster: Cluster, server: Server
) -> None:
    await cluster.apply(component(), application())
    async with pod(cluster, server, "first") as first:
        await holds(cluster, "first")
        await cluster.until(APPLICATION, "shop", synced)
        async with pod(cluster, server, "second"):
            first.kill()
            await first.wait()
            renewed = (await lease(cluster))["renewTime"]
            await serves(cluster, "changed")
            await holds(cluster, "second")
            waited = seconds_between(renewed, (await lease(cluster))["acquireTime"])
    log.info("seconds from the last renewal to the next leader: %.2f", waited)
    assert LEASE_DURATION <= waited < 2 * LEASE_DURATION


@pytest.mark.slow
@pytest.mark.faults
async def test_the_next_process_writes_within_18_s_of_a_kill_with_the_times_of_kube_components(
    cluster: Cluster, server: Server
) -> None:
    await cluster.apply(component(), application())
    async with pod(cluster, server, "first", ()) as first:
        await holds(cluster, "first")
        async with pod(cluster, server, "second", ()):
            began = cluster.clock.monotonic()
            first.kill()
            await first.wait()
            await serves(cluster, "changed")
            killed = cluster.clock.monotonic() - began
    log.info("seconds until the next write: %.2f after SIGKILL", killed)
    assert killed < 1.2 * 15.0


@pytest.mark.slow
@pytest.mark.faults
async def test_a_process_that_stood_still_beyond_its_lease_ends_and_writes_nothing(
    cluster: Cluster, server: Server
) -> None:
    await cluster.apply(component(), application())
    async with pod(cluster, server, "first") as first:
        await holds(cluster, "first")
        await cluster.until(APPLICATION, "shop", synced)
        async with pod(cluster, server, "second"):
            first.send_signal(signal.SIGSTOP)
            await cluster.apply(application(greeting="meanwhile"))
            await holds(cluster, "second")
            await waiting.quiet(cluster, server.mark, lambda since: changes(server, since))
            before = server.mark()
            first.send_signal(signal.SIGCONT)
            assert await asyncio.wait_for(first.wait(), TIMEOUT) == 1
            assert changes(server, before) == []


def changes(server: Server, since: int) -> list[str]:
    """What was changed, without the lease."""
    return [one for one in server.writes(since) if "/leases" not in one]


# --- A line that hangs


class Line:
    """Holds back what the server is asked by some agents; who hangs up meanwhile has never asked. Notes all changes."""

    def __init__(self, server: Server) -> None:
        assert server.local is not None
        self.held: tuple[str, ...] = ()
        self.going = asyncio.Event()
        self.arrived: list[tuple[float, str, str]] = []
        self.done: list[tuple[float, str, str]] = []
        server.local.server.middlewares.append(self._gate)

    async def _gate(self, request: web.BaseRequest, route: Route, answer: NextHandler) -> web.StreamResponse:
        del route
        agent = request.headers["User-Agent"].rpartition(" ")[2]
        if request.method != "GET":
            self.arrived.append((asyncio.get_running_loop().time(), agent, request.path))
        if agent in self.held:
            await self.going.wait()
        if request.method != "GET":
            self.done.append((asyncio.get_running_loop().time(), agent, request.path))
        return await answer()

    def last(self, agent: str) -> float:
        """When the agent last changed something."""
        return max(time for time, one, _ in self.done if one == agent)


@pytest.mark.faults
async def test_a_leader_whose_line_hangs_ends_and_writes_nothing_after_its_lease(
    cluster: Cluster, catalog: Catalog, server: Server
) -> None:
    line = Line(server)
    await cluster.apply(component(), *(application(name=name) for name in NAMES))
    async with member(cluster, catalog, server, "first") as first:
        await waiting.everywhere(cluster, APPLICATION, NAMES, synced)
        async with member(cluster, catalog, server, "second") as second:
            line.held = ("first", "first-lease")
            frozen = asyncio.get_running_loop().time()
            # its watches still go, so that it knows what it would have to do
            await cluster.apply(*(application(name=name, greeting="changed") for name in NAMES))
            for name in NAMES:
                await cluster.until(DEPLOYMENT, f"{name}-web", lambda d: greeting(d) == "changed")
            await asyncio.wait([first.running], timeout=TIMEOUT)
            assert isinstance(first.running.exception(), LeaseLostError)
            line.going.set()
            await waiting.everywhere(cluster, APPLICATION, NAMES, synced)
            await waiting.quiet(cluster, server.mark, lambda since: writes(server, "second", since))
            assert await second.standing() == "leader"
    end = line.last("first-lease") + TERMS.lease_duration
    assert [one for one in line.arrived if one[1] == "first" and one[0] >= frozen]
    assert [one for one in line.done if one[1] in line.held and one[0] >= frozen] == []
    assert [one for one in line.arrived if one[1] in line.held and one[0] >= end] == []
    begun = min(time for time, agent, _ in line.done if agent == "second")
    assert begun >= end


# --- Several namespaces


async def test_several_namespaces_are_served_and_no_other(cluster: Cluster, catalog: Catalog, server: Server) -> None:
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
        waiting.started(assemble(settings, transport, cluster.clock, catalog)),
    ):
        for place in (first, second):
            await place.until(APPLICATION, "shop", synced)
        await second.apply(application(greeting="changed"))
        await second.until(DEPLOYMENT, "shop-web", lambda d: greeting(d) == "changed")
    untouched = await third.get(APPLICATION, "shop")
    assert untouched is not None
    assert "status" not in untouched
    assert await third.get(DEPLOYMENT, "shop-web") is None
    asked = [one.path for one in server.answered() if one.agent.endswith(" several")]
    assert asked
    assert not [path for path in asked if third.namespace in path]
    for place in places[1:]:
        await place.delete(NAMESPACE, place.namespace)
