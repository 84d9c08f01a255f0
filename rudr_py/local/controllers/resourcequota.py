"""ResourceQuota: writes the usage of each limit into the status. Admission does not read it."""

from __future__ import annotations

from collections.abc import Iterable

from rudr_py.local.controllers.runtime.context import Change, ReconcileContext
from rudr_py.local.controllers.runtime.controller import Controller
from rudr_py.local.controllers.runtime.queue import QueueKey
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import DELETED, Object
from rudr_py.local.strategies import quota_usage

QUOTA = KindInfo("v1", "ResourceQuota")


def _objects(context: ReconcileContext, table: str, namespace: str) -> list[Object]:
    for resource in context.client.kinds():
        if resource.table == table and resource.namespaced:
            return context.client.list(resource.id, namespace)
    return []


def _reconcile(context: ReconcileContext, key: QueueKey) -> None:
    quota = context.get(key)
    if quota is None:
        return
    hard = quota_usage.hard_limits(quota)
    used = quota_usage.total_usage(lambda table: _objects(context, table, key.namespace), hard)
    used_amounts = {name: str(used[name]) for name in hard}
    context.write_status(quota, {"hard": quota["spec"].get("hard") or {}, "used": used_amounts})


def _map_change(context: ReconcileContext, change: Change) -> Iterable[QueueKey]:
    if change.key.kind == QUOTA:
        if change.type != DELETED:
            yield change.key
        return
    namespace = change.key.namespace
    if namespace:
        for quota in context.client.list(QUOTA, namespace):
            yield QueueKey(QUOTA, namespace, quota["metadata"]["name"])


CONTROLLER = Controller(name="resourcequota", kinds=None, map_change=_map_change, reconcile=_reconcile)
