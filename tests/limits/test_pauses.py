"""No step of a worker over a large application is long: the event loop runs other tasks in between.

Steps are counted in calls of functions, which are the same on every machine.
"""

from __future__ import annotations

import asyncio
import copy
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from rudr_py.local.registry.resources import KindInfo
from tests.limits import shapes
from tests.simulation import virtual_loop
from tests.simulation.cluster import SimulatedCluster
from tests.simulation.virtual_loop import VirtualLoop

INSTANCES = 100

CALLS = 140_000
"""The most calls of a step; a slice of rendering has about 125,000, and a reconcile of all objects a million."""

COMPONENT = KindInfo("core.oam.dev/v1alpha1", "ComponentSchematic")


class CountingLoop(VirtualLoop):
    """Counts the calls of each step of a worker; `longest` is the number of the longest one."""

    def __init__(self) -> None:
        super().__init__()
        self.longest = 0

    def call_soon(  # type: ignore[override] # typeshed relates the arguments to the callback
        self, callback: Callable[..., Any], *args: Any, context: Any = None
    ) -> asyncio.Handle:
        """Schedule a callback that is counted if it is a step of a worker."""
        task = getattr(callback, "__self__", None)
        if isinstance(task, asyncio.Task) and "worker" in task.get_name():
            return super().call_soon(self._count, callback, *args, context=context)
        return super().call_soon(callback, *args, context=context)

    def _count(self, callback: Callable[..., Any], *args: Any) -> None:
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
