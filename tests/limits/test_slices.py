"""While a large application is parsed, rendered and assessed, other tasks run after a bounded amount of work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.controller.pacing import OVERHEAD, SLICE, Pace
from rudr_py.model.parse.application import application_steps
from rudr_py.model.parse.component import component_steps
from rudr_py.model.stepwise import Stepwise
from rudr_py.render import render
from rudr_py.render.status import health
from rudr_py.render.values.inputs import NOTHING
from rudr_py.testing import rendering
from tests.limits import shapes, work
from tests.limits.shapes import Documents

INSTRUCTIONS = 500 * SLICE
"""The most bytecode instructions of a slice, about 20 ms."""

SHAPES = ["instances", "instances_with_traits", "components", "members", "missing_components", "scopes"]


def computations(documents: Documents) -> list[Callable[[], Stepwise[Any]]]:
    """Everything that a reconcile computes from documents."""
    inputs = work.inputs(documents)
    plan = work.plan(documents)
    return [
        lambda: application_steps(documents[0]),
        lambda: component_steps(documents[1]),
        lambda: render.steps(inputs, work.CATALOG),
        lambda: health.steps(plan, NOTHING, rendering.NOW),
    ]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_slice_has_a_bounded_number_of_instructions(shape: str) -> None:
    for begin in computations(shapes.SHAPES[shape](60)):
        assert _longest_slice(begin) <= INSTRUCTIONS, begin


def _longest_slice(begin: Callable[[], Stepwise[Any]]) -> int:
    """The most instructions between two pauses."""
    for _ in begin():  # imports and caches
        pass
    steps, slices, spent, size = begin(), [0], 0, 0
    is_last = False

    def advance() -> None:
        nonlocal is_last, size
        try:
            size = next(steps) + OVERHEAD
        except StopIteration:
            is_last = True

    while not is_last:
        if spent + size > SLICE:
            slices.append(0)
            spent = 0
        spent += size
        slices[-1] += work.instructions(advance)
    return max(slices)


@pytest.mark.parametrize("shape", ["environment", "mounted_volumes", "config_files"])
def test_a_slice_of_reading_one_large_container_has_a_bounded_number_of_instructions(shape: str) -> None:
    _, component = shapes.SHAPES[shape](1_200)
    assert _longest_slice(lambda: component_steps(component)) <= INSTRUCTIONS


@pytest.mark.parametrize("shape", ["instances_with_traits", "members"])
def test_another_task_runs_many_times_while_a_large_application_is_rendered(shape: str) -> None:
    inputs = work.inputs(shapes.SHAPES[shape](100))
    turns = 0

    async def tick() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def run() -> None:
        ticking = asyncio.create_task(tick())
        plan = await Pace().run(render.steps(inputs, work.CATALOG))
        ticking.cancel()
        assert plan.manifests

    asyncio.run(run())
    assert turns >= 10
