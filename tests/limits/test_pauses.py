"""No step of a worker over a large application or document is long: the event loop runs other tasks in between.

Steps are counted in calls of functions, which are the same on every machine.
"""

from __future__ import annotations

import asyncio
import copy
import re
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from rudr_py.local.registry.resources import KindInfo
from rudr_py.model import names
from rudr_py.render.limits import syntax
from tests.limits import shapes
from tests.simulation import virtual_loop
from tests.simulation.cluster import SimulatedCluster
from tests.simulation.virtual_loop import WorkerLoop

INSTANCES = 100

CALLS = 140_000
"""The most calls of a step; a slice of rendering has about 125,000, and a reconcile of all objects a million."""

COMPONENT = KindInfo("core.oam.dev/v1alpha1", "ComponentSchematic")


class CountingLoop(WorkerLoop):
    """Counts the calls of each step of a worker; `longest` is the number of the longest one."""

    def __init__(self) -> None:
        super().__init__()
        self.longest = 0

    def step(self, callback: Callable[..., Any], *args: Any) -> None:
        """Run a step, and count its calls."""
        calls = 0

        def note(_frame: FrameType, event: str, _argument: Any) -> None:
            nonlocal calls
            calls += event in ("call", "c_call")

        before = sys.getprofile()
        sys.setprofile(note)
        try:
            callback(*args)
        finally:
            sys.setprofile(before)
        self.longest = max(self.longest, calls)


def test_the_steps_of_a_reconcile_are_short_whatever_the_size_of_the_application() -> None:
    loop = CountingLoop()
    cluster = SimulatedCluster("pauses", loop)
    longest: dict[str, int] = {}

    async def note(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        longest[name], loop.longest = loop.longest, 0

    async def scenario() -> None:
        await cluster.start()
        for document in shapes.instances_with_traits(INSTANCES):
            cluster.local.client.create(document)
        cluster.start_controller("one")
        await note("new", 60.0)
        component = copy.deepcopy(cluster.local.client.get(COMPONENT, "default", "web"))
        assert component is not None
        component["spec"]["containers"][0]["image"] = "nginx:1.28"
        cluster.local.client.update(component)
        await note("changed", 60.0)
        cluster.kill("one")
        cluster.start_controller("two")
        await note("restarted", 30.0)

    virtual_loop.run(scenario(), loop)
    assert max(longest.values()) <= CALLS, longest
    assert min(longest.values()) > 100 * INSTANCES, f"not measured: {longest}"


@pytest.mark.parametrize("shape", ["variables", "ingress_rules", "files"])
def test_the_steps_of_a_reconcile_of_a_document_with_many_values_are_short(shape: str) -> None:
    """The messages of a document that is refused contain none of its values, so they are read, too."""
    loop = CountingLoop()
    cluster = SimulatedCluster("values", loop)

    async def scenario() -> None:
        await cluster.start()
        for document in shapes.VALUES[shape](12_000):
            cluster.local.client.create(document)
        cluster.start_controller("one")
        await asyncio.sleep(30.0)

    virtual_loop.run(scenario(), loop)
    assert 10_000 < loop.longest <= CALLS


@pytest.mark.parametrize("check", [names.wrong_name, names.wrong_object_name, names.wrong_label, syntax.subdomain])
def test_no_pattern_reads_a_name_that_is_too_long(check: Callable[[str], str]) -> None:
    searched = []

    def note(_frame: FrameType, event: str, argument: Any) -> None:
        if event == "c_call" and isinstance(getattr(argument, "__self__", None), re.Pattern):
            searched.append(argument)

    sys.setprofile(note)
    try:
        message = check("a." * 10_000)
    finally:
        sys.setprofile(None)
    assert "20000 characters" in message
    assert not searched
