"""Limits how many large applications are reconciled at a time, because each of them takes a multiple of its size."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from rudr_py.controller.queue.fair_slots import FairSlots

HEAVY = 2**20
"""Bytes of the objects of an application, as JSON, from which it counts as large."""

PLACES = 2
"""The number of large applications that are reconciled at a time; of one namespace, it is one."""


class HeavyGate:
    """The places for large applications."""

    def __init__(self) -> None:
        self._slots = FairSlots(PLACES)
        self._alone = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def enter(self, namespace: str, *, alone: bool = False) -> AsyncIterator[None]:
        """Wait for a place, or, with `alone`, for all of them."""
        async with contextlib.AsyncExitStack() as stack:
            if alone:
                await stack.enter_async_context(self._alone)
            for number in range(PLACES if alone else 1):
                await stack.enter_async_context(self._slots.slot(f"{namespace}/{number}" if alone else namespace))
            yield
