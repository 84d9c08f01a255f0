"""ResourceQuota: writes into the status how much of each limit is used. Admission counts for itself."""

from __future__ import annotations

from collections.abc import Iterable

from rudr_py.local import quota
from rudr_py.local.controllers.controller import Controller
from rudr_py.local.controllers.queue import Key
from rudr_py.local.controllers.world import Change, World
from rudr_py.local.resources import Kind
from rudr_py.local.store import DELETED, Object

QUOTA = Kind("v1", "ResourceQuota")


def _objects(world: World, table: str, namespace: str) -> list[Object]:
    for resource in world.objects.kinds():
        if resource.table == table and resource.namespaced:
            return world.objects.list(resource.id, namespace)
    return []


def _reconcile(world: World, key: Key) -> None:
    found = world.get(key)
    if found is None:
        return
    hard = quota.hard(found)
    used = quota.used(lambda table: _objects(world, table, key.namespace), hard)
    shown = {name: str(used[name]) for name in hard}
    world.write_status(found, {"hard": found["spec"].get("hard") or {}, "used": shown})


def _concerns(world: World, change: Change) -> Iterable[Key]:
    if change.key.kind == QUOTA:
        if change.type != DELETED:
            yield change.key
        return
    namespace = change.key.namespace
    if namespace:
        for each in world.objects.list(QUOTA, namespace):
            yield Key(QUOTA, namespace, each["metadata"]["name"])


CONTROLLER = Controller(name="resourcequota", kinds=None, concerns=_concerns, reconcile=_reconcile)
