"""Runs long computations in steps, so that other tasks of the event loop run in between.

Steps are counted in values of documents, not in seconds, so that the order of all tasks is the same in each run.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from rudr_py.controller.queue.fair_slots import FairSlots
from rudr_py.model.stepwise import Stepwise

T = TypeVar("T")

SLICE = 800
"""Values of documents that are computed without a pause: about 20 ms."""

OVERHEAD = 10
"""The values that correspond to the smallest step."""

STAGE = 8
"""The values that correspond to the work of a few stages for one object."""


SHORT = 10
"""Slices of a computation that takes little memory."""

PLACES = 2
"""The longer computations that run at a time."""


class Pace:
    """The computations of all tasks.

    One of a single slice runs at once. Of those that need more, one of each namespace runs at a time, and they take
    turns after each slice. Only a few continue after the first slices, because their results take memory.
    """

    def __init__(self) -> None:
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._places = FairSlots(PLACES)

    async def run(
        self,
        steps: Stepwise[T],
        around: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext,
        *,
        namespace: str = "",
    ) -> T:
        """The result of all steps. `around` returns a context in which each slice runs."""
        computation = _Computation(steps, around)
        if computation.advance():
            return computation.result
        async with self._turns.setdefault(namespace, asyncio.Lock()):
            for _ in range(SHORT):
                await asyncio.sleep(0)
                if computation.advance():
                    return computation.result
            async with self._places.slot(namespace):
                while True:
                    await asyncio.sleep(0)
                    if computation.advance():
                        return computation.result


class Breath:
    """Counts the work of a loop in a task, and lets other tasks run after each slice."""

    def __init__(self) -> None:
        self._spent = 0

    async def spend(self, values: int = 0) -> None:
        """Count a part of the work, in values of documents; pause if a slice is complete."""
        self._spent += values + OVERHEAD
        if self._spent >= SLICE:
            self._spent = 0
            await asyncio.sleep(0)


class Stages:
    """The stages of a reconcile that each read all objects of an application once, and cannot be split."""

    def __init__(self, objects: int) -> None:
        self._objects = objects

    async def end(self) -> None:
        """Let other tasks run after a stage over many objects."""
        if self._objects * STAGE > SLICE:
            await asyncio.sleep(0)


class _Computation(Generic[T]):
    """Steps of which some have run; `result` is set after the last."""

    result: T

    def __init__(self, steps: Stepwise[T], around: Callable[[], AbstractContextManager[None]]) -> None:
        self._steps = steps
        self._around = around
        self._next = 0

    def advance(self) -> bool:
        """Run steps until a slice is complete, at least one; return whether the last has run.

        A step that is larger than the rest of a slice begins the next one.
        """
        spent = self._next
        with self._around():
            while True:
                try:
                    self._next = next(self._steps) + OVERHEAD
                except StopIteration as end:
                    self.result = end.value
                    return True
                spent += self._next
                if spent > SLICE and spent > self._next:
                    return False
