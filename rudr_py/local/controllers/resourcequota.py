"""ResourceQuota: writes into the status how much of each limit is used. Admission counts for itself."""

from __future__ import annotations

from collections.abc import Iterable

from rudr_py.local.controllers.runtime.context import Change, ReconcileContext
from rudr_py.local.controllers.runtime.controller import Controller
from rudr_py.local.controllers.runtime.queue import QueueKey
from rudr_py.local.kind_rules import quota_usage
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import DELETED, Object

QUOTA = KindInfo("v1", "ResourceQuota")


def _objects(world: ReconcileContext, table: str, namespace: str) -> list[Object]:
    for resource in world.objects.kinds():
        if resource.table == table and resource.namespaced:
            return world.objects.list(resource.id, namespace)
    return []


def _reconcile(world: ReconcileContext, key: QueueKey) -> None:
    found = world.get(key)
    if found is None:
        return
    hard = quota_usage.hard(found)
    used = quota_usage.used(lambda table: _objects(world, table, key.namespace), hard)
    shown = {name: str(used[name]) for name in hard}
    world.write_status(found, {"hard": found["spec"].get("hard") or {}, "used": shown})


def _concerns(world: ReconcileContext, change: Change) -> Iterable[QueueKey]:
    if change.key.kind == QUOTA:
        if change.type != DELETED:
            yield change.key
        return
    namespace = change.key.namespace
    if namespace:
        for each in world.objects.list(QUOTA, namespace):
            yield QueueKey(QUOTA, namespace, each["metadata"]["name"])


CONTROLLER = Controller(name="resourcequota", kinds=None, concerns=_concerns, reconcile=_reconcile)
