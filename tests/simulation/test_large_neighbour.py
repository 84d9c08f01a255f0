"""An application of a very large size beside a small one of another namespace: what the small one waits for.

Each step of a worker takes as long as the longest one may, so the delay does not depend on the machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from tests.simulation import virtual_loop
from tests.simulation.documents import Document, application, binding, component
from tests.simulation.test_noisy_neighbour import DEPLOYMENT, Neighbours
from tests.simulation.virtual_loop import WorkerLoop

INSTANCES = 250
"""The instances of the large application."""

SLICES = 10
"""Steps of the large application before the first change of the other one."""

STEP = 0.02
"""The virtual seconds of each step of a worker: `pacing.SLICE`, which `tests/limits` compares with real steps."""

TURNS = 3
"""The most steps for each one of the small application: its own and those of others in between."""


class BusyLoop(WorkerLoop):
    """A loop on which each step of a worker takes time."""

    def step(self, callback: Callable[..., Any], *args: Any) -> None:
        """Run a step, and let its time pass."""
        callback(*args)
        self._virtual_time += STEP


@pytest.mark.parametrize("instances", [1, 8])
def test_a_change_waits_for_few_steps_of_a_large_application_of_another_namespace(instances: int) -> None:
    """An application of eight instances needs several slices, too."""
    loop = BusyLoop()
    neighbours = Neighbours(loop)
    images: list[str] = []
    client, delays = neighbours.cluster.local.client, list[float]()

    async def scenario() -> None:
        await neighbours.begin("large")
        neighbours.put("quiet", bound("shop", instances))
        neighbours.cluster.start_controller("one")
        await neighbours.until_applied("registry.example/web:1")
        for _ in range(3):  # a change may wait for the end of the reconcile before
            await change()
        alone = max(delays)
        delays.clear()
        neighbours.put("large", component("web"))
        neighbours.put("large", bound("large", INSTANCES))
        await asyncio.sleep(SLICES * STEP)
        while not client.list(DEPLOYMENT, "large"):
            await change()
        assert max(delays) <= TURNS * alone + 5 * STEP, (alone, delays)
        assert len(delays) > SLICES, "the large application was not being reconciled"

    async def change() -> None:
        image = f"registry.example/web:{len(images) + 2}"
        images.append(image)
        neighbours.put("quiet", component("web", image=image))
        delays.append(await neighbours.until_applied(image))

    virtual_loop.run(scenario(), loop)


def bound(name: str, instances: int) -> Document:
    """An application with instances of one component, of which the last has the name that `Neighbours` observes."""
    names = [*(f"{name}-{number}" for number in range(instances - 1)), f"{name}-web"]
    return application(name, *(binding("web", instance) for instance in names))
