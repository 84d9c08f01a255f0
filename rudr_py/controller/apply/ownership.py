"""Decide to whom a live object belongs before rudr writes it. Pure.

An object of another owner is never written: what is not surely managed by rudr, or left behind by rudr or Rudr, is a
conflict.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from rudr_py.kube.live_object import APPLIED_ANNOTATION, LiveObject
from rudr_py.model import kinds
from rudr_py.render import claims
from rudr_py.render.values import labels
from rudr_py.render.values.plan import PlannedObject
from rudr_py.settings import FIELD_MANAGER

Document = dict[str, Any]

Verdict = Literal["managed", "orphan", "foreign"]

RUDR_MANAGERS = frozenset({"unknown", "rudr", "before-first-apply"})
"""Managers of Rudr's own writes: it sent no user agent of its own, and a server that starts to track managers on an
older object records all its fields under `before-first-apply`."""

_CLAIM_LABELS = (claims.APPLICATION, claims.INSTANCE)
"""The labels that identify the owner of a volume claim, which has no owner reference.

The component is not among them: an instance keeps its data when it runs another component."""


def judge(
    document: Document,
    planned: PlannedObject,
    owner: LiveObject | None,
    former_owners: frozenset[str] = frozenset(),
) -> Verdict:
    """Whether a live object is managed by rudr, an orphan that may be adopted, or another owner's.

    `owner` is the desired owner of the planned object, None for none; `former_owners` are the uids of earlier ones.
    """
    metadata = document.get("metadata", {})
    controller = _controller(metadata)
    if controller is not None:
        if owner is not None and controller.get("uid") in former_owners:
            return "managed"
        return _controlled(controller, owner) if owner is not None else _claimed(controller, metadata, planned)
    labelled = _is_labelled(metadata, planned)
    if owner is None:
        return "managed" if labelled else "foreign"
    managers = {str(entry.get("manager")) for entry in metadata.get("managedFields", ()) if entry.get("manager")}
    # clusters with Rudr are older than managedFields
    by_rudr = bool(managers & RUDR_MANAGERS) or not (managers or metadata.get("ownerReferences"))
    # a restored backup has other managers, but still the annotation
    applied = FIELD_MANAGER in managers or APPLIED_ANNOTATION in (metadata.get("annotations") or {})
    unlabelled_instance = planned.ref.kind == kinds.COMPONENT_INSTANCE and not metadata.get("labels")
    adoptable = ((by_rudr or applied) and labelled) or (by_rudr and unlabelled_instance)
    return "orphan" if adoptable else "foreign"


def _controller(metadata: Document) -> Document | None:
    references = metadata.get("ownerReferences", ())
    return next((reference for reference in references if reference.get("controller")), None)


def _controlled(controller: Document, owner: LiveObject) -> Verdict:
    if owner.uid and controller.get("uid") == owner.uid:
        return "managed"
    # A name is unique in its namespace: an owner of this name with another uid no longer exists.
    same = _identity(controller) == (owner.api_version.rpartition("/")[0], owner.kind, owner.name)
    return "orphan" if same else "foreign"


def _claimed(controller: Document, metadata: Document, planned: PlannedObject) -> Verdict:
    """Judge an object that has an owner and is planned without: Rudr made instances the owners of their claims."""
    present = metadata.get("labels") or {}
    component, instance = (str(present.get(key) or "") for key in ("component-name", "instance-name"))
    ref = labels.component_instance(component, instance)
    same = _identity(controller) == (ref.kind.group, ref.kind.kind, ref.name)
    return "orphan" if same and _is_labelled(metadata, planned) else "foreign"


def _identity(reference: Document) -> tuple[Any, ...]:
    group = str(reference.get("apiVersion", "")).rpartition("/")[0]
    return group, reference.get("kind"), reference.get("name")


def _is_labelled(metadata: Document, planned: PlannedObject) -> bool:
    """Whether the object has the labels of the planned one's application and instance."""
    present, desired = metadata.get("labels") or {}, planned.body["metadata"]["labels"]
    if (planned.retain or planned.reclaim) and all(key in desired for key in _CLAIM_LABELS):
        return all(present.get(key) == desired[key] for key in _CLAIM_LABELS)
    # an object of the application itself has no instance
    return labels.APPLICATION in desired and all(
        present.get(key) == desired.get(key) for key in (labels.APPLICATION, labels.INSTANCE)
    )


def has_labels(present: Mapping[str, str], planned: PlannedObject) -> bool:
    """Whether the labels of a claim name the planned instance, and rudr has applied it for no other one."""
    desired = planned.body["metadata"].get("labels", {})
    keys = (*_CLAIM_LABELS, *((labels.APPLICATION, labels.INSTANCE) if labels.is_managed(present) else ()))
    return all(present.get(key) == desired.get(key) for key in keys)


def obstacle(document: Document) -> str:
    """Why an object that no application uses cannot be taken over, as the end of a sentence; empty where it can be.

    A ComponentInstance loses its claim; any other owner could delete it afterwards.
    """
    references = document.get("metadata", {}).get("ownerReferences", ())
    component_instance = kinds.COMPONENT_INSTANCE.group, kinds.COMPONENT_INSTANCE.kind
    for reference in references:
        if _identity(reference)[:2] != component_instance:
            owner = f'{reference.get("kind")} "{reference.get("name")}"'
            return f"has the owner {owner}, whose deletion deletes it; clear metadata.ownerReferences to take it over"
    return ""


def describe(document: Document, planned: PlannedObject) -> str:
    """Name the owner of an object that is not the planned one's, as the end of a sentence for the user.

    For a claim with the properties that take it over: its data must not be deleted.
    """
    metadata = document.get("metadata", {})
    desired = planned.body["metadata"].get("labels", {})
    owner = _owner_text(metadata, desired)
    if not all(desired.get(key) for key in _CLAIM_LABELS):
        return owner
    return (
        f"{owner}; give the volume another name, or, if its data is not needed there any more, take it over: set "
        f"claimName: {planned.ref.name} and adopt: true for the volume in the trait volume-mounter"
    )


def _owner_text(metadata: Document, desired: Mapping[str, str]) -> str:
    present = metadata.get("labels") or {}
    if all(present.get(key) and desired.get(key) for key in _CLAIM_LABELS):
        app, instance = (present[key] for key in _CLAIM_LABELS)
        return f'belongs to instance "{instance}" of application "{app}" (label app)'
    application = present.get(labels.APPLICATION)
    own = desired.get(labels.APPLICATION)
    if labels.is_managed(present) and application and application != own:
        return f'belongs to application "{application}" (label {labels.APPLICATION})'
    controller = _controller(metadata)
    if controller is not None:
        return f'is controlled by {controller.get("kind")} "{controller.get("name")}"'
    managers = sorted({f'"{entry.get("manager")}"' for entry in metadata.get("managedFields", ())})
    return f"was written by {' and '.join(managers)}" if managers else "does not belong to this application"


def application(document: Document, planned: PlannedObject) -> str:
    """The application that an object belongs to by its labels, if it is another one than the planned one's."""
    present = document.get("metadata", {}).get("labels") or {}
    desired = planned.body["metadata"].get("labels", {})
    name = claimant(present) if planned.retain or planned.reclaim else None
    if name is None and labels.is_managed(present):
        name = present.get(labels.APPLICATION)
    return "" if name in (None, desired.get(labels.APPLICATION)) else str(name)


def claimant(present: Mapping[str, str]) -> str | None:
    """The application that the identity labels of a claim name; None for an object without all of them."""
    return present["app"] if all(present.get(key) for key in _CLAIM_LABELS) else None
