"""A namespace with thousands of applications beside one with a single application: what the single one waits for.

The delay is counted in reconciles of the noisy namespace, because a machine has no influence on that number.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine
from typing import Any

import pytest

from rudr_py.local.registry.resources import KindInfo
from tests.simulation import virtual_loop
from tests.simulation.cluster import SimulatedCluster
from tests.simulation.documents import Document, application, binding, component
from tests.simulation.network import Exchange
from tests.simulation.virtual_loop import VirtualLoop

WORKERS = 4
"""The workers of a controller of the simulation."""

DEPLOYMENT = KindInfo("apps/v1", "Deployment")
_APPLIED = re.compile(r"/namespaces/(?P<namespace>[^/]+)/componentinstances/(?P<name>[^/?]+)")


class Neighbours:
    """The namespace `quiet` with one application, and noisy ones. `log` has the applied instances in their order."""

    def __init__(self, loop: VirtualLoop | None = None) -> None:
        self.cluster = SimulatedCluster("neighbours", loop or VirtualLoop())
        self.log: list[tuple[str, str]] = []
        self.hanging: set[str] = set()
        self.cluster.network.observers.append(self._note)
        self.cluster.network.direct = self._direct

    def run(self, scenario: Coroutine[Any, Any, None]) -> None:
        virtual_loop.run(scenario, self.cluster.loop)

    def _note(self, exchange: Exchange) -> None:
        match = _APPLIED.search(exchange.request.path)
        if match and exchange.is_write and match.groups() not in self.log[-200:]:
            self.log.append((match["namespace"], match["name"]))

    def _direct(self, exchange: Exchange) -> None:
        if exchange.is_write and any(f"/namespaces/{name}/" in exchange.request.path for name in self.hanging):
            exchange.fault = "hang"

    def put(self, namespace: str, document: Document) -> None:
        client, metadata = self.cluster.local.client, {**document["metadata"], "namespace": namespace}
        kind = KindInfo(document["apiVersion"], document["kind"])
        document = {**document, "metadata": metadata}
        live = client.get(kind, namespace, metadata["name"])
        if live is None:
            client.create(document)
        else:
            client.update({**live, "spec": document["spec"]})

    async def begin(self, *noisy: str) -> None:
        await self.cluster.start()
        for namespace in ("quiet", *noisy):
            self.cluster.local.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        self.put("quiet", component("web"))
        self.put("quiet", application("shop", binding("web", "shop-web")))

    def flood(self, namespace: str, number: int) -> None:
        self.put(namespace, component("web"))
        for index in range(number):
            self.put(namespace, application(f"flood-{index}", binding("web", f"flood-{index}")))

    def image(self) -> str:
        live = self.cluster.local.client.get(DEPLOYMENT, "quiet", "shop-web")
        return "" if live is None else live["spec"]["template"]["spec"]["containers"][0]["image"]

    async def until_applied(self, image: str, seconds: float = 600.0) -> float:
        """The virtual seconds until the application of `quiet` has this image."""
        began = self.cluster.loop.time()
        while self.image() != image:
            assert self.cluster.loop.time() - began < seconds, f"not applied within {seconds:g} s"
            await asyncio.sleep(0.01)
        return self.cluster.loop.time() - began


@pytest.fixture
def neighbours() -> Neighbours:
    return Neighbours()


def test_a_change_waits_for_no_backlog_of_two_thousand_new_applications_of_another_namespace(
    neighbours: Neighbours,
) -> None:
    async def scenario() -> None:
        await neighbours.begin("noisy")
        neighbours.cluster.start_controller("one")
        await neighbours.until_applied("registry.example/web:1")
        neighbours.flood("noisy", 2000)
        await asyncio.sleep(6.0)  # the watch reports one after another
        before = len(neighbours.log)
        neighbours.put("quiet", component("web", image="registry.example/web:2"))
        await neighbours.until_applied("registry.example/web:2")
        assert len(neighbours.log) - before <= 2 * WORKERS
        assert len(neighbours.log) < 1500, "there was no backlog"

    neighbours.run(scenario())


def test_after_a_start_a_new_application_waits_for_no_initial_list_of_another_namespace(
    neighbours: Neighbours,
) -> None:
    async def scenario() -> None:
        await neighbours.begin("a-noisy")  # its objects come first in every list
        neighbours.flood("a-noisy", 2000)
        neighbours.cluster.start_controller("one")
        await neighbours.until_applied("registry.example/web:1")
        assert len(neighbours.log) <= 2 * WORKERS + 1

    neighbours.run(scenario())


@pytest.mark.parametrize("noisy", [("noisy",), ("noisy-1", "noisy-2", "noisy-3")])
def test_requests_that_hang_for_other_namespaces_leave_a_worker_free(
    neighbours: Neighbours, noisy: tuple[str, ...]
) -> None:
    async def scenario() -> None:
        await neighbours.begin(*noisy)
        neighbours.cluster.start_controller("one")
        await neighbours.until_applied("registry.example/web:1")
        neighbours.hanging.update(noisy)
        for namespace in noisy:
            neighbours.flood(namespace, 50)
        await asyncio.sleep(10.0)
        neighbours.put("quiet", component("web", image="registry.example/web:2"))
        assert await neighbours.until_applied("registry.example/web:2") < 1.0

    neighbours.run(scenario())
