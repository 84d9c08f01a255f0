"""Complete a planned object: its owner, the preconditions, and the hash that records the applied body. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from rudr_py.api import Ref, get_in
from rudr_py.controller.apply.preserved import ignored_fields, template_annotations
from rudr_py.kube.live_object import APPLIED_ANNOTATION, LiveObject
from rudr_py.model.metadata_keys import INPUTS_ANNOTATION, RECLAIM, WORKLOAD_TYPE_LABEL
from rudr_py.render.values import digests
from rudr_py.render.values.plan import PlannedObject

RECLAIM_ANNOTATION = RECLAIM
"""Marks an object without owner that is deleted with its application. No plan exists any more at that time."""


class DesiredObject(msgspec.Struct, frozen=True):
    """A planned object with its owner and its complete body. `hash` is the value of the body's applied annotation; it
    does not depend on the values of ignored fields.

    `former_hash` is that of the body as earlier releases rendered it, with all annotations of the component in its pod
    template; empty where that is the same. An `owner` without uid does not exist yet; the body then has no owner
    reference. `former_owners` are the uids of earlier owners: an object of one of them is managed by rudr, and its
    apply passes it to the current owner. `awaited` are the names of workloads and pods that end before the object is
    created; `predecessors` are those of the workloads that have to be deleted for that. `claim_refusal` is why it
    must not be written for the sake of a claim of another application, see `claims.access`.
    """

    planned: PlannedObject
    owner: LiveObject | None
    document: dict[str, Any]
    hash: str
    former_owners: frozenset[str] = frozenset()
    former_hash: str = ""
    awaited: tuple[str, ...] = ()
    predecessors: tuple[Ref, ...] = ()
    claim_refusal: str = ""

    @property
    def ref(self) -> Ref:
        """The kind and name of the object."""
        return self.planned.ref

    @property
    def has_one_pod(self) -> bool:
        """Whether two pods of this workload at once may harm its data: a singleton, or one with an Exclusive volume."""
        spec = self.document.get("spec") or {}
        one = spec.get("replicas") == 1
        return one and (self.ref.kind.kind == "StatefulSet" or (spec.get("strategy") or {}).get("type") == "Recreate")

    def is_applied(self, live: LiveObject) -> bool:
        """Whether the live object records this body as the last applied one."""
        return live.applied in (self.hash, self.former_hash) and live.applied != ""

    def keeping(self, annotations: Mapping[str, str]) -> DesiredObject:
        """The same object with additional annotations in its pod template, which its hash does not record."""
        document = template_annotations.add(self.document, annotations)
        return self if document is self.document else msgspec.structs.replace(self, document=document)

    def over(self, live: Mapping[str, Any] | None) -> DesiredObject:
        """The same object as it is applied to a live one, whose ignored fields are left to other managers."""
        document = ignored_fields.over(self.document, dict(live or {}), self.planned.ignored)
        return self if document is self.document else msgspec.structs.replace(self, document=document)

    def encoded(self, *, uid: str = "", resource_version: str = "") -> bytes:
        """The body as JSON, with preconditions in its metadata."""
        preconditions = {key: value for key, value in (("uid", uid), ("resourceVersion", resource_version)) if value}
        return msgspec.json.encode({**self.document, "metadata": {**self.document["metadata"], **preconditions}})


def complete(
    planned: PlannedObject, owner: LiveObject | None, former_owners: frozenset[str] = frozenset()
) -> DesiredObject:
    """Return the desired object. Null values are omitted, because a server-side apply ignores them."""
    metadata = dict(planned.body["metadata"])
    if owner is not None and owner.uid:
        metadata["ownerReferences"] = [reference(owner)]
    if added := _annotations(planned):
        metadata["annotations"] = {**metadata.get("annotations", {}), **added}
    document = {**planned.body, "metadata": metadata}
    if b"null" in msgspec.json.encode(document):
        document = _without_nulls(document)
    applied = digests.of(ignored_fields.blank(document, planned.ignored))
    former = _former_hash(document, planned) if planned.uncopied else ""
    annotations = {**document["metadata"].get("annotations", {}), APPLIED_ANNOTATION: applied}
    document = {**document, "metadata": {**document["metadata"], "annotations": annotations}}
    return DesiredObject(planned, owner, document, applied, former_owners, former)


def _former_hash(document: dict[str, Any], planned: PlannedObject) -> str:
    return digests.of(ignored_fields.blank(template_annotations.add(document, planned.uncopied), planned.ignored))


def in_place(desired: DesiredObject, live: LiveObject | None) -> DesiredObject:
    """The desired object as it is applied to the live one: with its pod selector, and with labels of pods that match.

    The selector of a workload of Kubernetes is immutable, and contains the label of the workload type at the time when
    the object was created. Unchanged for an absent object and for a selector that differs in anything else.
    """
    if live is None or live.deleting or desired.ref.kind.group != "apps":
        return desired
    body = desired.planned.body
    selector = get_in(body, "spec", "selector", "matchLabels", default={})
    labels = get_in(body, "spec", "template", "metadata", "labels", default={})
    if not (selector and labels):
        return desired
    kept = _selected(live)
    if kept == selector or kept != {**selector, WORKLOAD_TYPE_LABEL: kept.get(WORKLOAD_TYPE_LABEL)}:
        return desired
    spec = body["spec"]
    metadata = {**spec["template"]["metadata"], "labels": {**labels, **kept}}
    template = {**spec["template"], "metadata": metadata}
    changed = {**spec, "selector": {**spec["selector"], "matchLabels": kept}, "template": template}
    planned = msgspec.structs.replace(desired.planned, body={**body, "spec": changed})
    completed = complete(planned, desired.owner)
    return msgspec.structs.replace(
        desired,
        planned=planned,
        document=completed.document,
        hash=completed.hash,
        former_hash=completed.former_hash,
    )


class _Selector(msgspec.Struct, frozen=True, rename="camel"):
    match_labels: dict[str, str] = {}
    match_expressions: list[msgspec.Raw] = []


class _Selecting(msgspec.Struct, frozen=True):
    selector: _Selector = _Selector()


class _Workload(msgspec.Struct, frozen=True):
    spec: _Selecting = _Selecting()


_workloads = msgspec.json.Decoder(_Workload)


def _selected(live: LiveObject) -> dict[str, str]:
    """The labels that the live object selects; empty for a selector with expressions, or of another form."""
    try:
        selector = _workloads.decode(live.body).spec.selector
    except msgspec.MsgspecError:
        return {}
    return {} if selector.match_expressions else selector.match_labels


def without_owner(desired: DesiredObject) -> DesiredObject:
    """The desired object with a body that has no owner reference."""
    metadata = {key: value for key, value in desired.document["metadata"].items() if key != "ownerReferences"}
    return msgspec.structs.replace(desired, document={**desired.document, "metadata": metadata})


def _annotations(planned: PlannedObject) -> dict[str, str]:
    reclaim = {RECLAIM_ANNOTATION: "delete"} if planned.reclaim else {}
    return {**reclaim, INPUTS_ANNOTATION: planned.inputs_digest} if planned.inputs_digest else reclaim


def reference(owner: LiveObject) -> dict[str, Any]:
    """Return the owner reference of a controller."""
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
