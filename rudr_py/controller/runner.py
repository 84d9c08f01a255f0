"""Starts every task of the controller in one TaskGroup, and stops them in order: workers first, watches last.

One key that fails never ends a worker. What is to be done with a key is decided in `reconcile`, when in `outcome`.
"""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import logging
import random

import msgspec

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.controller import ledger, world
from rudr_py.controller.endpoints import Checks, Endpoints
from rudr_py.controller.metrics import Metrics
from rudr_py.controller.outcome import Outcome
from rudr_py.controller.queue import Queue, QueueClosed
from rudr_py.controller.reconcile import Reconciler
from rudr_py.controller.sources import Sources
from rudr_py.controller.world import World
from rudr_py.kube.clock import Clock
from rudr_py.kube.events import Recorder
from rudr_py.model.identity import Key
from rudr_py.render import status
from rudr_py.settings import Settings

log = logging.getLogger(__name__)

reconcile_id: contextvars.ContextVar[str] = contextvars.ContextVar("reconcile_id", default="")
"""The id of the reconcile under way, for log lines."""

REFUSED_SPREAD = 5.0
"""A refused key waits between `refused_retry` and this many times as long."""


class Machinery(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that runs."""

    settings: Settings
    clock: Clock
    world: World
    sources: Sources
    kinds: tuple[Kind, ...]
    queue: Queue[Key]
    reconciler: Reconciler
    recorder: Recorder
    endpoints: Endpoints
    checks: Checks
    metrics: Metrics


class Controller:
    """The running controller. `synced` is set once the caches hold the cluster and the workers have begun."""

    def __init__(self, machinery: Machinery) -> None:
        self._parts = machinery
        self._ids = itertools.count(1)
        self.synced = asyncio.Event()

    @property
    def endpoints(self) -> Endpoints:
        """The addresses of health and metrics, once it runs."""
        return self._parts.endpoints

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set; then finish what is under way, within the grace time.

        Raises ConfigError when an address cannot be served.
        """
        parts = self._parts
        async with parts.endpoints.serving(), asyncio.TaskGroup() as tasks:
            background = [
                tasks.create_task(parts.queue.run(), name="queue"),
                tasks.create_task(parts.recorder.run(), name="events"),
                tasks.create_task(parts.endpoints.beat(parts.clock), name="heartbeat"),
            ]
            parts.sources.start(tasks, (*world.OWN_KINDS, world.POD, *parts.kinds))
            working = tasks.create_task(self._work(), name="workers")
            await stop.wait()
            log.info("stopping")
            await self._drain(working)
            await parts.recorder.flush()
            parts.sources.stop()
            for task in background:
                task.cancel()

    async def _work(self) -> None:
        """Wait for the caches, then work until the queue is closed."""
        parts = self._parts
        await parts.sources.wait((*world.OWN_KINDS, world.POD, *parts.kinds))
        recorded = self._recorded()
        parts.sources.ensure(recorded)
        await parts.sources.wait(recorded)
        log.info("caches are synced", extra={"kinds": len(parts.world.kinds())})
        self.synced.set()
        async with asyncio.TaskGroup() as workers:
            for number in range(parts.settings.workers):
                workers.create_task(self._worker(), name=f"worker {number}")

    def _recorded(self) -> frozenset[Kind]:
        """The kinds that the applications had objects of when they were last reconciled."""
        kinds: set[Kind] = set()
        for cache in self._parts.world.caches(world.APPLICATION):
            for live in cache.all():
                kinds |= {ref.kind for ref in ledger.read(status.previous(live.part("status")).resources)}
        return frozenset(kinds)

    async def _drain(self, working: asyncio.Task[None]) -> None:
        self._parts.queue.close()
        if not self.synced.is_set():
            working.cancel()
        _, pending = await asyncio.wait([working], timeout=self._parts.settings.stop_grace)
        if pending:
            log.warning("reconciles under way are cut off", extra={"keys": len(self._parts.queue.in_flight)})
            working.cancel()

    async def _worker(self) -> None:
        queue = self._parts.queue
        while True:
            try:
                key = await queue.get()
            except QueueClosed:
                return
            try:
                await self._once(key)
            finally:
                queue.done(key)

    async def _once(self, key: Key) -> None:
        reconcile_id.set(f"{next(self._ids):08x}")
        with self._parts.metrics.reconciling() as measured:
            try:
                outcome = await self._parts.reconciler.reconcile(key)
            except errors.KubeError as error:
                outcome = Outcome(result="error", message=str(error))
            except Exception as error:
                # the one broad catch: whatever one application brings about must not end the worker
                log.exception("reconcile raised", extra={"key": str(key)})
                measured.panicked()
                outcome = Outcome(result="error", message=repr(error))
            measured.result(outcome.result)
        self._requeue(key, outcome)

    def _requeue(self, key: Key, outcome: Outcome) -> None:
        queue, settings = self._parts.queue, self._parts.settings
        if outcome.result == "error":
            pause = queue.retry(key)
            log.info("reconcile failed", extra={"key": str(key), "error": outcome.message, "pause": pause})
            return
        queue.forget(key)
        if outcome.result == "refused":
            pause = settings.refused_retry * random.uniform(1.0, REFUSED_SPREAD)  # noqa: S311 - spreads load, no secret
            log.info("server refused", extra={"key": str(key), "error": outcome.message, "pause": pause})
            queue.add_after(key, pause)
        if outcome.after is not None:
            queue.add_after(key, outcome.after)
