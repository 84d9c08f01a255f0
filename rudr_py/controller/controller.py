"""Starts every task of the controller in one TaskGroup, and stops them: workers first, then the lease, watches.

One key that fails never ends a worker; a task that fails by a fault of ours ends the controller with that error, so
that whoever runs it starts it anew. What is to be done with a key is decided in `reconcile`, when in `outcome`.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.controller.leadership import Leadership
from rudr_py.controller.queue.queue import PriorityQueue, QueueClosed
from rudr_py.controller.reconciler import Reconciler
from rudr_py.controller.results import log_context
from rudr_py.controller.results.result import Result
from rudr_py.controller.serving import liveness
from rudr_py.controller.serving.http import HealthChecks, HttpServers
from rudr_py.controller.serving.metrics.metrics import Metrics
from rudr_py.controller.state import cluster_state, definition_index, inventory
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.watching.sources import Sources
from rudr_py.kube.clock import Clock
from rudr_py.kube.events import Recorder
from rudr_py.model.identity import ObjectKey
from rudr_py.settings import Settings

log = logging.getLogger(__name__)

REFUSED_SPREAD = 5.0
"""A refused key waits between `refused_retry` and this many times as long."""


class ControllerParts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that runs. `background` is started before the workers, and cancelled after them, before the lease."""

    settings: Settings
    clock: Clock
    world: ClusterState
    sources: Sources
    kinds: tuple[Kind, ...]
    queue: PriorityQueue[ObjectKey]
    reconciler: Reconciler
    recorder: Recorder
    endpoints: HttpServers
    checks: HealthChecks
    metrics: Metrics
    leadership: Leadership
    background: tuple[Callable[[], Coroutine[Any, Any, None]], ...] = ()


class Controller:
    """The running controller. `synced` is set once the caches hold our own kinds: who leads works from then on."""

    def __init__(self, machinery: ControllerParts) -> None:
        self._parts = machinery
        self._launch = f"{random.getrandbits(32):08x}"
        self._ids = itertools.count(1)
        self._left_alone: dict[ObjectKey, float] = {}  # until when, where the server asked for it
        self._working = False
        self.synced = asyncio.Event()

    @property
    def endpoints(self) -> HttpServers:
        """The addresses of health and metrics, once it runs."""
        return self._parts.endpoints

    async def idle(self) -> None:
        """Wait until no key is ready or under way; keys that were put off do not count."""
        await self._parts.queue.join()

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set; then finish what is under way, within the grace time.

        Raises ConfigError when an address cannot be served, LeaseLostError when another process may lead now, and
        whatever ended a task that must not end.
        """
        ended: BaseExceptionGroup[Any] | None = None
        try:
            await self._run(stop)
        except BaseExceptionGroup as group:  # what a TaskGroup makes of one failed task
            ended = group
        if ended is not None:
            raise _first(ended)

    async def _run(self, stop: asyncio.Event) -> None:
        parts = self._parts
        async with parts.endpoints.serving(), asyncio.TaskGroup() as tasks:
            beating = tasks.create_task(parts.endpoints.heartbeat.run(parts.clock), name="heartbeat")
            background = [
                tasks.create_task(parts.queue.run(), name="queue"),
                tasks.create_task(parts.recorder.run(), name="events"),
                *(tasks.create_task(run()) for run in parts.background),
            ]
            holding = tasks.create_task(self._stand(), name="lease")
            parts.sources.start(
                tasks, (*cluster_state.OWN_KINDS, cluster_state.POD, *definition_index.KINDS, *parts.kinds)
            )
            working = tasks.create_task(self._work(), name="workers")
            with liveness.watching(parts.endpoints.heartbeat):
                await stop.wait()
                log.info("stopping", extra={"keys": len(parts.queue.in_flight)})
                stopping = tasks.create_task(self._stop(working, background, holding), name="stop")
                if not await self._within(parts.settings.stop_grace, stopping):
                    # the lease, too: what was cut off may still be under way at the server, until the lease ends
                    log.warning("reconciles under way are cut off", extra={"keys": len(parts.queue.in_flight)})
                    for task in (stopping, working, holding, *background):
                        task.cancel()
            parts.sources.stop()
            beating.cancel()

    async def _stand(self) -> None:
        """Stand for election once we could do the work; raises LeaseLostError."""
        await self.synced.wait()
        await self._parts.leadership.run()

    async def _work(self) -> None:
        """Wait for our own kinds and, if they can be had, definitions; then work until the queue is closed.

        Other kinds concern those who use them.
        """
        parts = self._parts
        await parts.sources.wait((*cluster_state.OWN_KINDS, *definition_index.KINDS))
        parts.sources.watch(self._recorded())
        log.info("caches are synced", extra={"kinds": len(parts.world.kinds())})
        self.synced.set()
        await parts.leadership.wait()
        parts.sources.watch(self._recorded())  # who led before us may have added to them
        self._working = True
        async with asyncio.TaskGroup() as workers:
            for number in range(parts.settings.workers):
                workers.create_task(self._worker(), name=f"worker {number}")

    def _recorded(self) -> frozenset[Kind]:
        """The kinds that the applications had objects of when they were last reconciled."""
        found: set[Kind] = set()
        for cache in self._parts.world.caches(cluster_state.APPLICATION):
            for live in cache.all():
                found |= {ref.kind for ref in inventory.read(cluster_state.previous(live).resources)}
        return frozenset(found)

    async def _stop(
        self, working: asyncio.Task[None], background: list[asyncio.Task[None]], holding: asyncio.Task[None]
    ) -> None:
        """Hand out nothing more, let what is under way finish, send the events that wait; then let others lead."""
        self._parts.queue.close()
        if not self._working:
            working.cancel()
        await asyncio.wait([working])
        await self._parts.recorder.flush()
        for tasks in (background, [holding]):
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        await self._parts.leadership.resign()

    async def _within(self, seconds: float, task: asyncio.Task[None]) -> bool:
        """Whether a task ended within so many seconds."""
        alarm = asyncio.create_task(self._parts.clock.sleep(seconds), name="grace")
        try:
            await asyncio.wait([task, alarm], return_when=asyncio.FIRST_COMPLETED)
        finally:
            alarm.cancel()
        return task.done()

    async def _worker(self) -> None:
        queue = self._parts.queue
        while True:
            try:
                key = await queue.get()
            except QueueClosed:
                return
            try:
                if not self._put_off(key):
                    with log_context.reconciling(key, f"{self._launch}-{next(self._ids):06x}"):
                        self._requeue(key, await self._once(key))
            finally:
                queue.done(key)

    def _put_off(self, key: ObjectKey) -> bool:
        """Whether the server asked us to leave the key alone yet: then it comes back when that is over."""
        left = self._left_alone.get(key, 0.0) - self._parts.clock.monotonic()
        if left > 0:
            self._parts.queue.add_after(key, left)
            return True
        self._left_alone.pop(key, None)
        return False

    async def _once(self, key: ObjectKey) -> Result:
        with self._parts.metrics.reconciling() as measured:
            try:
                outcome = await self._parts.reconciler.reconcile(key)
            except errors.KubeError as error:
                pause = error.retry_after if isinstance(error, errors.ApiError) else 0.0
                # nobody tells us when a right is granted, and asking in haste helps nobody
                refused = isinstance(error, errors.MissingRightError)
                outcome = Result(result="refused" if refused else "error", pause=pause, message=str(error))
            except Exception as error:
                # the one broad catch: whatever one application brings about must not end the worker
                log.exception("reconcile raised", extra={"key": str(key)})
                measured.panicked()
                outcome = Result(result="error", message=repr(error))
            measured.result(outcome.result)
        return outcome

    def _requeue(self, key: ObjectKey, outcome: Result) -> None:
        queue, settings = self._parts.queue, self._parts.settings
        if outcome.pause > 0:
            self._left_alone[key] = self._parts.clock.monotonic() + outcome.pause
        if outcome.result == "error":
            pause = queue.retry(key, at_least=outcome.pause)
            log.info("reconcile failed", extra={"key": str(key), "error": outcome.message, "pause": pause})
        else:
            queue.forget(key)
        if outcome.result == "refused":
            pause = settings.refused_retry * random.uniform(1.0, REFUSED_SPREAD)  # noqa: S311 - spreads load, no secret
            log.info("server refused", extra={"key": str(key), "error": outcome.message, "pause": pause})
            queue.add_after(key, pause)
        if outcome.after is not None:
            queue.add_after(key, max(outcome.after, outcome.pause))


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    """The error that ended everything; the others are told in the log."""
    found = [_first(error) if isinstance(error, BaseExceptionGroup) else error for error in group.exceptions]
    for error in found[1:]:
        log.error("another task failed too", exc_info=error)
    return found[0]
