"""Runs the controllers: one watch of all kinds, and a queue and a worker for each controller.

Reconciles are level-based: they get a key and read the live objects. The cost of an event depends only on the
controllers that watch its kind. A failed reconcile is retried with backoff and does not affect other controllers.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec

from rudr_py.errors import ConflictError, ForbiddenError, LocalApiError
from rudr_py.local.controllers import (
    addresses,
    aggregation,
    endpoints,
    garbage_collector,
    namespace,
    resourcequota,
    volume_claims,
)
from rudr_py.local.controllers.runtime.context import Change, ControllerSettings, ReconcileContext
from rudr_py.local.controllers.runtime.controller import Controller
from rudr_py.local.controllers.runtime.objects import Objects
from rudr_py.local.controllers.runtime.owner_index import key_of
from rudr_py.local.controllers.runtime.queue import QueueKey, WorkQueue
from rudr_py.local.controllers.workloads import (
    cronjob,
    daemonset,
    deployment,
    disruption_budget,
    horizontalpodautoscaler,
    job,
    pods,
    replicaset,
    statefulset,
)
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import DELETED, Object

logger = logging.getLogger(__name__)

REWATCH_PAUSE = 0.05

CONTROLLERS: tuple[Controller, ...] = (
    deployment.CONTROLLER,
    replicaset.CONTROLLER,
    statefulset.CONTROLLER,
    job.CONTROLLER,
    pods.CONTROLLER,
    garbage_collector.CONTROLLER,
    namespace.CONTROLLER,
    volume_claims.CONTROLLER,
    endpoints.CONTROLLER,
    addresses.CONTROLLER,
    horizontalpodautoscaler.CONTROLLER,
    aggregation.CONTROLLER,
    cronjob.CONTROLLER,
    daemonset.CONTROLLER,
    resourcequota.CONTROLLER,
    disruption_budget.CONTROLLER,
)
"""All controllers, in the order in which they handle an event."""


class _Line(msgspec.Struct, frozen=True):
    controller: Controller
    queue: WorkQueue


def run_controllers(objects: Objects, settings: ControllerSettings) -> Coroutine[Any, Any, None]:
    """Run the controllers until cancelled, or until the store is closed.

    Raises `LocalApiError` synchronously for an unknown name in `settings.enabled`.
    """
    return _run(objects, settings, _chosen(settings.enabled))


async def _run(objects: Objects, settings: ControllerSettings, chosen: list[Controller]) -> None:
    context = ReconcileContext(objects, settings)
    call_later = settings.call_later or asyncio.get_running_loop().call_later
    lines = [_Line(controller, WorkQueue(call_later)) for controller in chosen]
    try:
        async with asyncio.TaskGroup() as group:
            workers = [
                group.create_task(_work(context, line), name=f"local controller {line.controller.name}")
                for line in lines
            ]
            await _watch(context, lines)
            for worker in workers:
                worker.cancel()
    finally:
        for line in lines:
            line.queue.close()


def _chosen(enabled: frozenset[str] | None) -> list[Controller]:
    names = {controller.name for controller in CONTROLLERS}
    if enabled is not None and not enabled <= names:
        raise LocalApiError(f"no such controllers: {sorted(enabled - names)}; there are {sorted(names)}")
    return [controller for controller in CONTROLLERS if enabled is None or controller.name in enabled]


async def _watch(context: ReconcileContext, lines: list[_Line]) -> None:
    """Dispatch all changes until the store is closed. A failed watch is restarted."""
    tell = _dispatcher(context, lines)
    while True:
        try:
            async for kind, obj in context.objects.watch():
                tell(kind, obj)
        except Exception:
            # a failed watch (compacted history, an exception in a controller's mapping) must not end the cluster
            logger.exception("the watch of the controllers broke; it is begun again")
            await asyncio.sleep(REWATCH_PAUSE)
            _forget_the_gone(context)
        else:
            return


def _dispatcher(context: ReconcileContext, lines: list[_Line]) -> Callable[[str, Object], None]:
    everywhere = [line for line in lines if line.controller.kinds is None]
    by_kind: dict[KindInfo, list[_Line]] = defaultdict(list)
    for line in lines:
        for kind in line.controller.kinds or ():
            by_kind[kind].append(line)

    def tell(kind: str, obj: Object) -> None:
        change = Change(kind, obj, key_of(obj))
        if kind == DELETED:
            context.index.remove(change.key, obj["metadata"]["uid"])
        else:
            context.index.put(obj)
        for line in (*by_kind.get(change.key.kind, ()), *everywhere):
            for key in line.controller.map_change(context, change):
                line.queue.add(key)

    return tell


def _forget_the_gone(context: ReconcileContext) -> None:
    """Remove objects from the index whose deletion the failed watch missed; the next watch returns all others."""
    for key, uid in list(context.index.uids.items()):
        live = context.get(key)
        if live is None or live["metadata"]["uid"] != uid:
            context.index.remove(key, uid)


async def _work(context: ReconcileContext, line: _Line) -> None:
    while True:
        key = await line.queue.get()
        _reconcile(context, line, key)
        await asyncio.sleep(0)


def _reconcile(context: ReconcileContext, line: _Line, key: QueueKey) -> None:
    fields = {"controller": line.controller.name, "key": f"{key.kind.kind} {key.namespace}/{key.name}"}
    try:
        again = line.controller.reconcile(context, key)
    except (ConflictError, ForbiddenError):
        # another client was faster, or the namespace is terminating
        line.queue.retry(key)
    except Exception:
        # one object or one controller must not affect others
        pause = line.queue.retry(key)
        logger.exception("a reconcile failed and is tried again", extra={**fields, "pause": pause})
    else:
        line.queue.forget(key)
        if again is not None:
            line.queue.add_after(key, again)
