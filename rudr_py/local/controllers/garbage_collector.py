"""The garbage collector: deletes the dependents of deleted owners, by propagation policy.

Background: a dependent is deleted when no owner is left. Foreground (finalizer `foregroundDeletion`): the owner waits
for the dependents that block it. Orphan (finalizer `orphan`): dependents lose the owner reference.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

from rudr_py.local.controllers.runtime.context import Change, ReconcileContext, without_finalizer
from rudr_py.local.controllers.runtime.controller import Controller
from rudr_py.local.controllers.runtime.owner_index import owner_references
from rudr_py.local.controllers.runtime.queue import QueueKey
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.storage.store import DELETED, Object

FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"


class _Owner(Enum):
    SOLID = "there, or not to be judged"
    GONE = "not there, or another one under its name"
    WAITING = "waits for its dependents to go"


def _has(obj: Object, finalizer: str) -> bool:
    return finalizer in (obj["metadata"].get("finalizers") or ())


def _waits(obj: Object) -> bool:
    """Whether an object is being deleted in the foreground."""
    return "deletionTimestamp" in obj["metadata"] and _has(obj, FOREGROUND)


def _judge(context: ReconcileContext, dependent: Object, reference: Object) -> _Owner:
    kind = KindInfo(reference["apiVersion"], reference["kind"])
    resource = context.objects.resource(kind)
    namespace = dependent["metadata"].get("namespace", "")
    if resource is None or (resource.namespaced and not namespace):
        # an owner of a kind that is not served, or in another namespace, is assumed to exist
        return _Owner.SOLID
    owner = context.objects.get(kind, namespace if resource.namespaced else "", reference["name"])
    if owner is None or owner["metadata"]["uid"] != reference["uid"]:
        return _Owner.GONE
    return _Owner.WAITING if _waits(owner) and reference.get("blockOwnerDeletion") else _Owner.SOLID


def _collect(context: ReconcileContext, dependent: Object) -> None:
    """Delete a dependent whose owners are gone or wait for it; remove references to owners that are gone."""
    references = owner_references(dependent)
    if not references or "deletionTimestamp" in dependent["metadata"]:
        return
    judged = [(reference, _judge(context, dependent, reference)) for reference in references]
    solid = [reference for reference, verdict in judged if verdict is _Owner.SOLID]
    if len(solid) == len(references):
        return
    if solid:
        _refer(context, dependent, solid)
        return
    waiting = any(verdict is _Owner.WAITING for _, verdict in judged)
    if waiting and any(True for _ in context.dependents(dependent["metadata"]["uid"])):
        context.delete(dependent, propagation="Foreground")
    elif _has(dependent, ORPHAN):
        context.delete(dependent, propagation="Orphan")
    elif _has(dependent, FOREGROUND):
        context.delete(dependent, propagation="Foreground")
    else:
        context.delete(dependent, propagation="Background")


def _refer(context: ReconcileContext, dependent: Object, references: list[Object]) -> None:
    metadata = {**dependent["metadata"], "ownerReferences": references}
    context.update({**dependent, "metadata": metadata})


def _orphan(context: ReconcileContext, owner: Object) -> None:
    uid = owner["metadata"]["uid"]
    for dependent in context.dependents(uid):
        _refer(context, dependent, [each for each in owner_references(dependent) if each["uid"] != uid])
    _release(context, owner, ORPHAN)


def _await_dependents(context: ReconcileContext, owner: Object) -> None:
    uid = owner["metadata"]["uid"]
    blocking = False
    for dependent in context.dependents(uid):
        if _blocks(dependent, uid) and not _is_ring(dependent, owner):
            _collect(context, dependent)
            blocking = blocking or context.same(dependent) is not None
    if not blocking:
        _release(context, owner, FOREGROUND)


def _is_ring(dependent: Object, owner: Object) -> bool:
    """Whether owner and dependent wait for each other."""
    return _waits(dependent) and _blocks(owner, dependent["metadata"]["uid"])


def _blocks(dependent: Object, uid: str) -> bool:
    return any(each["uid"] == uid and each.get("blockOwnerDeletion") for each in owner_references(dependent))


def _release(context: ReconcileContext, owner: Object, finalizer: str) -> None:
    live = context.same(owner)
    if live is not None and _has(live, finalizer):
        context.update(without_finalizer(live, finalizer))


def _reconcile(context: ReconcileContext, key: QueueKey) -> None:
    obj = context.get(key)
    if obj is None:
        return
    if "deletionTimestamp" not in obj["metadata"]:
        _collect(context, obj)
    elif _has(obj, ORPHAN):
        _orphan(context, obj)
    elif _has(obj, FOREGROUND):
        _await_dependents(context, obj)


def _map_change(context: ReconcileContext, change: Change) -> Iterable[QueueKey]:
    metadata = change.object["metadata"]
    if change.type == DELETED:
        yield from context.index.owned(metadata["uid"])
        for reference in owner_references(change.object):
            key = context.index.key(reference["uid"])
            if key is not None:
                yield key
    elif "ownerReferences" in metadata or ("deletionTimestamp" in metadata and "finalizers" in metadata):
        yield change.key


CONTROLLER = Controller(name="garbagecollector", kinds=None, map_change=_map_change, reconcile=_reconcile)
