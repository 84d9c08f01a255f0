"""The fields of an object that a write cannot set: those that the server or another subresource owns.

All functions change the new object in place and never the live one.
"""

from __future__ import annotations

from typing import Any

from rudr_py.local.apimachinery import api_errors, object_meta
from rudr_py.local.backend import Backend
from rudr_py.local.registry.resources import Resource
from rudr_py.local.schema import go_zero
from rudr_py.local.storage.store import Object
from rudr_py.local.strategies import ephemeral_containers, pod_resize

_OMITTED_WHEN_EMPTY = (
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "labels",
    "managedFields",
    "namespace",
    "ownerReferences",
    "selfLink",
)
_INHERITED = ("uid", "creationTimestamp", "generateName")
_SERVER_OWNED = ("deletionTimestamp", "deletionGracePeriodSeconds", "generation", "selfLink", "resourceVersion")
_CLEARED_ON_CREATE = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "generation",
)
_STATUS_ON_CREATE = frozenset({"nodes"})
"""Tables whose objects are created with their status: a kubelet registers its node in one request."""
_STATUS_MAY_SET_LABELS = frozenset({"nodes", "pods"})


def check_path(resource: Resource, namespace: str, name: str, metadata: Any) -> None:
    """Raise `ApiError` (400) if a body names another namespace or object than the path; set them if absent."""
    if resource.namespaced:
        if metadata.get("namespace") not in (None, "", namespace):
            raise api_errors.bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        metadata["namespace"] = namespace
    else:
        metadata.pop("namespace", None)
    if name:
        body_name = metadata.setdefault("name", name)
        if body_name != name:
            raise api_errors.mismatched_name(body_name, name)


def prepare_new(backend: Backend, resource: Resource, obj: Object) -> None:
    """Set the identity of a new object, and remove the fields that only the server or a controller writes."""
    metadata = obj["metadata"]
    for key in _CLEARED_ON_CREATE:
        metadata.pop(key, None)
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = object_meta.generated(metadata["generateName"], backend.rng.choice)
    metadata["uid"] = backend.uid()
    metadata["creationTimestamp"] = backend.now()
    if resource.status and resource.table not in _STATUS_ON_CREATE and not (resource.custom and resource.node is None):
        _set_or_drop(obj, "status", _empty_status(resource))


def _empty_status(resource: Resource) -> Any:
    return go_zero.zero(resource.node).get("status") if resource.node is not None else None


_POD_PARTS = {
    ephemeral_containers.SUBRESOURCE: ephemeral_containers.added,
    pod_resize.SUBRESOURCE: pod_resize.resized,
}
"""The parts of the spec of a pod that subresources change."""


def isolate(resource: Resource, new: Object, live: Object, subresource: str) -> None:
    """Restore the fields that a write through this endpoint cannot change."""
    metadata, live_metadata = new["metadata"], live["metadata"]
    if subresource == "status":
        _isolate_status(resource, new, live)
        metadata = new["metadata"]
    elif subresource == "finalize":
        spec = new.get("spec") or {}
        _replace(new, {**live, "metadata": {**live_metadata, "managedFields": live_metadata.get("managedFields")}})
        new["spec"] = spec
        metadata = new["metadata"]
    elif subresource in _POD_PARTS:
        managers = metadata.get("managedFields")
        _replace(new, _POD_PARTS[subresource](new, live))
        metadata = new["metadata"] = {**live_metadata, "managedFields": managers}
    elif resource.status:
        _set_or_drop(new, "status", live.get("status"))
    for key in _SERVER_OWNED:
        _set_or_drop(metadata, key, live_metadata.get(key))
    for key in _INHERITED:
        if not metadata.get(key):
            _set_or_drop(metadata, key, live_metadata.get(key))
    metadata.setdefault("name", live_metadata["name"])
    if live_metadata.get("namespace"):
        metadata.setdefault("namespace", live_metadata["namespace"])


def _isolate_status(resource: Resource, new: Object, live: Object) -> None:
    """Restore everything except the status, and except field ownership."""
    status, manager_entries = new.get("status"), new["metadata"].get("managedFields")
    metadata = dict(new["metadata"])
    _replace(new, live)
    if not resource.custom:
        labels = metadata.get("labels") if resource.table in _STATUS_MAY_SET_LABELS else live["metadata"].get("labels")
        _set_or_drop(metadata, "labels", labels)
        new["metadata"] = metadata
    else:
        new["metadata"] = dict(live["metadata"])
    _set_or_drop(new["metadata"], "managedFields", manager_entries)
    _set_or_drop(new, "status", status)


def _replace(obj: Object, content: Object) -> None:
    obj.clear()
    obj.update(content)


def _set_or_drop(place: Object, key: str, value: Any) -> None:
    if value is None:
        place.pop(key, None)
    else:
        place[key] = value


def drop_empty(metadata: Object) -> None:
    """Remove the empty metadata fields that Go omits."""
    for key in _OMITTED_WHEN_EMPTY:
        if key in metadata and not metadata[key] and metadata[key] != 0:
            del metadata[key]


def is_removable(obj: Object) -> bool:
    """Return whether an object is being deleted, has no finalizers and no grace period."""
    metadata = obj["metadata"]
    pending = metadata.get("finalizers") or metadata.get("deletionGracePeriodSeconds")
    if not metadata.get("deletionTimestamp") or pending:
        return False
    return obj["kind"] != "Namespace" or not (obj.get("spec") or {}).get("finalizers")
