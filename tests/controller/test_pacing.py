"""Long computations are interrupted after each slice, so that other tasks run."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from rudr_py.controller.pacing import OVERHEAD, SHORT, SLICE, Breath, Pace
from rudr_py.model.stepwise import Stepwise


def computation(sizes: Iterable[int], log: list[str], name: str = "a") -> Stepwise[str]:
    """Steps of these sizes, which log themselves."""
    for size in sizes:
        yield size
        log.append(name)
    return name


async def ticks(log: list[str]) -> None:
    """Another task, which logs each turn of the loop."""
    while True:
        log.append("-")
        await asyncio.sleep(0)


def logged(*computations: tuple[str, list[int]]) -> str:
    """The order of steps, by the names of their computations, and of turns of another task."""
    log: list[str] = []

    async def run() -> None:
        pace = Pace()
        ticking = asyncio.create_task(ticks(log))
        results = await asyncio.gather(*(pace.run(computation(sizes, log, name)) for name, sizes in computations))
        ticking.cancel()
        assert results == [name for name, _ in computations]

    asyncio.run(run())
    return "".join(log)


def test_a_small_computation_is_not_interrupted() -> None:
    assert logged(("a", [1] * 10)).strip("-") == "a" * 10


def test_other_tasks_run_after_each_slice() -> None:
    size = SLICE // 4 - OVERHEAD
    assert logged(("a", [size] * 10)).strip("-").split("-") == ["aaaa", "aaaa", "aa"]


def test_a_step_that_is_larger_than_a_slice_has_a_slice_of_its_own() -> None:
    assert logged(("a", [1, 3 * SLICE, 1, 3 * SLICE])).strip("-").split("-") == ["a", "a", "a", "a"]


def test_of_several_large_computations_one_runs_at_a_time() -> None:
    size = SLICE - OVERHEAD
    steps = logged(("a", [size] * 4), ("b", [size] * 4), ("c", [1])).replace("-", "")
    # the first slice of each runs at once, because most computations need no second one
    assert steps == "abcaaabbb"


def test_large_computations_of_different_namespaces_take_turns() -> None:
    log: list[str] = []

    async def run() -> None:
        pace = Pace()
        named = ((name, computation([SLICE] * 4, log, name)) for name in "abcd")
        await asyncio.gather(*(pace.run(steps, namespace=name) for name, steps in named))

    asyncio.run(run())
    assert "".join(log) == "abcd" * 4


def test_few_long_computations_run_at_a_time_and_short_ones_do_not_wait_for_them() -> None:
    log: list[str] = []

    async def run() -> None:
        pace = Pace()
        longs = [pace.run(computation([SLICE] * 4 * SHORT, log, name), namespace=name) for name in "abc"]
        short = pace.run(computation([SLICE] * SHORT, log, "s"), namespace="s")
        await asyncio.gather(*longs, short)

    asyncio.run(run())
    order = "".join(log)
    assert order.rindex("s") < 5 * SHORT  # it is complete after its turns
    assert order.index("ab" * SHORT) < order.index("c" * SHORT)  # the third one waits for a place


def test_a_cancelled_computation_lets_the_next_one_run() -> None:
    async def run() -> str:
        pace, log = Pace(), list[str]()
        first = asyncio.create_task(pace.run(computation([SLICE] * 100, log)))
        await asyncio.sleep(0)
        second = asyncio.create_task(pace.run(computation([SLICE] * 3, log, "b")))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert asyncio.run(run()) == "b"


def test_an_exception_of_a_step_reaches_the_caller() -> None:
    def steps() -> Stepwise[None]:
        yield SLICE
        yield SLICE
        raise ValueError("of a step")

    async def run() -> None:
        pace = Pace()
        for _ in range(2):
            with pytest.raises(ValueError, match="of a step"):
                await pace.run(steps())

    asyncio.run(run())


def test_a_loop_lets_other_tasks_run_after_each_slice() -> None:
    log: list[str] = []

    async def run() -> None:
        ticking = asyncio.create_task(ticks(log))
        breath = Breath()
        for _ in range(8):
            await breath.spend(SLICE // 2)
            log.append("a")
        ticking.cancel()

    asyncio.run(run())
    assert "".join(log).strip("-").split("-") == ["a", "aa", "aa", "aa", "a"]
