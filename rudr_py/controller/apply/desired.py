"""Plan -> the bytes that are sent: owner, precondition and the record of what was applied. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from rudr_py.kube.live_object import APPLIED_ANNOTATION, LiveObject
from rudr_py.model.metadata_keys import INPUTS_ANNOTATION, RECLAIM
from rudr_py.render.values import digests
from rudr_py.render.values.plan import PlannedObject

RECLAIM_ANNOTATION = RECLAIM
"""Says on an object without owner that it goes with its application: whoever ends that may have no plan to ask."""


class DesiredBody(msgspec.Struct, frozen=True):
    """A complete manifest and the hash under which its annotation records it."""

    document: dict[str, Any]
    hash: str

    def encoded(self, *, uid: str = "", resource_version: str = "") -> bytes:
        """The JSON of the manifest with preconditions in its metadata."""
        extra = {key: value for key, value in (("uid", uid), ("resourceVersion", resource_version)) if value}
        return msgspec.json.encode({**self.document, "metadata": {**self.document["metadata"], **extra}})


def complete(planned: PlannedObject, owner: LiveObject | None) -> DesiredBody:
    """The manifest with its owner and its hash. Nulls are left out: they mean nothing to an apply."""
    metadata = dict(planned.body["metadata"])
    if owner is not None:
        metadata["ownerReferences"] = [reference(owner)]
    if extra := _annotations(planned):
        metadata["annotations"] = {**metadata.get("annotations", {}), **extra}
    document = _without_nulls({**planned.body, "metadata": metadata})
    found = digests.of(document)
    annotations = {**document["metadata"].get("annotations", {}), APPLIED_ANNOTATION: found}
    return DesiredBody({**document, "metadata": {**document["metadata"], "annotations": annotations}}, found)


def _annotations(planned: PlannedObject) -> dict[str, str]:
    found = {RECLAIM_ANNOTATION: "delete"} if planned.reclaim else {}
    return {**found, INPUTS_ANNOTATION: planned.once} if planned.once else found


def reference(owner: LiveObject) -> dict[str, Any]:
    """The owner reference of a controller."""
    return {
        "apiVersion": owner.api_version,
        "kind": owner.kind,
        "name": owner.name,
        "uid": owner.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value
