"""Applications that cannot go on: the work for them at rest, and the delay of another application beside them.

Work is counted, and time is virtual: the figures do not depend on the machine.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine
from typing import Any

import pytest

from tests.simulation import stuck as stuck_module
from tests.simulation import virtual_loop
from tests.simulation.documents import application, binding, component
from tests.simulation.stuck import (
    APPLICATION,
    COMPONENT,
    DEPLOYMENT,
    HOUR,
    PREFIX,
    SITUATIONS,
    Rest,
    StuckCluster,
    simple,
)

NUMBER = 16
"""The applications in each situation."""

WORKERS = 4
"""The workers of a controller of the simulation."""

IN_FLIGHT = 12 * WORKERS
"""The most writes for other applications between an edit and its last one, which is several answers of the server away,
more if the status of the object changes meanwhile; each of the other workers sends the next request meanwhile."""

CANARY = 30
"""The most attempts in an hour for one application of a group."""

WITHOUT_REQUESTS = frozenset(
    {
        "component-invalid",
        "component-missing",
        "deletion-kept",
        "dependency-not-ready",
        "held",
        "kind-missing",
        "namespace-terminating",
        "secret-missing",
        "too-large",
    }
)
"""The situations that only an event of a watch can end."""


EVENTS = {"namespace-terminating": 0, "dependency-not-ready": 2, "conflict-of-applications": 3}
"""The events for each application, if there is not one: one for each reason, and one for the owner of an object."""


@pytest.fixture(scope="module")
def rest() -> Rest:
    return stuck_module.at_rest(NUMBER, hours=2)


@pytest.mark.parametrize("situation", SITUATIONS)
def test_an_application_that_cannot_go_on_has_one_event_for_each_reason_and_at_rest_no_status_is_written(
    rest: Rest, situation: str
) -> None:
    first, last = (hour[situation] for hour in rest.hours)
    assert first["POST events"] <= EVENTS.get(situation, 1) * NUMBER
    assert last["POST events"] == 0
    assert first["PATCH events"] == last["PATCH events"] == 0
    if situation != "status-forbidden":
        assert first["PATCH applicationconfigurations/status"] <= 3 * NUMBER
        assert last["PATCH applicationconfigurations/status"] == 0


@pytest.mark.parametrize("situation", SITUATIONS)
def test_at_rest_each_application_is_tried_once_or_twice_in_an_hour_and_one_of_a_group_more_often(
    rest: Rest, situation: str
) -> None:
    requests = rest.hours[-1][situation]
    if situation in WITHOUT_REQUESTS:
        assert not requests
    else:
        assert requests.most_common(1)[0][1] <= 2 * NUMBER + CANARY


def test_at_rest_the_cluster_as_a_whole_is_read_rarely(rest: Rest) -> None:
    assert all(number <= 2 * 60 for number in rest.hours[-1][""].values())
    refused = len(SITUATIONS) - len(WITHOUT_REQUESTS)
    assert rest.reconciles <= 2 * NUMBER * len(SITUATIONS) + CANARY * refused


class Shop:
    """An application without a problem beside others that cannot go on."""

    def __init__(self, stuck: StuckCluster, namespace: str) -> None:
        self._stuck = stuck
        self._namespace = namespace
        self._version = 0

    def edit(self) -> None:
        """Create the application, or change its image."""
        self._version += 1
        self._stuck.put(self._namespace, COMPONENT, component("shop", image=f"registry.example/shop:{self._version}"))
        bindings = (binding("shop", "shop-web", greeting=f"hi {self._version}"),)
        self._stuck.put(self._namespace, APPLICATION, application("shop", *bindings))

    def edit_and_restart(self) -> None:
        """Edit between the end of a controller and the start of the next one."""
        self._stuck.cluster.kill("main")
        self.edit()
        self._stuck.cluster.start_controller("main")

    async def applied(self) -> tuple[float, int]:
        """The seconds until the last edit is applied, and the writes for other applications until then."""
        loop, sent = self._stuck.cluster.loop, len(self._stuck.sent)
        begun = loop.time()
        while not self._is_applied():
            assert loop.time() - begun < 600.0, "not applied within 10 minutes"
            await asyncio.sleep(0.01)
        writes = [exchange for _, exchange in self._stuck.sent[sent:] if exchange.is_write]
        return loop.time() - begun, sum(PREFIX in exchange.request.path for exchange in writes)

    def _is_applied(self) -> bool:
        live = self._stuck.cluster.local.client.get(DEPLOYMENT, self._namespace, "shop-web")
        return live is not None and f"hi {self._version}" in str(live["spec"])


def run(scenario: Coroutine[Any, Any, None], stuck: StuckCluster) -> None:
    random.seed(0)
    virtual_loop.run(scenario, stuck.cluster.loop)


@pytest.fixture
def stuck() -> StuckCluster:
    return StuckCluster()


@pytest.mark.parametrize("number", [80, 160])
@pytest.mark.parametrize("namespace", ["webhook", "z-quiet"])
def test_after_a_start_an_edit_waits_for_the_attempts_in_flight_only(
    stuck: StuckCluster, namespace: str, number: int
) -> None:
    """Its namespace, or another one, has applications that cannot go on; their objects come first in every list."""

    async def scenario() -> None:
        await stuck.begin("webhook", "z-quiet")
        shop = Shop(stuck, namespace)
        SITUATIONS["webhook"](stuck, "webhook", number)
        shop.edit()
        stuck.cluster.start_controller("main")
        await asyncio.sleep(600.0)
        shop.edit_and_restart()
        _, writes = await shop.applied()
        assert writes <= IN_FLIGHT
        for _ in range(3):
            shop.edit()
            seconds, writes = await shop.applied()
            assert seconds < 0.25
            assert writes <= IN_FLIGHT

    run(scenario(), stuck)


def test_after_a_start_every_edit_overtakes_the_backlog_of_many_namespaces(stuck: StuckCluster) -> None:
    async def scenario() -> None:
        names = [f"n{number}" for number in range(60)]
        await stuck.begin(*names, "z-quiet")
        for name in names:
            SITUATIONS["webhook"](stuck, name, 2)
        shop = Shop(stuck, "z-quiet")
        shop.edit()
        stuck.cluster.start_controller("main")
        await asyncio.sleep(600.0)
        shop.edit_and_restart()
        for _ in range(4):
            seconds, writes = await shop.applied()
            assert seconds < 0.25
            assert writes <= IN_FLIGHT
            shop.edit()

    run(scenario(), stuck)


@pytest.mark.parametrize("namespace", ["webhook-hangs", "z-quiet"])
def test_requests_that_hang_leave_a_worker_for_edits_of_the_same_namespace(stuck: StuckCluster, namespace: str) -> None:
    async def scenario() -> None:
        await stuck.begin("webhook-hangs", "z-quiet")
        SITUATIONS["webhook-hangs"](stuck, "webhook-hangs", 24)
        stuck.cluster.start_controller("main")
        await asyncio.sleep(HOUR)
        shop = Shop(stuck, namespace)
        for _ in range(8):
            shop.edit()
            seconds, _ = await shop.applied()
            assert seconds < 1.0
            await asyncio.sleep(41.0)
        shop.edit_and_restart()
        for _ in range(4):
            seconds, _ = await shop.applied()
            assert seconds < 3.0  # the first one waits for the lists
            await asyncio.sleep(5.0)
            shop.edit()

    run(scenario(), stuck)


def test_when_a_policy_ends_one_attempt_leads_to_those_of_all_others(stuck: StuckCluster) -> None:
    async def scenario() -> None:
        names = ("webhook", "webhook-for-instances", "right-missing", "webhook-down")
        await stuck.begin(*names)
        for name in names:
            SITUATIONS[name](stuck, name, 20)
        stuck.cluster.start_controller("main")
        await asyncio.sleep(2.5 * HOUR)
        stuck.refusals.clear()
        await asyncio.sleep(310.0)
        assert [len(stuck.cluster.local.client.list(DEPLOYMENT, name)) for name in names] == [20] * len(names)

    run(scenario(), stuck)


def test_nothing_is_created_in_a_namespace_that_ends_and_an_application_in_the_next_one_is_applied(
    stuck: StuckCluster,
) -> None:
    """The content is deleted in some order: first the children of the applications, then their components."""

    async def scenario() -> None:
        await stuck.begin("ending")
        simple(stuck, "ending", 20)
        stuck.cluster.start_controller("main")
        await asyncio.sleep(600.0)
        client = stuck.cluster.local.client
        stuck.sent.clear()
        stuck.end_namespace("ending")
        for live in client.list(DEPLOYMENT, "ending"):
            client.delete(DEPLOYMENT, "ending", live["metadata"]["name"])
        await asyncio.sleep(30.0)
        client.delete(COMPONENT, "ending", "web")
        await asyncio.sleep(HOUR)
        requests = stuck.requests("ending")
        assert requests["POST events"] == 0
        assert requests["PATCH deployments"] <= WORKERS
        for live in client.list(APPLICATION, "ending"):
            client.delete(APPLICATION, "ending", live["metadata"]["name"])
        await asyncio.sleep(10.0)
        stuck.cluster.local.backend.store.remove("namespaces", "", "ending")
        client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ending"}})
        shop = Shop(stuck, "ending")
        shop.edit()
        seconds, _ = await shop.applied()
        assert seconds < 3.0

    run(scenario(), stuck)
