"""Reconciles the keys of one queue with a number of workers, in the manner of controller-runtime.

An error in one key never ends a worker. The reconciler decides about an object; this module decides when it is next.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections.abc import Callable
from typing import Protocol

import msgspec

from rudr_py import errors
from rudr_py.controller.queue.queue import LOW_PRIORITY, PriorityQueue, QueueClosed
from rudr_py.controller.queue.slow_retries import SlowRetries
from rudr_py.controller.results import log_context
from rudr_py.controller.results.measure import ReconcileMetrics
from rudr_py.controller.results.result import Result
from rudr_py.model.identity import ObjectKey

log = logging.getLogger(__name__)


class Reconciler(Protocol):
    """Reconciles one key."""

    async def reconcile(self, key: ObjectKey) -> Result:
        """Reconcile an object. Any exception is an error that is retried."""
        ...


class ControllerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """`name` is for logs. `slow_retry` is the minimum of seconds until a refused request is sent again."""

    name: str
    workers: int = 1
    slow_retry: float = 60.0


class Controller:
    """One queue and one reconciler."""

    def __init__(
        self,
        queue: PriorityQueue[ObjectKey],
        reconciler: Reconciler,
        options: ControllerOptions,
        metrics: ReconcileMetrics | None = None,
        owns: Callable[[str], bool] = lambda _namespace: True,
    ) -> None:
        """Keys of namespaces that `owns` refuses are dropped when it is their turn."""
        self.queue = queue
        self._owns = owns
        self._done = asyncio.Event()
        self._reconciler = reconciler
        self._options = options
        self._metrics = metrics or ReconcileMetrics()
        self._slow: SlowRetries[ObjectKey, tuple[str, str]] = SlowRetries(queue.clock, options.slow_retry)
        self._start_id = f"{random.getrandbits(32):08x}"
        self._numbers = itertools.count(1)

    async def run(self) -> None:
        """Reconcile until the queue is closed."""
        async with asyncio.TaskGroup() as workers:
            for number in range(self._options.workers):
                workers.create_task(self._work(), name=f"{self._options.name} worker {number}")

    async def _work(self) -> None:
        while True:
            try:
                key = await self.queue.get()
            except QueueClosed:
                return
            if not self._owns(key.namespace):
                self.queue.forget(key)
                self._slow.end(key)
                self.queue.done(key)
                continue
            try:
                reconcile_id = f"{self._start_id}-{next(self._numbers):06x}"
                with log_context.reconciling(self._options.name, key, reconcile_id):
                    result = await self._reconcile(key)
                    error = log_context.without_values(result.error)
                    self._requeue(key, msgspec.structs.replace(result, error=error))
            finally:
                self.queue.done(key)
                self._done.set()
            # thousands of reconciles that wait for nothing must not keep watches and probes from running
            await asyncio.sleep(0)

    async def ended(self, concerns: Callable[[ObjectKey], bool]) -> None:
        """Wait until no key is in flight that `concerns` selects; there must come no new ones."""
        while any(map(concerns, self.queue.in_flight)):
            self._done.clear()
            await self._done.wait()

    async def _reconcile(self, key: ObjectKey) -> Result:
        with self._metrics.reconciling() as measure:
            try:
                result = await self._reconciler.reconcile(key)
            except errors.KubeError as error:
                result = _failed(error)
            except Exception as error:
                # the one broad catch: an unexpected exception in one key must not end the worker
                log.exception("reconcile raised", extra={"key": str(key)})
                measure.panicked = True
                result = Result(error=repr(error))
            measure.result = result
        return result

    def _requeue(self, key: ObjectKey, result: Result) -> None:
        queue = self.queue
        if result.hold > 0:
            queue.hold(key, result.hold)
        fields = {"key": str(key), "error": result.error}
        if result.progress:
            queue.forget(key)
        if result.error and result.retry == "backoff" and not (result.cause and queue.is_exhausted(key)):
            backoff = queue.retry(key)
            log.info("reconcile failed", extra={**fields, "pause": backoff})
        else:
            self._requeue_slowly(key, result)
            if result.retry != "backoff" or not result.error:
                queue.forget(key)
        if result.requeue_after is not None:
            queue.add_after(key, result.requeue_after)

    def _requeue_slowly(self, key: ObjectKey, result: Result) -> None:
        """Requeue a key that cannot go on, and those that probably can because this one does."""
        is_refused = bool(result.error) and result.retry != "never"
        group = (key.namespace, result.cause) if is_refused and result.cause else None
        if self._slow.group_of(key) != group or not (is_refused or result.resync_after):
            for other in self._slow.end(key):
                self.queue.add(other, priority=LOW_PRIORITY)
        if is_refused:
            seconds = self._slow.refused(key, group)
            fields = {"key": str(key), "error": result.error}
            log.info("request refused by the server", extra={**fields, "pause": seconds})
            self.queue.add_after(key, seconds, priority=LOW_PRIORITY)
        elif result.resync_after is not None:
            self.queue.add_after(key, self._slow.waiting(key, result.resync_after), priority=LOW_PRIORITY)


def _failed(error: errors.KubeError) -> Result:
    """The result of a reconcile that raised an error."""
    if isinstance(error, errors.MissingRightError):  # no watch reports when a right is granted
        return Result(error=str(error), retry="slow", cause=f"{error.account} {error.right}")
    if isinstance(error, errors.ForbiddenError | errors.InvalidError):
        return Result(error=str(error), retry="slow", cause=error.reason)
    return Result(error=str(error), hold=error.retry_after if isinstance(error, errors.ApiError) else 0.0)
