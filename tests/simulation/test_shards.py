"""Several controllers divide the namespaces among them; two of them never write in one namespace.

Each request is compared with the stored Leases, see `Invariants`.
"""

from __future__ import annotations

import asyncio
import copy
import math
import random
from collections.abc import Coroutine
from typing import Any

import pytest

from rudr_py.controller.shards import assignment
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import Event
from tests.simulation import virtual_loop
from tests.simulation.cluster import LEASE, SYSTEM, SimulatedCluster
from tests.simulation.documents import Document, application, binding, component
from tests.simulation.invariants import Invariants
from tests.simulation.network import Exchange, Weather
from tests.simulation.run import simulate
from tests.simulation.virtual_loop import VirtualLoop

SHARDS = 4
NAMESPACES = [f"team-{number}" for number in range(12)]
DEPLOYMENT = KindInfo("apps/v1", "Deployment")


class Teams:
    """Namespaces of all shards, with one application each."""

    def __init__(self, shards: int = SHARDS) -> None:
        self.cluster = SimulatedCluster("shards", VirtualLoop(), election=True, shards=shards)
        Invariants(self.cluster)

    def run(self, scenario: Coroutine[Any, Any, None]) -> None:
        virtual_loop.run(scenario, self.cluster.loop)
        assert self.cluster.violations == []
        assert self.cluster.records.errors == []

    async def begin(self, *controllers: str) -> None:
        assert {assignment.shard_of(name, SHARDS) for name in NAMESPACES} == set(range(SHARDS))
        await self.cluster.start()
        client = self.cluster.local.client
        for namespace in NAMESPACES:
            client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
            client.create(_in(namespace, component("web")))
            client.create(_in(namespace, application("shop", binding("web", "shop-web"))))
        for name in controllers:
            self.cluster.start_controller(name)

    def change(self, image: str) -> None:
        """Change the component of every namespace."""
        desired = component("web", image=image)
        for namespace in NAMESPACES:
            live = self.cluster.local.client.get(KindInfo(desired["apiVersion"], desired["kind"]), namespace, "web")
            assert live is not None
            self.cluster.local.client.update({**live, "spec": desired["spec"]})

    async def until_applied(self, image: str, seconds: float) -> None:
        """Wait until the Deployments of all namespaces have this image."""
        end = self.cluster.loop.time() + seconds
        while left := [namespace for namespace in NAMESPACES if self._image(namespace) != image]:
            assert self.cluster.loop.time() <= end, left
            await asyncio.sleep(0.1)

    def _image(self, namespace: str) -> str:
        live = self.cluster.local.client.get(DEPLOYMENT, namespace, "shop-web")
        return "" if live is None else str(live["spec"]["template"]["spec"]["containers"][0]["image"])

    def counts(self) -> dict[str, int]:
        """The numbers of shards of the controllers."""
        store, table = self.cluster.local.backend.store, "leases.coordination.k8s.io"
        leases = [store.get(table, SYSTEM, f"rudr-py-{number}") for number in range(SHARDS)]
        holders = [_controller(lease["spec"]["holderIdentity"]) for lease in leases if lease is not None]
        return {name: holders.count(name) for name in sorted(set(holders))}

    def writers(self, since: float) -> set[str]:
        """The controllers that have written since a time."""
        return {_controller(text) for at, text in self.cluster.writes if at > since}


def _in(namespace: str, document: Document) -> Document:
    return {**document, "metadata": {**document["metadata"], "namespace": namespace}}


def _controller(text: str) -> str:
    """The name of a controller in a text that begins with its name and number."""
    return text.partition("-")[0]


def test_replicas_divide_the_shards_and_give_up_surplus_when_replicas_come() -> None:
    teams = Teams()

    async def scenario() -> None:
        await teams.begin("one")
        await teams.until_applied("registry.example/web:1", 30.0)
        assert teams.counts() == {"one": 4}
        teams.cluster.start_controller("two")
        await asyncio.sleep(LEASE)
        assert teams.counts() == {"one": 2, "two": 2}
        for name in ("three", "four"):
            teams.cluster.start_controller(name)
        await asyncio.sleep(LEASE)
        assert teams.counts() == {"four": 1, "one": 1, "three": 1, "two": 1}
        changed = teams.cluster.loop.time()
        teams.change("registry.example/web:2")
        await teams.until_applied("registry.example/web:2", 5.0)
        assert teams.writers(changed) == {"one", "two", "three", "four"}

    teams.run(scenario())


def test_the_shards_of_killed_replicas_are_taken_within_little_more_than_a_lease() -> None:
    teams = Teams()

    async def scenario() -> None:
        await teams.begin("one", "two", "three")
        await asyncio.sleep(2 * LEASE)
        counts = teams.counts()
        assert max(counts.values()) <= math.ceil(SHARDS / 3)
        for name in list(counts)[:-1]:  # the last one takes all
            teams.cluster.kill(name)
            teams.change(f"registry.example/web:{name}")
            await teams.until_applied(f"registry.example/web:{name}", 1.2 * LEASE)

    teams.run(scenario())


def test_applications_in_sync_are_taken_over_without_a_write() -> None:
    teams = Teams()

    async def scenario() -> None:
        await teams.begin("one", "two", "three", "four")
        await teams.until_applied("registry.example/web:1", 30.0)
        await asyncio.sleep(4 * LEASE)
        for name in ("one", "two", "three"):
            before = len(teams.cluster.writes)
            teams.cluster.kill(name)
            await asyncio.sleep(4 * LEASE)
            assert teams.cluster.writes[before:] == []
        assert teams.counts() == {"four": SHARDS}

    teams.run(scenario())


def test_what_changed_before_a_take_over_is_reverted_after_it() -> None:
    teams = Teams()

    async def scenario() -> None:
        await teams.begin("one", "two")
        await teams.until_applied("registry.example/web:1", 30.0)
        await asyncio.sleep(2 * LEASE)
        teams.cluster.kill("one")
        client = teams.cluster.local.client
        for namespace in NAMESPACES:
            live = client.get(DEPLOYMENT, namespace, "shop-web")
            assert live is not None
            drifted = copy.deepcopy(live)
            drifted["spec"]["template"]["spec"]["containers"][0]["image"] = "registry.example/drift"
            client.update(drifted)
        await teams.until_applied("registry.example/web:1", 1.2 * LEASE)

    teams.run(scenario())


def test_the_shards_of_a_stopped_replica_are_taken_at_once() -> None:
    teams = Teams()

    async def scenario() -> None:
        await teams.begin("one", "two")
        await asyncio.sleep(2 * LEASE)
        teams.cluster.stop("one")
        teams.change("registry.example/web:2")
        await teams.until_applied("registry.example/web:2", LEASE / 2)
        assert teams.counts() == {"two": 4}

    teams.run(scenario())


@pytest.mark.parametrize(("before", "after"), [(1, 4), (4, 1), (4, 6)])
def test_another_number_of_shards_begins_when_the_last_replica_with_the_earlier_one_has_ended(
    before: int, after: int
) -> None:
    teams = Teams(before)

    async def scenario() -> None:
        await teams.begin("one", "two")
        await asyncio.sleep(2 * LEASE)
        teams.cluster.shards = after
        teams.cluster.start_controller("three")
        teams.cluster.stop("one")
        await asyncio.sleep(2 * LEASE)
        teams.change("registry.example/web:2")
        await teams.until_applied("registry.example/web:2", LEASE)
        if before > 1:  # otherwise the replica that was stopped was the only one that wrote
            assert "three" not in teams.writers(0.0)
        stopped = teams.cluster.loop.time() + 1.0
        teams.cluster.stop("two")
        await asyncio.sleep(1.0)
        teams.change("registry.example/web:3")
        await teams.until_applied("registry.example/web:3", 2 * LEASE)
        assert teams.writers(stopped) == {"three"}

    teams.run(scenario())


def test_a_replica_that_gets_shards_back_reads_the_changes_of_another_one() -> None:
    teams = Teams()

    async def scenario() -> None:
        await teams.begin("one")
        await teams.until_applied("registry.example/web:1", 30.0)
        for number in range(2, 6):
            (teams.cluster.start_controller if number % 2 == 0 else teams.cluster.kill)("two")
            await asyncio.sleep(LEASE / 2)
            teams.change(f"registry.example/web:{number}")
            await teams.until_applied(f"registry.example/web:{number}", 1.2 * LEASE)
        await asyncio.sleep(2 * LEASE)
        before = len(teams.cluster.writes)
        await asyncio.sleep(10 * LEASE)
        assert len(teams.cluster.writes) == before

    teams.run(scenario())


def test_a_shard_is_given_up_only_after_the_requests_in_it_have_ended() -> None:
    teams, table = Teams(), "leases.coordination.k8s.io"
    strangers: list[str] = []

    def check(event: Event, client: str) -> None:
        if client.startswith(("one", "two")) and event.namespace in NAMESPACES:
            lease = teams.cluster.local.backend.store.get(
                table, SYSTEM, f"rudr-py-{assignment.shard_of(event.namespace, SHARDS)}"
            )
            if lease is None or lease["spec"]["holderIdentity"] != client:
                strangers.append(f"{client} {event.type} {event.table} {event.namespace}")

    def slow(exchange: Exchange) -> None:
        if exchange.is_write and "/namespaces/team-" in exchange.request.path:
            exchange.fault = "slow"

    async def scenario() -> None:
        await teams.begin("one")
        await teams.until_applied("registry.example/web:1", 30.0)
        teams.cluster.listen(check)
        teams.cluster.network.direct = slow
        teams.cluster.start_controller("two")
        for number in range(30):
            teams.change(f"registry.example/web:{number}")
            await asyncio.sleep(1.0)
        await teams.until_applied("registry.example/web:29", 4 * LEASE)
        await asyncio.sleep(LEASE)
        assert teams.counts() == {"one": 2, "two": 2}
        assert strangers == []

    teams.run(scenario())


@pytest.mark.parametrize("seed", range(8))
def test_with_faults_every_invariant_holds(seed: int) -> None:
    assert simulate(seed, shards=3).violations == ()


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_shards_change_hands_while_everything_changes_and_requests_fail(seed: int) -> None:
    source = random.Random(seed)  # noqa: S311 - no secret
    teams, names = Teams(), ("one", "two", "three")
    cluster = teams.cluster

    async def scenario() -> None:
        await teams.begin("one", "two")
        await asyncio.sleep(LEASE)
        cluster.network.weather = Weather(requests=source.choice((0.0, 0.1, 0.3)))
        for number in range(60):
            teams.change(f"registry.example/web:{number}")
            await asyncio.sleep(source.uniform(0.0, 8.0))
            name = source.choice(names)
            if source.random() < 0.4:
                if name not in cluster.controllers:
                    cluster.start_controller(name)
                elif len(cluster.controllers) > 1:
                    (cluster.stop if source.random() < 0.6 else cluster.kill)(name)
        cluster.network.clear()
        for name in set(names) - set(cluster.controllers):
            cluster.start_controller(name)
        teams.change("registry.example/web:last")
        await teams.until_applied("registry.example/web:last", 6 * LEASE)

    random.seed(seed)  # the controllers draw their jitter from the module
    teams.run(scenario())
