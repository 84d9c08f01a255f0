"""A seeded simulation of the whole controller: every seed converges, keeps the invariants, and replays exactly.

`python -m tests.simulation SEED` prints the trace of one seed. RUDR_SIMULATION_SEEDS="5000-9000" selects the seeds of
the slow test.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from rudr_py.local.storage.store import ADDED, Event
from rudr_py.model.kinds import APPLICATION
from tests.simulation import virtual_loop
from tests.simulation.cluster import SimulatedCluster
from tests.simulation.documents import application, binding, component, volume
from tests.simulation.invariants import Invariants
from tests.simulation.network import Exchange
from tests.simulation.run import simulate
from tests.simulation.virtual_loop import DeadlockError, VirtualLoop

CHUNK = 5
QUICK = range(1, 51)
FIRST, _, LAST = os.environ.get("RUDR_SIMULATION_SEEDS", "1-2000").partition("-")
SLOW = range(int(FIRST), int(LAST or FIRST) + 1)
SLOW_CHUNK = 100


def check(seeds: range) -> None:
    """Fails with the broken invariants of all seeds."""
    failed = [f"seed {seed}: {text}" for seed in seeds for text in simulate(seed).violations]
    assert not failed, "\n".join([*failed, "replay: .venv/bin/python -m tests.simulation SEED"])


@pytest.mark.parametrize("first", QUICK[::CHUNK], ids="from {}".format)
def test_the_cluster_converges_and_the_invariants_hold(first: int) -> None:
    check(range(first, min(first + CHUNK, QUICK.stop)))


@pytest.mark.parametrize(
    ("seed", "manual_updates"),
    [
        pytest.param(3050, True, id="one keeps the record of a deleted object of a held instance"),
        pytest.param(50104, False, id="one keeps the digest of an object from before its last change"),
        pytest.param(60059, False, id="one releases other documents as the first release"),
    ],
)
def test_two_controllers_without_election_stop_writing(seed: int, *, manual_updates: bool) -> None:
    assert simulate(seed, rivals=True, manual_updates=manual_updates).violations == ()


@pytest.mark.slow
@pytest.mark.parametrize("first", SLOW[::SLOW_CHUNK], ids="from {}".format)
def test_two_controllers_without_election_stop_writing_for_many_seeds(first: int) -> None:
    seeds = range(first, min(first + SLOW_CHUNK, SLOW.stop), 4)
    failed = [f"seed {seed}: {text}" for seed in seeds for text in simulate(seed, rivals=True).violations]
    assert not failed, "\n".join(failed)


@pytest.mark.slow
@pytest.mark.parametrize("first", SLOW[::SLOW_CHUNK], ids="from {}".format)
def test_the_cluster_converges_and_the_invariants_hold_for_many_seeds(first: int) -> None:
    check(range(first, min(first + SLOW_CHUNK, SLOW.stop)))


@pytest.mark.parametrize("seed", [7, 23])
def test_a_seed_replays_byte_for_byte(seed: int) -> None:
    first, second = simulate(seed), simulate(seed)
    assert first.lines == second.lines
    assert first.digest == second.digest


def test_a_seed_replays_in_another_process_with_other_hashes() -> None:
    outcomes = [
        subprocess.run(
            [sys.executable, "-m", "tests.simulation", "3"],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[2],
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert outcomes[0] == outcomes[1]


def test_virtual_time_takes_no_time() -> None:
    loop = VirtualLoop()

    async def main() -> list[float]:
        order: list[float] = []

        async def sleep(seconds: float) -> None:
            await asyncio.sleep(seconds)
            order.append(loop.time())

        await asyncio.gather(sleep(86400.0), sleep(1.0), sleep(0.25))
        return order

    assert virtual_loop.run(main(), loop) == [0.25, 1.0, 86400.0]


def test_a_wait_that_nothing_can_end_is_reported() -> None:
    loop = VirtualLoop()

    async def main() -> None:
        await loop.create_future()

    with pytest.raises(DeadlockError):
        loop.run_until_complete(main())
    loop.close()


def test_a_status_write_that_the_server_executes_late_is_corrected() -> None:
    """The event of such a write is the only sign of it: the process has seen the write fail, or has written since."""
    loop = VirtualLoop()
    cluster = SimulatedCluster("late status", loop)

    async def main() -> None:
        await cluster.start()
        invariants = Invariants(cluster)
        cluster.start_controller("main")
        cluster.apply(component("web"))
        cluster.apply(application("shop", binding("web", "shop-web")))
        await cluster.rest()
        before = cluster.get(APPLICATION, "shop")
        assert before is not None
        stale = {**before["status"], "observedGeneration": 0, "conditions": before["status"]["conditions"][:1]}
        cluster.write_status(APPLICATION, "shop", stale)
        await cluster.rest()
        invariants.at_rest()

    virtual_loop.run(main(), loop)
    assert cluster.violations == []


def test_a_status_from_before_a_change_is_corrected_when_its_answer_comes_after_the_change() -> None:
    loop = VirtualLoop()
    cluster = SimulatedCluster("slow status", loop)
    slowed = asyncio.Event()

    def slow_down_status(exchange: Exchange) -> None:
        if exchange.request.path.endswith("/shop/status"):
            exchange.fault = "slow"
            slowed.set()

    async def main() -> None:
        await cluster.start()
        invariants = Invariants(cluster)
        cluster.start_controller("main")
        cluster.apply(component("web"))
        document = application("shop", binding("web", "shop-web"))
        cluster.apply(document)
        await cluster.rest()
        cluster.network.direct = slow_down_status
        cluster.apply({**document, "metadata": {"name": "shop", "annotations": {"rudr.oam.dev/paused": "true"}}})
        await slowed.wait()
        cluster.network.direct = lambda _exchange: None
        cluster.apply(document)
        await cluster.rest()
        invariants.at_rest()

    virtual_loop.run(main(), loop)
    assert cluster.violations == []


def test_a_claim_whose_creation_was_never_answered_is_deleted_with_its_application() -> None:
    """The watch of the claims lags, so only a read of the server shows the claim before the finalizer is removed."""
    loop = VirtualLoop()
    cluster = SimulatedCluster("lost claim", loop)

    def lose(exchange: Exchange) -> None:
        if "/persistentvolumeclaims" in exchange.request.path:
            exchange.lag = 20.0
            if exchange.request.method == "PATCH" and ("dryRun", "All") not in exchange.request.query:
                exchange.fault = "lost answer"

    def delete_at_once(event: Event, _client: str) -> None:
        if event.table == "persistentvolumeclaims" and event.type == ADDED:
            loop.call_soon(cluster.delete, APPLICATION, "shop")

    async def main() -> None:
        await cluster.start()
        invariants = Invariants(cluster)
        cluster.listen(delete_at_once)
        cluster.network.direct = lose
        cluster.start_controller("main")
        cluster.apply(component("store", claim=True))
        cluster.apply(application("shop", binding("store", "shop-store", volume("delete"))))
        await cluster.rest()
        invariants.at_rest()

    virtual_loop.run(main(), loop)
    assert cluster.violations == []


def test_documents_that_return_are_the_newest_revision_after_one_between_was_written_without_an_answer() -> None:
    loop = VirtualLoop()
    cluster = SimulatedCluster("lost revision", loop)
    first = application("shop", binding("web", "shop-web", greeting="first"))

    def lose(exchange: Exchange) -> None:
        if exchange.request.method == "PATCH" and "/controllerrevisions/" in exchange.request.path:
            exchange.fault = "lost answer"

    def return_at_once(event: Event, _client: str) -> None:
        if event.table == "controllerrevisions.apps" and event.type == ADDED:
            cluster.network.direct = lambda _exchange: None
            loop.call_soon(cluster.apply, first)

    async def main() -> None:
        await cluster.start()
        invariants = Invariants(cluster)
        cluster.start_controller("main")
        cluster.apply(component("web"))
        cluster.apply(first)
        await cluster.rest()
        cluster.network.direct = lose
        cluster.listen(return_at_once)
        cluster.apply(application("shop", binding("web", "shop-web", greeting="second")))
        await cluster.rest()
        invariants.at_rest()

    virtual_loop.run(main(), loop)
    assert cluster.violations == []
