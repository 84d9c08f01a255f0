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


class _OwnerState(Enum):
    PRESENT = "exists, or cannot be checked"
    ABSENT = "does not exist, or has another uid"
    WAITING = "waits for its dependents to be deleted"


def _has(obj: Object, finalizer: str) -> bool:
    return finalizer in (obj["metadata"].get("finalizers") or ())


def _is_foreground_deletion(obj: Object) -> bool:
    """Whether an object is being deleted in the foreground."""
    return "deletionTimestamp" in obj["metadata"] and _has(obj, FOREGROUND)


def _owner_state(context: ReconcileContext, dependent: Object, reference: Object) -> _OwnerState:
    kind = KindInfo(reference["apiVersion"], reference["kind"])
    resource = context.client.resource(kind)
    namespace = dependent["metadata"].get("namespace", "")
    if resource is None or (resource.namespaced and not namespace):
        # an owner of a kind that is not served, or in another namespace, is assumed to exist
        return _OwnerState.PRESENT
    owner = context.client.get(kind, namespace if resource.namespaced else "", reference["name"])
    if owner is None or owner["metadata"]["uid"] != reference["uid"]:
        return _OwnerState.ABSENT
    return (
        _OwnerState.WAITING
        if _is_foreground_deletion(owner) and reference.get("blockOwnerDeletion")
        else _OwnerState.PRESENT
    )


def _collect(context: ReconcileContext, dependent: Object) -> None:
    """Delete a dependent whose owners are gone or wait for it; remove references to owners that are gone."""
    references = owner_references(dependent)
    if not references or "deletionTimestamp" in dependent["metadata"]:
        return
    states = [(reference, _owner_state(context, dependent, reference)) for reference in references]
    present = [reference for reference, state in states if state is _OwnerState.PRESENT]
    if len(present) == len(references):
        return
    if present:
        _set_owners(context, dependent, present)
        return
    waiting = any(state is _OwnerState.WAITING for _, state in states)
    if waiting and any(True for _ in context.dependents(dependent["metadata"]["uid"])):
        context.delete(dependent, propagation="Foreground")
    elif _has(dependent, ORPHAN):
        context.delete(dependent, propagation="Orphan")
    elif _has(dependent, FOREGROUND):
        context.delete(dependent, propagation="Foreground")
    else:
        context.delete(dependent, propagation="Background")


def _set_owners(context: ReconcileContext, dependent: Object, references: list[Object]) -> None:
    metadata = {**dependent["metadata"], "ownerReferences": references}
    context.update({**dependent, "metadata": metadata})


def _orphan(context: ReconcileContext, owner: Object) -> None:
    uid = owner["metadata"]["uid"]
    for dependent in context.dependents(uid):
        _set_owners(context, dependent, [each for each in owner_references(dependent) if each["uid"] != uid])
    _release(context, owner, ORPHAN)


def _await_dependents(context: ReconcileContext, owner: Object) -> None:
    uid = owner["metadata"]["uid"]
    blocking = False
    for dependent in context.dependents(uid):
        if _blocks(dependent, uid) and not _is_cycle(dependent, owner):
            _collect(context, dependent)
            blocking = blocking or context.live(dependent) is not None
    if not blocking:
        _release(context, owner, FOREGROUND)


def _is_cycle(dependent: Object, owner: Object) -> bool:
    """Whether owner and dependent wait for each other."""
    return _is_foreground_deletion(dependent) and _blocks(owner, dependent["metadata"]["uid"])


def _blocks(dependent: Object, uid: str) -> bool:
    return any(each["uid"] == uid and each.get("blockOwnerDeletion") for each in owner_references(dependent))


def _release(context: ReconcileContext, owner: Object, finalizer: str) -> None:
    live = context.live(owner)
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
