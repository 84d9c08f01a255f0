"""PersistentVolumeClaims: each is bound to its own volume, and protected while a pod uses it.

The annotation `local.rudr.dev/outcome: pending` leaves a claim unbound.
"""

from __future__ import annotations

from collections.abc import Iterable

from rudr_py.local.controllers.runtime.context import Change, ReconcileContext, without_finalizer
from rudr_py.local.controllers.runtime.controller import Controller
from rudr_py.local.controllers.runtime.queue import QueueKey
from rudr_py.local.controllers.workloads.pods import OUTCOME_ANNOTATION, POD
from rudr_py.local.controllers.workloads.replicaset import is_active
from rudr_py.local.registry.resources import KindInfo
from rudr_py.local.scheduling.nodes import DEFAULT_NAME
from rudr_py.local.scheduling.scheduler import claim_names
from rudr_py.local.storage.store import DELETED, Object

CLAIM, VOLUME = KindInfo("v1", "PersistentVolumeClaim"), KindInfo("v1", "PersistentVolume")
PROTECTION = "kubernetes.io/pvc-protection"
_BOUND = {"pv.kubernetes.io/bind-completed": "yes", "pv.kubernetes.io/bound-by-controller": "yes"}


def _is_used(context: ReconcileContext, claim: Object) -> bool:
    metadata = claim["metadata"]
    pods = context.client.list(POD, metadata["namespace"])
    return any(metadata["name"] in claim_names(pod) for pod in pods if is_active(pod))


def _volume_name(uid: str) -> str:
    return f"pvc-{uid}"


def _volume(claim: Object) -> Object:
    metadata, spec = claim["metadata"], claim["spec"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": _volume_name(metadata["uid"])},
        "spec": {
            "accessModes": spec.get("accessModes") or ["ReadWriteOnce"],
            "capacity": (spec.get("resources") or {}).get("requests") or {},
            "persistentVolumeReclaimPolicy": "Delete",
            "hostPath": {"path": f"/var/local/{DEFAULT_NAME}/{metadata['uid']}"},
            "storageClassName": spec.get("storageClassName") or "",
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": metadata["namespace"],
                "name": metadata["name"],
                "uid": metadata["uid"],
            },
        },
    }


def _bind(context: ReconcileContext, claim: Object) -> None:
    metadata = claim["metadata"]
    if not claim["spec"].get("volumeName"):
        name = _volume_name(metadata["uid"])
        if context.client.get(VOLUME, "", name) is None:
            volume = context.create(_volume(claim))
            context.write_status(volume, {"phase": "Bound"})
        annotations = {**(metadata.get("annotations") or {}), **_BOUND}
        spec = {**claim["spec"], "volumeName": name}
        claim = context.update({**claim, "metadata": {**metadata, "annotations": annotations}, "spec": spec})
    capacity = (claim["spec"].get("resources") or {}).get("requests") or {}
    status = {"phase": "Bound", "accessModes": claim["spec"].get("accessModes") or [], "capacity": capacity}
    context.write_status(claim, status)


def _reconcile(context: ReconcileContext, key: QueueKey) -> None:
    if key.kind == VOLUME:
        _reclaim(context, key)
        return
    claim = context.get(key)
    if claim is None:
        return
    metadata = claim["metadata"]
    if "deletionTimestamp" in metadata:
        if PROTECTION in (metadata.get("finalizers") or ()) and not _is_used(context, claim):
            context.update(without_finalizer(claim, PROTECTION))
    elif (metadata.get("annotations") or {}).get(OUTCOME_ANNOTATION) != "pending":
        _bind(context, claim)


def _reclaim(context: ReconcileContext, key: QueueKey) -> None:
    """Delete a volume whose claim is gone, if its reclaim policy is Delete."""
    volume = context.get(key)
    reference = volume["spec"].get("claimRef") if volume else None
    if volume is None or not reference or volume["spec"].get("persistentVolumeReclaimPolicy") != "Delete":
        return
    claim = context.client.get(CLAIM, reference["namespace"], reference["name"])
    if claim is None or claim["metadata"]["uid"] != reference.get("uid"):
        context.delete(volume)


def _map_change(_: ReconcileContext, change: Change) -> Iterable[QueueKey]:
    if change.key.kind == POD:
        if change.type == DELETED or not is_active(change.object):
            for name in claim_names(change.object):
                yield QueueKey(CLAIM, change.key.namespace, name)
    elif change.key.kind == CLAIM and change.type == DELETED:
        yield QueueKey(VOLUME, "", _volume_name(change.object["metadata"]["uid"]))
    elif change.type != DELETED:
        yield change.key


CONTROLLER = Controller(
    name="persistentvolumeclaim", kinds=frozenset({CLAIM, VOLUME, POD}), map_change=_map_change, reconcile=_reconcile
)
