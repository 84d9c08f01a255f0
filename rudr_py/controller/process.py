"""Runs all tasks of the controller process in one TaskGroup. At a stop, workers end first, then lease and watches.

An unexpected exception in a task ends the process with that error, so that its supervisor restarts it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from rudr_py.controller.controller import Controller
from rudr_py.controller.leadership import Leadership
from rudr_py.controller.queue.queue import PriorityQueue
from rudr_py.controller.serving import liveness
from rudr_py.controller.serving.http import HttpServers
from rudr_py.controller.state import cluster_state, definition_index
from rudr_py.controller.watching.sources import Sources
from rudr_py.kube.clock import Clock
from rudr_py.kube.events import Recorder
from rudr_py.settings import Settings

LISTS = 1.0
"""Maximum seconds for which reconciles wait for the first lists of kinds that only some applications use.

An application whose kinds are not listed yet is reconciled in vain, and once more when they are.
"""

log = logging.getLogger(__name__)


class ControllerProcess:
    """The controllers of one process, and the watches, servers and the lease that they share.

    `synced` is set once the caches of the required kinds are complete: from then on the leader reconciles.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        sources: Sources,
        recorder: Recorder,
        servers: HttpServers,
        leadership: Leadership,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._sources = sources
        self._recorder = recorder
        self._leadership = leadership
        self._controllers: list[Controller] = []
        self._background: list[Callable[[], Coroutine[Any, Any, None]]] = [recorder.run]
        self._working = False
        self.servers = servers
        self.synced = asyncio.Event()

    def add(self, controller: Controller) -> None:
        """Run this controller, too; its workers start when this process leads."""
        self._controllers.append(controller)
        self._background.append(controller.queue.run)

    def run_in_background(self, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run this task, too, from before the first reconcile until after the last."""
        self._background.append(run)

    async def idle(self) -> None:
        """Wait until no key of any controller is ready or in flight; delayed keys do not count."""
        queues: list[PriorityQueue[Any]] = [controller.queue for controller in self._controllers]
        queues.append(self._sources.fan_out.queue)
        while any(queue.depth or queue.in_flight for queue in queues):
            for queue in queues:
                await queue.join()

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set, then finish running reconciles within the grace time.

        Raises ConfigError when an address cannot be served, LeaseLostError when another process may lead now, and the
        exception of any task that must not end.
        """
        ended: BaseExceptionGroup[Any] | None = None
        try:
            await self._run(stop)
        except BaseExceptionGroup as group:  # a TaskGroup wraps the exception of a failed task
            ended = group
        if ended is not None:
            raise _first(ended)

    async def _run(self, stop: asyncio.Event) -> None:
        async with self.servers.serving(), asyncio.TaskGroup() as tasks:
            liveness_task = tasks.create_task(self.servers.liveness.run(self._clock), name="liveness")
            background = [tasks.create_task(run(), name=getattr(run, "__qualname__", None)) for run in self._background]
            lease = tasks.create_task(self._hold_lease(), name="lease")
            self._sources.start(tasks)
            work = tasks.create_task(self._work(), name="workers")
            with liveness.watchdog(self.servers.liveness):
                await stop.wait()
                log.info("stopping", extra={"keys": self._in_flight()})
                stopping = tasks.create_task(self._stop(work, background, lease), name="stop")
                if not await self._ends_within(self._settings.stop_grace, stopping):
                    # the lease stays until it expires: the server may still execute requests of cancelled reconciles
                    log.warning("running reconciles are cancelled", extra={"keys": self._in_flight()})
                    for task in (stopping, work, lease, *background):
                        task.cancel()
            self._sources.stop()
            liveness_task.cancel()

    def _in_flight(self) -> int:
        return sum(len(controller.queue.in_flight) for controller in self._controllers)

    async def _hold_lease(self) -> None:
        """Take part in leader election once the caches are complete. Raises LeaseLostError."""
        await self.synced.wait()
        await self._leadership.run()

    async def _work(self) -> None:
        """Run the controllers once the caches are complete, definitions only if they can be watched, and we lead."""
        await self._sources.wait((*cluster_state.OWN_KINDS, *definition_index.KINDS))
        await self._sources.watch_applied()
        log.info("caches are synced", extra={"kinds": len(self._sources.kinds())})
        self.synced.set()
        await self._leadership.wait()
        # the previous leader may have applied further kinds
        await self._sources.watch_applied(self._leadership.concerns)
        lists = asyncio.create_task(self._sources.wait(self._sources.kinds()), name="lists")
        try:
            await self._ends_within(LISTS, lists)
        finally:
            lists.cancel()
        self._working = True
        async with asyncio.TaskGroup() as tasks:
            for controller in self._controllers:
                tasks.create_task(controller.run())

    async def _stop(
        self, work: asyncio.Task[None], background: list[asyncio.Task[None]], lease: asyncio.Task[None]
    ) -> None:
        """Close the queues, wait for running reconciles, send the remaining events, then release the lease."""
        for controller in self._controllers:
            controller.queue.close()
        if not self._working:
            work.cancel()
        await asyncio.wait([work])
        await self._recorder.flush()
        for tasks in (background, [lease]):
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        await self._leadership.resign()

    async def _ends_within(self, seconds: float, task: asyncio.Task[None]) -> bool:
        alarm = asyncio.create_task(self._clock.sleep(seconds), name="grace")
        try:
            await asyncio.wait([task, alarm], return_when=asyncio.FIRST_COMPLETED)
        finally:
            alarm.cancel()
        return task.done()


def _first(group: BaseExceptionGroup[Any]) -> BaseException:
    """The first exception of a group; the others are logged."""
    first, *others = [_first(error) if isinstance(error, BaseExceptionGroup) else error for error in group.exceptions]
    for error in others:
        log.error("another task failed", exc_info=error)
    return first
