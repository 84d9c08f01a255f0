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
from rudr_py.local.strategies.core import ATTRIBUTES_FINALIZER, CLAIM_FINALIZER, VOLUME_FINALIZER

CLAIM, VOLUME = KindInfo("v1", "PersistentVolumeClaim"), KindInfo("v1", "PersistentVolume")
ATTRIBUTES = KindInfo("storage.k8s.io/v1", "VolumeAttributesClass")
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
            "claimRef": _reference(metadata),
        },
    }


def _reference(claim: Object) -> Object:
    """The reference to the claim with this metadata."""
    identity = {key: claim[key] for key in ("namespace", "name", "uid")}
    return {"apiVersion": CLAIM.api_version, "kind": CLAIM.kind, **identity}


def _bind(context: ReconcileContext, claim: Object) -> None:
    """Bind a claim to the volume that it names, once this exists, or else to a new one."""
    metadata = claim["metadata"]
    name = claim["spec"].get("volumeName") or _volume_name(metadata["uid"])
    volume = context.client.get(VOLUME, "", name)
    if volume is None:
        if claim["spec"].get("volumeName"):
            return
        volume = context.create(_volume(claim))
        message = f"Successfully provisioned volume {name} using kubernetes.io/host-path"
        context.record(claim, "ProvisioningSucceeded", message)
    if volume["spec"].get("claimRef", {}).get("uid") != metadata["uid"]:
        if not _is_meant(volume, metadata):
            return
        volume = context.update({**volume, "spec": {**volume["spec"], "claimRef": _reference(metadata)}})
    context.write_status(volume, {**volume["status"], "phase": "Bound"})
    annotations = {**(metadata.get("annotations") or {}), **_BOUND}
    spec = {**claim["spec"], "volumeName": name}
    claim = context.update({**claim, "metadata": {**metadata, "annotations": annotations}, "spec": spec})
    modes, capacity = volume["spec"].get("accessModes") or [], volume["spec"].get("capacity") or {}
    context.write_status(claim, {"phase": "Bound", "accessModes": modes, "capacity": capacity})


def _is_meant(volume: Object, claim: Object) -> bool:
    """Whether a volume is for no claim yet, or for the one with this metadata before it had a uid."""
    reference = volume["spec"].get("claimRef") or {}
    return not reference or (
        not reference.get("uid")
        and (reference.get("namespace"), reference.get("name")) == (claim["namespace"], claim["name"])
    )


def _reconcile(context: ReconcileContext, key: QueueKey) -> None:
    if key.kind == VOLUME:
        _reclaim(context, key)
        return
    if key.kind == ATTRIBUTES:
        _release(context, key)
        return
    claim = context.get(key)
    if claim is None:
        return
    metadata = claim["metadata"]
    if "deletionTimestamp" in metadata:
        if CLAIM_FINALIZER in (metadata.get("finalizers") or ()) and not _is_used(context, claim):
            context.update(without_finalizer(claim, CLAIM_FINALIZER))
    elif (metadata.get("annotations") or {}).get(OUTCOME_ANNOTATION) != "pending":
        _bind(context, claim)


def _release(context: ReconcileContext, key: QueueKey) -> None:
    """Let a deleted VolumeAttributesClass go that no claim names."""
    attributes = context.get(key)
    if attributes is None or "deletionTimestamp" not in attributes["metadata"]:
        return
    claims = context.client.list(CLAIM, "")
    if not any(claim["spec"].get("volumeAttributesClassName") == key.name for claim in claims):
        context.update(without_finalizer(attributes, ATTRIBUTES_FINALIZER))


def _reclaim(context: ReconcileContext, key: QueueKey) -> None:
    """Delete a volume whose claim is gone, if its reclaim policy is Delete; protect it as long as the claim exists."""
    volume = context.get(key)
    if volume is None:
        return
    reference = volume["spec"].get("claimRef")
    claim = context.client.get(CLAIM, reference["namespace"], reference["name"]) if reference else None
    if claim is not None and claim["metadata"]["uid"] == reference.get("uid", claim["metadata"]["uid"]):
        return
    if "deletionTimestamp" in volume["metadata"]:
        if VOLUME_FINALIZER in (volume["metadata"].get("finalizers") or ()):
            context.update(without_finalizer(volume, VOLUME_FINALIZER))
    elif reference and volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
        context.delete(volume)
    elif (volume.get("status") or {}).get("phase") == "Pending":
        context.write_status(volume, {**volume["status"], "phase": "Available"})


def _map_change(_: ReconcileContext, change: Change) -> Iterable[QueueKey]:
    if change.key.kind == POD:
        if change.type == DELETED or not is_active(change.object):
            for name in claim_names(change.object):
                yield QueueKey(CLAIM, change.key.namespace, name)
    elif change.key.kind == CLAIM and change.type == DELETED:
        yield QueueKey(ATTRIBUTES, "", change.object["spec"].get("volumeAttributesClassName") or "")
        yield QueueKey(VOLUME, "", _volume_name(change.object["metadata"]["uid"]))
    elif change.type != DELETED:
        yield change.key
        reference = change.object["spec"].get("claimRef") if change.key.kind == VOLUME else None
        if reference:
            yield QueueKey(CLAIM, reference["namespace"], reference["name"])


CONTROLLER = Controller(
    name="persistentvolumeclaim",
    kinds=frozenset({CLAIM, VOLUME, ATTRIBUTES, POD}),
    map_change=_map_change,
    reconcile=_reconcile,
)
