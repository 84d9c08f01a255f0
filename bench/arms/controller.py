"""The controller, with the settings of `rudr run`."""

from __future__ import annotations

import asyncio
import os

import msgspec

from bench.arms.arm import Options
from rudr_py.cli.process import exempt_from_collections
from rudr_py.controller.reconciler import WAIT_FOR_CACHES, ApplicationReconciler
from rudr_py.controller.results.result import Result
from rudr_py.controller.wiring import assemble
from rudr_py.model.identity import ObjectKey
from rudr_py.settings import LeaderElection, Settings

SETTINGS = Settings(publish_definitions=False, health_address="127.0.0.1:0", metrics_address="127.0.0.1:0")


class ControllerArm:
    """Watches all namespaces."""

    settings = SETTINGS

    def __init__(self, options: Options) -> None:
        self._options = options
        self._reconciled: set[ObjectKey] = set()
        self._complete = asyncio.Event()
        self._count_reconciles()
        self._process = assemble(self.settings, options.cluster.transport, options.cluster.clock, options.catalog)
        exempt_from_collections()
        self._stop = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Run until each application was reconciled once, with complete caches."""
        self._running = asyncio.create_task(self._process.run(self._stop))
        waiting = asyncio.create_task(self._started())
        await asyncio.wait([self._running, waiting], return_when=asyncio.FIRST_COMPLETED)
        if self._running.done():
            await self._running

    async def stop(self) -> None:
        """As after SIGTERM."""
        self._stop.set()
        if self._running is not None:
            await self._running

    async def _started(self) -> None:
        await self._process.synced.wait()
        if self._options.count:
            await self._complete.wait()

    def _count_reconciles(self) -> None:
        reconcile = ApplicationReconciler.reconcile

        async def counted(reconciler: ApplicationReconciler, key: ObjectKey) -> Result:
            self._options.meter.reconciles += 1
            result = await reconcile(reconciler, key)
            if result is not WAIT_FOR_CACHES:
                self._reconciled.add(key)
            if len(self._reconciled) == self._options.count:
                self._complete.set()
            return result

        ApplicationReconciler.reconcile = counted  # type: ignore[method-assign, assignment] # for the rest of the process


class CandidateArm(ControllerArm):
    """One of several replicas, of which one leads. `start` ends when the caches are complete."""

    settings = msgspec.structs.replace(
        SETTINGS, leader_election=LeaderElection(namespace="default", identity=f"bench-{os.getpid()}")
    )

    async def _started(self) -> None:
        await self._process.synced.wait()
