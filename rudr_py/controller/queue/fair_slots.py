"""A semaphore whose places are shared by namespaces: none takes all of them, and they take turns."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from operator import itemgetter

from rudr_py.controller.queue.fair_heap import FairHeap

_Ticket = tuple[str, asyncio.Future[None]]


class FairSlots:
    """A number of places; see `FairHeap` for the order in which waiting namespaces get them."""

    def __init__(self, places: int) -> None:
        self._heap: FairHeap[_Ticket] = FairHeap(itemgetter(0), places)

    @contextlib.asynccontextmanager
    async def slot(self, namespace: str) -> AsyncIterator[None]:
        """Wait for a place, and hold it inside the context."""
        ticket: _Ticket = (namespace, asyncio.get_running_loop().create_future())
        self._heap.put(ticket, 0)
        self._admit()
        try:
            await ticket[1]
        except asyncio.CancelledError:
            if not ticket[1].cancelled():
                self._free(ticket)  # it was admitted at the same time
            raise
        try:
            yield
        finally:
            self._free(ticket)

    def _free(self, ticket: _Ticket) -> None:
        self._heap.give_back(ticket)
        self._admit()

    def _admit(self) -> None:
        while (ticket := self._heap.take()) is not None:
            if ticket[1].cancelled():
                self._heap.give_back(ticket)
            else:
                ticket[1].set_result(None)
