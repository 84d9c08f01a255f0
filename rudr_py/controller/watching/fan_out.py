"""Triggers large groups of applications in steps, because one change may concern thousands: a component that all use.

A group is triggered at most once in `PAUSE` seconds, however often it is requested, and groups of different namespaces
take turns. So the work for one event does not grow with the number of applications.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from operator import attrgetter

from rudr_py.controller.queue.fair_heap import FairHeap
from rudr_py.controller.queue.queue import LOW_PRIORITY, PriorityQueue, QueueClosed
from rudr_py.controller.state.users import Users
from rudr_py.kube.clock import Clock
from rudr_py.model.identity import ObjectKey

FEW = 32
"""The size of the largest group that is triggered at once."""

STEP = 50
"""The number of applications that are triggered before other tasks may run."""

PAUSE = 0.5
"""Minimum seconds between two times that a large group is triggered."""


class FanOut:
    """The large groups that wait to be triggered.

    `trigger` is called with each application, and whether the change comes from an initial list.
    """

    def __init__(self, trigger: Callable[[ObjectKey, bool], None], clock: Clock) -> None:
        self._trigger = trigger
        self.queue: PriorityQueue[Users] = PriorityQueue(
            clock, retry_initial=PAUSE, retry_maximum=PAUSE, heap=FairHeap(attrgetter("namespace"))
        )
        self._initial: dict[Users, bool] = {}

    def accept(self, users: Users, *, initial: bool = False) -> bool:
        """Trigger a group later if it is large; return whether it is."""
        if len(users) <= FEW:
            return False
        self._initial[users] = initial and self._initial.get(users, True)
        self.queue.add(users, priority=LOW_PRIORITY if initial else 0)
        return True

    async def run(self) -> None:
        """Trigger groups until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.queue.run())
                tasks.create_task(self._work())
        finally:
            self.queue.close()

    async def _work(self) -> None:
        while True:
            try:
                users = await self.queue.get()
            except QueueClosed:
                return
            try:
                self.queue.hold(users, PAUSE)
                await self._spread(users, initial=self._initial.pop(users))
            finally:
                self.queue.done(users)

    async def _spread(self, users: Users, *, initial: bool) -> None:
        for number, key in enumerate(users.keys(), 1):
            self._trigger(key, initial)
            if number % STEP == 0:
                await asyncio.sleep(0)
