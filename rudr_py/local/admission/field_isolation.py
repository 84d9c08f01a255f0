"""What a client may not write, and what a subresource leaves alone: the parts of an object that the server keeps.

All functions change the new object in place and never the live one.
"""

from __future__ import annotations

from typing import Any

from rudr_py.local.apimachinery import api_errors, object_meta
from rudr_py.local.backend import Backend
from rudr_py.local.registry.resources import Resource
from rudr_py.local.schema import go_zero
from rudr_py.local.storage.store import Object

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
_KEPT_IF_ABSENT = ("uid", "creationTimestamp", "generateName")
_KEPT = ("deletionTimestamp", "deletionGracePeriodSeconds", "generation", "selfLink", "resourceVersion")
_BORN_WITHOUT = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "selfLink",
    "generation",
)
_LABELLED_THROUGH_STATUS = frozenset({"nodes", "pods"})


def check_place(resource: Resource, namespace: str, name: str, metadata: Any) -> None:
    """Refuse a body that names another namespace or name than the path; fill in what it leaves out."""
    if resource.namespaced:
        if metadata.get("namespace") not in (None, "", namespace):
            raise api_errors.bad_request(
                "the namespace of the provided object does not match the namespace sent on the request"
            )
        metadata["namespace"] = namespace
    else:
        metadata.pop("namespace", None)
    if name:
        given = metadata.setdefault("name", name)
        if given != name:
            raise api_errors.bad_request(
                f"the name of the object ({given}) does not match the name on the URL ({name})"
            )


def begin(world: Backend, resource: Resource, obj: Object) -> None:
    """Give a new object its identity, and take away what only the server or a controller writes."""
    metadata = obj["metadata"]
    for key in _BORN_WITHOUT:
        metadata.pop(key, None)
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = object_meta.generated(metadata["generateName"], world.chance.choice)
    metadata["uid"] = world.uid()
    metadata["creationTimestamp"] = world.now()
    if resource.status and not (resource.custom and resource.node is None):
        _set_or_drop(obj, "status", _empty_status(resource))


def _empty_status(resource: Resource) -> Any:
    return go_zero.zero(resource.node).get("status") if resource.node is not None else None


def isolate(resource: Resource, new: Object, live: Object, subresource: str) -> None:
    """Put back what a write through this door cannot change."""
    metadata, kept = new["metadata"], live["metadata"]
    if subresource == "status":
        _only_status(resource, new, live)
        metadata = new["metadata"]
    elif subresource == "finalize":
        spec = new.get("spec") or {}
        _replace(new, {**live, "metadata": {**kept, "managedFields": kept.get("managedFields")}})
        new["spec"] = spec
        metadata = new["metadata"]
    elif resource.status:
        _set_or_drop(new, "status", live.get("status"))
    for key in _KEPT:
        _set_or_drop(metadata, key, kept.get(key))
    for key in _KEPT_IF_ABSENT:
        if not metadata.get(key):
            _set_or_drop(metadata, key, kept.get(key))
    metadata.setdefault("name", kept["name"])
    if kept.get("namespace"):
        metadata.setdefault("namespace", kept["namespace"])


def _only_status(resource: Resource, new: Object, live: Object) -> None:
    """A write to the status subresource: all else is as it was, but for who owns what."""
    given, managed = new.get("status"), new["metadata"].get("managedFields")
    metadata = dict(new["metadata"])
    _replace(new, live)
    if not resource.custom:
        labels = (
            metadata.get("labels") if resource.table in _LABELLED_THROUGH_STATUS else live["metadata"].get("labels")
        )
        _set_or_drop(metadata, "labels", labels)
        new["metadata"] = metadata
    else:
        new["metadata"] = dict(live["metadata"])
    _set_or_drop(new["metadata"], "managedFields", managed)
    _set_or_drop(new, "status", given)


def _replace(obj: Object, content: Object) -> None:
    obj.clear()
    obj.update(content)


def _set_or_drop(place: Object, key: str, value: Any) -> None:
    if value is None:
        place.pop(key, None)
    else:
        place[key] = value


def tidy(metadata: Object) -> None:
    """Leave out what Go leaves out of metadata when it is empty."""
    for key in _OMITTED_WHEN_EMPTY:
        if key in metadata and not metadata[key] and metadata[key] != 0:
            del metadata[key]


def may_go(obj: Object) -> bool:
    """Return whether an object is being deleted and nothing holds it any more."""
    metadata = obj["metadata"]
    if not metadata.get("deletionTimestamp") or metadata.get("finalizers"):
        return False
    return obj["kind"] != "Namespace" or not (obj.get("spec") or {}).get("finalizers")
