"""The work for a new application: one write for each object, revision and state, and a reconcile for each state."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from tests.e2e.volumes import OWN, front, mounted, shop, using
from tests.simulation import virtual_loop, work
from tests.simulation.cluster import SimulatedCluster
from tests.simulation.documents import AUTO, INGRESS, application, binding, component
from tests.simulation.virtual_loop import VirtualLoop

STATUS, NODES = "PATCH applicationconfigurations/status", "GET api/nodes"
EXPECTED = Counter(
    {
        "PATCH componentinstances": 1,
        "PATCH deployments": 1,
        "PATCH services": 1,
        "PATCH horizontalpodautoscalers": 1,
        "PATCH ingresses": 1,
        "PATCH controllerrevisions": 1,
    }
)


@pytest.mark.parametrize("seed", range(8))
def test_a_new_application_needs_no_read_no_event_and_a_status_for_each_state(seed: int) -> None:
    """The states are Synced and Ready, which may be reached at the same time. Nodes are read once a minute."""
    done = work.of_new_application(seed)
    assert done.requests.pop(STATUS) <= 2
    assert done.requests.pop(NODES, 0) <= 1
    assert done.requests == EXPECTED
    assert done.reconciles <= 2


def test_applications_that_exist_at_a_start_are_not_reconciled_before_their_kinds_are_listed() -> None:
    random.seed(0)
    loop = VirtualLoop()
    cluster = SimulatedCluster("0", loop)
    names = ("first", "second", "third")

    async def run() -> None:
        await cluster.start()
        cluster.apply(component("web"))
        for name in names:
            cluster.apply(application(name, binding("web", f"{name}-web", AUTO, INGRESS)))
        cluster.start_controller("main")
        await cluster.rest()

    virtual_loop.run(run(), loop)
    assert work.reconciles(cluster) <= 2 * len(names)


def test_applications_that_wait_for_one_claim_do_not_trigger_each_other_before_a_status_is_due() -> None:
    """Each has two edits within the minimum of seconds between two writes of its status."""
    random.seed(0)
    loop = VirtualLoop()
    cluster = SimulatedCluster("0", loop)
    names = ("first", "second", "third")

    async def edit(text: str) -> int:
        """The reconciles in half a second after an edit of each application."""
        before = work.reconciles(cluster)
        for name in names:
            document = shop(using(OWN, adopt=True), name=name)
            document["spec"]["components"][0]["parameterValues"] = [{"name": "greeting", "value": text}]
            cluster.apply(document)
        await asyncio.sleep(0.5)
        return work.reconciles(cluster) - before

    async def run() -> None:
        await cluster.start()
        cluster.start_controller("main")
        cluster.apply(front())
        cluster.apply(shop(mounted()))
        await cluster.rest()
        await edit("created")
        await cluster.rest()
        await edit("written at once")
        assert await edit("deferred") == len(names)

    virtual_loop.run(run(), loop)
