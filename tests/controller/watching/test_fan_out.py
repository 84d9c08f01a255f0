"""Large groups of applications are triggered in steps, each at most once in a while."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest

from rudr_py.controller.state.index import MultiMap
from rudr_py.controller.state.users import Users
from rudr_py.controller.watching import fan_out
from rudr_py.controller.watching.fan_out import FanOut
from rudr_py.model.identity import ObjectKey
from rudr_py.testing.clock import FakeClock, settle

LARGE = 10 * fan_out.STEP


class Bench:
    """A fan-out whose triggers are recorded."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.triggered: list[tuple[ObjectKey, bool]] = []
        self.fan_out = FanOut(lambda key, initial: self.triggered.append((key, initial)), self.clock)
        self.index: MultiMap[ObjectKey, str] = MultiMap()

    def users(self, namespace: str, number: int) -> Users:
        for place in range(number):
            self.index.set(ObjectKey(namespace, f"{place}"), (namespace,))
        return Users(self.index, namespace, namespace)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    run = asyncio.create_task(bench.fan_out.run())
    await settle()
    yield bench
    run.cancel()
    await asyncio.wait({run})


async def test_a_small_group_is_left_to_the_caller(bench: Bench) -> None:
    assert not bench.fan_out.accept(bench.users("a", fan_out.FEW))
    await settle()
    assert bench.triggered == []


async def test_each_application_of_a_large_group_is_triggered_once(bench: Bench) -> None:
    users = bench.users("a", LARGE)
    assert bench.fan_out.accept(users, initial=True)
    assert bench.fan_out.accept(users, initial=True)
    await bench.fan_out.queue.join()
    assert len(bench.triggered) == len(set(bench.triggered)) == LARGE
    assert all(initial for _, initial in bench.triggered)


async def test_a_group_of_an_edit_and_of_an_initial_list_has_the_priority_of_the_edit(bench: Bench) -> None:
    users = bench.users("a", LARGE)
    bench.fan_out.accept(users, initial=True)
    bench.fan_out.accept(users, initial=False)
    await bench.fan_out.queue.join()
    assert not any(initial for _, initial in bench.triggered)


async def test_thousands_of_requests_for_a_group_trigger_it_once_at_once_and_once_after_the_pause(
    bench: Bench,
) -> None:
    users = bench.users("a", LARGE)
    for _ in range(1000):
        bench.fan_out.accept(users)
        await asyncio.sleep(0)
    await bench.fan_out.queue.join()
    assert len(bench.triggered) == LARGE
    await bench.clock.advance(fan_out.PAUSE)
    await bench.fan_out.queue.join()
    assert len(bench.triggered) == 2 * LARGE
    await bench.clock.advance(10 * fan_out.PAUSE)
    assert len(bench.triggered) == 2 * LARGE


async def test_other_tasks_run_between_the_steps(bench: Bench) -> None:
    bench.fan_out.accept(bench.users("a", LARGE))
    sizes = [0]
    while sizes[-1] < LARGE:
        await asyncio.sleep(0)
        sizes.append(len(bench.triggered))
    assert max(after - before for before, after in itertools.pairwise(sizes)) <= fan_out.STEP


async def test_an_application_that_joins_meanwhile_is_triggered_too(bench: Bench) -> None:
    bench.fan_out.accept(bench.users("a", LARGE))
    late = ObjectKey("a", "late")
    bench.index.set(late, ("a",))
    await bench.fan_out.queue.join()
    assert (late, False) in bench.triggered
