"""One run of the simulation: a seed in, the log and the broken invariants out."""

from __future__ import annotations

import asyncio
import logging
import random

import msgspec

from rudr_py.api import Kind
from tests.simulation import virtual_loop
from tests.simulation.cluster import NotAtRestError, SimulatedCluster
from tests.simulation.documents import application, binding, component
from tests.simulation.invariants import Invariants
from tests.simulation.network import DISTORTIONS, LOSSY, Weather
from tests.simulation.user import User
from tests.simulation.virtual_loop import DeadlockError, VirtualLoop

DEPLOYMENT = Kind("apps/v1", "Deployment")
PROMPT = 5.0
"""Seconds within which a new application is applied, whatever other applications wait for."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one run."""

    seed: int
    digest: str
    lines: tuple[str, ...]
    violations: tuple[str, ...]
    writes: int


def simulate(seed: int, *, shards: int = 1, manual_updates: bool = False, rivals: bool = False) -> Outcome:
    """Run one seed. Equal seeds give equal outcomes. Several shards need an election, which is drawn otherwise.

    With `manual_updates`, the application `shop` pins components. `rivals` are two controllers without an election;
    otherwise they are drawn.
    """
    source = random.Random(seed)  # noqa: S311 - no secret
    random.seed(seed)  # the controllers draw their jitter from the module
    loop = VirtualLoop()
    election = source.random() < 0.5 and not rivals
    publish = source.random() < 0.1
    cluster = SimulatedCluster(str(seed), loop, election=election or shards > 1, publish=publish, shards=shards)
    logger = logging.getLogger("rudr_py")
    level, propagate = logger.level, logger.propagate
    logger.addHandler(cluster.records)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        virtual_loop.run(_run(cluster, source, manual_updates=manual_updates, rivals=rivals), loop)
    except (NotAtRestError, DeadlockError) as error:
        cluster.violation(f"{type(error).__name__}: {error}")
    finally:
        logger.removeHandler(cluster.records)
        logger.setLevel(level)
        logger.propagate = propagate
    return Outcome(
        seed=seed,
        digest=cluster.log.digest,
        lines=tuple(cluster.log.lines),
        violations=tuple(cluster.violations),
        writes=len(cluster.writes),
    )


async def _run(cluster: SimulatedCluster, source: random.Random, *, manual_updates: bool, rivals: bool) -> None:
    await cluster.start()
    invariants = Invariants(cluster)
    user = User(cluster, invariants, source, manual_updates=manual_updates)
    cluster.network.weather = _weather(source)
    names = ("left", "right") if source.random() < 0.4 or rivals else ("left",)
    for name in names:
        cluster.start_controller(name)
    user.begin()
    for _ in range(source.randint(4, 12)):
        await asyncio.sleep(source.choice((0.01, 0.1, 1.0, 3.0, 20.0)) * source.random())
        chance = source.random()
        if chance < 0.15:
            _restart(cluster, source.choice(names), source)
            invariants.disturbances += 1
        elif chance < 0.22:
            cluster.log.add("expire history")
            cluster.local.backend.store.compact()
        elif chance < 0.27:
            cluster.network.cut_watches()
        else:
            user.act()
    await asyncio.sleep(source.uniform(0.0, 5.0))
    cluster.log.add("the faults end")
    if cluster.network.lossy:
        # only a new list shows what the watches have lost; a watch from the newest version remains possible after one
        # compaction, so the revision that this adds is compacted, too
        store = cluster.local.backend.store
        store.compact(store.compact())
    cluster.network.clear()
    user.finish()
    await cluster.rest()
    invariants.at_rest()
    if not cluster.violations:
        await _check_promptness(cluster)


def _weather(source: random.Random) -> Weather:
    distortions = tuple(name for name in DISTORTIONS if name not in LOSSY or source.random() < 0.3)
    return Weather(
        requests=source.choice((0.0, 0.05, 0.2, 0.4)),
        watches=source.choice((0.0, 0.2, 0.6)),
        distortions=distortions if source.random() < 0.6 else (),
    )


def _restart(cluster: SimulatedCluster, name: str, source: random.Random) -> None:
    if name not in cluster.controllers:
        return
    (cluster.kill if source.random() < 0.7 else cluster.stop)(name)
    cluster.loop.call_later(source.choice((0.0, 0.5, 5.0)), cluster.start_controller, name)


async def _check_promptness(cluster: SimulatedCluster) -> None:
    """I7: a new application is applied at once, whatever the others wait for."""
    cluster.apply(component("probe"))
    cluster.apply(application("probe", binding("probe", "probe-web")))
    await asyncio.sleep(PROMPT)
    if cluster.get(DEPLOYMENT, "probe-web") is None:
        cluster.violation(f"I7: a new application was not applied within {PROMPT:g} s")
