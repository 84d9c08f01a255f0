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
    nodes,
    resourcequota,
    volume_claims,
)
from rudr_py.local.controllers.runtime.context import Change, ControllerSettings, ReconcileContext
from rudr_py.local.controllers.runtime.controller import Controller
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
from rudr_py.local.in_process_client import InProcessClient
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import DELETED, Object

logger = logging.getLogger(__name__)

REWATCH_PAUSE = 0.05

CONTROLLERS: tuple[Controller, ...] = (
    deployment.CONTROLLER,
    replicaset.CONTROLLER,
    statefulset.CONTROLLER,
    job.CONTROLLER,
    volume_claims.CONTROLLER,
    pods.CONTROLLER,
    garbage_collector.CONTROLLER,
    namespace.CONTROLLER,
    endpoints.CONTROLLER,
    addresses.CONTROLLER,
    horizontalpodautoscaler.CONTROLLER,
    aggregation.CONTROLLER,
    cronjob.CONTROLLER,
    daemonset.CONTROLLER,
    resourcequota.CONTROLLER,
    disruption_budget.CONTROLLER,
    nodes.CONTROLLER,
)
"""All controllers, in the order in which they handle an event."""


class _Worker(msgspec.Struct, frozen=True):
    controller: Controller
    queue: WorkQueue


def run_controllers(client: InProcessClient, settings: ControllerSettings) -> Coroutine[Any, Any, None]:
    """Run the controllers until cancelled, or until the store is closed.

    Raises `LocalApiError` synchronously for an unknown name in `settings.enabled`.
    """
    return _run(client, settings, _enabled_controllers(settings.enabled))


async def _run(client: InProcessClient, settings: ControllerSettings, controllers: list[Controller]) -> None:
    context = ReconcileContext(client, settings)
    if not {pods.CONTROLLER, daemonset.CONTROLLER, nodes.CONTROLLER}.isdisjoint(controllers):
        nodes.register(context)
    workers = [_Worker(controller, WorkQueue(context.call_later)) for controller in controllers]
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_run_worker(context, worker), name=f"local controller {worker.controller.name}")
                for worker in workers
            ]
            await _watch(context, workers)
            for task in tasks:
                task.cancel()
    finally:
        for worker in workers:
            worker.queue.close()


def _enabled_controllers(enabled: frozenset[str] | None) -> list[Controller]:
    names = {controller.name for controller in CONTROLLERS}
    if enabled is not None and not enabled <= names:
        raise LocalApiError(f"unknown controllers {sorted(enabled - names)}; choose from {sorted(names)}")
    return [controller for controller in CONTROLLERS if enabled is None or controller.name in enabled]


async def _watch(context: ReconcileContext, workers: list[_Worker]) -> None:
    """Dispatch all changes until the store is closed. A failed watch is restarted."""
    dispatch = _dispatcher(context, workers)
    while True:
        try:
            async for kind, obj in context.client.watch():
                dispatch(kind, obj)
        except Exception:
            # an exception in a controller's mapping must not end the cluster
            logger.exception("the watch of the local controllers failed; restarting it")
            await asyncio.sleep(REWATCH_PAUSE)
            _prune_index(context)
        else:
            return


def _dispatcher(context: ReconcileContext, workers: list[_Worker]) -> Callable[[str, Object], None]:
    unrestricted = [worker for worker in workers if worker.controller.kinds is None]
    by_kind: dict[KindInfo, list[_Worker]] = defaultdict(list)
    for worker in workers:
        for kind in worker.controller.kinds or ():
            by_kind[kind].append(worker)

    def dispatch(kind: str, obj: Object) -> None:
        change = Change(kind, obj, key_of(obj))
        if kind == DELETED:
            context.remove(change.key, obj["metadata"]["uid"])
        else:
            context.put(obj)
        for worker in (*by_kind.get(change.key.kind, ()), *unrestricted):
            for key in worker.controller.map_change(context, change):
                worker.queue.add(key)
        if change.key.kind == resourcequota.QUOTA:
            for worker in workers:
                worker.queue.wake(change.key.namespace)

    return dispatch


def _prune_index(context: ReconcileContext) -> None:
    """Remove objects from the index whose deletion the failed watch missed; the next watch returns all others."""
    for key, uid in list(context.index.uids.items()):
        live = context.get(key)
        if live is None or live["metadata"]["uid"] != uid:
            context.remove(key, uid)


async def _run_worker(context: ReconcileContext, worker: _Worker) -> None:
    while True:
        key = await worker.queue.get()
        _reconcile(context, worker, key)
        await asyncio.sleep(0)


def _reconcile(context: ReconcileContext, worker: _Worker, key: QueueKey) -> None:
    fields = {"controller": worker.controller.name, "key": f"{key.kind.kind} {key.namespace}/{key.name}"}
    try:
        delay = worker.controller.reconcile(context, key)
    except ConflictError:
        # another client was faster
        worker.queue.retry(key)
    except ForbiddenError:
        # a quota is exceeded, or the namespace is terminating
        worker.queue.retry(key, refused=True)
    except Exception:
        # one object or one controller must not affect others
        pause = worker.queue.retry(key)
        logger.exception("a reconcile of a local controller failed; retrying it", extra={**fields, "pause": pause})
    else:
        worker.queue.forget(key)
        if delay is not None:
            worker.queue.add_after(key, delay)
