"""An instance is replaced again and again, with faults and kills: it is never deleted before the next one was ready."""

from __future__ import annotations

import asyncio
import random

import pytest

from rudr_py.model.metadata_keys import REMOVAL_ANNOTATION
from tests.simulation import virtual_loop
from tests.simulation.cluster import SimulatedCluster
from tests.simulation.documents import INGRESS, application, binding, component
from tests.simulation.network import Weather
from tests.simulation.replaced_instances import ReplacedInstances
from tests.simulation.virtual_loop import VirtualLoop

CHANGES = 6


async def _replace(cluster: SimulatedCluster, source: random.Random, policy: str) -> None:
    await cluster.start()
    cluster.network.weather = Weather(requests=source.choice((0.0, 0.1)), watches=0.2)
    ReplacedInstances(cluster, cluster.violation)
    cluster.start_controller("left")
    for number in range(CHANGES):
        slow = component("web", image=f"registry.example/web:{number}")
        slow["metadata"]["annotations"] = {"local.rudr.dev/ready-after": str(source.choice((0, 2, 10)))}
        cluster.apply(slow)
        traits = [INGRESS] if source.random() < 0.5 else []
        document = application("shop", binding("web", f"web-{number}", *traits))
        document["metadata"]["annotations"] = {REMOVAL_ANNOTATION: policy}
        cluster.apply(document)
        await asyncio.sleep(source.choice((0.05, 1.0, 30.0)) * source.random())
        if source.random() < 0.4:
            cluster.kill("left")
            cluster.start_controller("left")
    cluster.network.clear()
    await cluster.rest()


def _violations(seed: int, policy: str) -> list[str]:
    loop = VirtualLoop()
    cluster = SimulatedCluster(str(seed), loop, election=False)
    virtual_loop.run(_replace(cluster, random.Random(seed), policy), loop)  # noqa: S311 - no secret
    return cluster.violations


# 26 and 51 remove an instance in the middle of a rollout, with a ready pod
@pytest.mark.parametrize("seed", [*range(12), 26, 51])
def test_no_instance_is_deleted_before_the_next_one_was_ready(seed: int) -> None:
    assert _violations(seed, "after-ready") == []


def test_instances_that_are_deleted_first_are_reported() -> None:
    assert any("I11" in text for seed in range(6) for text in _violations(seed, "first"))
