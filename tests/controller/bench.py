"""A controller whose reconciler does what a test says, over the local API and a clock that stands still."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from rudr_py.controller.controller import Controller, ControllerOptions
from rudr_py.controller.leadership import Leadership
from rudr_py.controller.process import ControllerProcess
from rudr_py.controller.queue.queue import PriorityQueue
from rudr_py.controller.results.result import Result
from rudr_py.controller.serving.http import HealthChecks, HttpServers
from rudr_py.controller.serving.metrics.metrics import Metrics
from rudr_py.controller.state import cluster_state, definition_index
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.client import Client
from rudr_py.kube.events import Recorder
from rudr_py.kube.transport import Transport
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import POD
from rudr_py.settings import LeaderElection, Settings
from rudr_py.testing.clock import FakeClock, settle
from tests.controller.watches import watches

SHOP = ObjectKey("shop", "shop")
SETTINGS = Settings(health_address="", metrics_address="", workers=2, retry_initial=1.0, stop_grace=30.0)
Reconcile = Callable[[ObjectKey], Any]


class Scripted:
    """A reconciler that does what a test says, and notes when."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.runs: list[tuple[float, ObjectKey]] = []
        self.does: Reconcile = lambda _key: Result()

    async def reconcile(self, key: ObjectKey) -> Result:
        self.runs.append((self.clock.monotonic() - 1000.0, key))
        found = self.does(key)
        result: Result = await found if asyncio.iscoroutine(found) else found
        return result


class Bench:
    """A controller over the local API with a scripted reconciler and a fake clock."""

    def __init__(
        self,
        transport: Transport,
        *,
        clock: FakeClock | None = None,
        election: LeaderElection | None = None,
        lease: Transport | None = None,
    ) -> None:
        settings = msgspec.structs.replace(SETTINGS, leader_election=election)
        self.clock = clock or FakeClock()
        self.reconciler = Scripted(self.clock)
        self.queue: PriorityQueue[ObjectKey] = PriorityQueue(self.clock, retry_initial=1.0, retry_maximum=300.0)
        self.metrics = Metrics(self.clock)
        self.stop = asyncio.Event()
        self.running: asyncio.Task[None] | None = None
        client = Client(transport)
        known = ClusterState()
        self.recorder = Recorder(client, identity="test", clock=self.clock)
        self.sources = watches(known, transport, self.clock, SETTINGS, lambda key, _initial: self.queue.add(key))
        self.sources.watch((*cluster_state.OWN_KINDS, POD, *definition_index.KINDS))
        self.state = known
        self.leadership = Leadership(settings, lease or transport, self.clock, self.metrics.leader)
        servers = HttpServers(HealthChecks(), self.metrics, SETTINGS)
        self.controller = ControllerProcess(settings, self.clock, self.sources, self.recorder, servers, self.leadership)
        options = ControllerOptions(name="test", workers=SETTINGS.workers, slow_retry=SETTINGS.refused_retry)
        self.controller.add(Controller(self.queue, self.reconciler, options, self.metrics))

    @contextlib.asynccontextmanager
    async def over(self) -> AsyncIterator[None]:
        """Run, synced, and stop at the end unless it has ended."""
        self.running = asyncio.create_task(self.controller.run(self.stop))
        try:
            async with asyncio.timeout(60):
                await self.controller.synced.wait()
            yield
        finally:
            self.stop.set()
            await asyncio.wait([self.running])

    async def worked(self, count: int) -> None:
        """Wait until so many reconciles have begun."""
        async with asyncio.timeout(60):
            while len(self.reconciler.runs) < count:
                await settle()

    def times(self) -> list[float]:
        return [round(time, 6) for time, _ in self.reconciler.runs]
