"""Whose is an object that stands where we want to write one? Pure: one live document in, a verdict out.

Never a stranger's object: what is not surely ours, or left behind by us or by Rudr, is a conflict.
"""

from __future__ import annotations

from typing import Any, Literal

from rudr_py.kube.live_object import APPLIED_ANNOTATION, LiveObject
from rudr_py.model import kinds
from rudr_py.render.values import labels as stamp
from rudr_py.render.values.plan import PlannedObject
from rudr_py.settings import FIELD_MANAGER

Verdict = Literal["ours", "orphan", "stranger"]

RUDR_MANAGERS = frozenset({"unknown", "rudr", "before-first-apply"})
"""Managers under which Rudr's own writes are recorded: it sent no user agent of its own, and a server that began to
keep the record later calls all that it found before the first apply."""


def judge(document: dict[str, Any], planned: PlannedObject, owner: LiveObject | None) -> Verdict:
    """Whether a live object is ours, an orphan that we may adopt, or somebody else's."""
    metadata = document.get("metadata", {})
    controller = next((o for o in metadata.get("ownerReferences", ()) if o.get("controller")), None)
    if controller is not None:
        return _owned(controller, owner) if owner is not None else _claimed(controller, metadata, planned)
    labelled = _labelled(metadata, planned)
    if owner is None:
        return "ours" if labelled else "stranger"
    written = {str(entry.get("manager")) for entry in metadata.get("managedFields", ()) if entry.get("manager")}
    # Rudr's clusters are older than managedFields
    rudr = bool(written & RUDR_MANAGERS) or not (written or metadata.get("ownerReferences"))
    # whoever restored it from a backup, it is a copy of what we applied
    ours = FIELD_MANAGER in written or APPLIED_ANNOTATION in (metadata.get("annotations") or {})
    nameless = planned.ref.kind == kinds.COMPONENT_INSTANCE and not metadata.get("labels")
    return "orphan" if ((rudr or ours) and labelled) or (rudr and nameless) else "stranger"


def _owned(controller: dict[str, Any], owner: LiveObject) -> Verdict:
    if controller.get("uid") == owner.uid:
        return "ours"
    # A name is unique in its namespace: the same owner under another uid is one that no longer exists.
    same = _named(controller) == (owner.api_version.rpartition("/")[0], owner.kind, owner.name)
    return "orphan" if same else "stranger"


def _claimed(controller: dict[str, Any], metadata: dict[str, Any], planned: PlannedObject) -> Verdict:
    """Of an object that is to have no owner: Rudr gave one to its volume claims, that of the instance they are for."""
    labels = metadata.get("labels") or {}
    component, instance = (str(labels.get(key) or "") for key in ("component-name", "instance-name"))
    ref = stamp.component_instance(component, instance)
    same = _named(controller) == (ref.kind.group, ref.kind.kind, ref.name)
    return "orphan" if same and _labelled(metadata, planned) else "stranger"


def _named(reference: dict[str, Any]) -> tuple[Any, ...]:
    group = str(reference.get("apiVersion", "")).rpartition("/")[0]
    return group, reference.get("kind"), reference.get("name")


def _labelled(metadata: dict[str, Any], planned: PlannedObject) -> bool:
    """Whether the object carries the labels that name our application and instance."""
    found, wanted = metadata.get("labels") or {}, planned.body["metadata"]["labels"]
    if (planned.retain or planned.reclaim) and all(key in wanted for key in _CLAIM):
        return all(found.get(key) == wanted[key] for key in _CLAIM)
    # an object of the application itself names no instance
    return stamp.APPLICATION in wanted and all(
        found.get(key) == wanted.get(key) for key in (stamp.APPLICATION, stamp.INSTANCE)
    )


_CLAIM = ("app", "component-name", "instance-name")
"""The labels that say whose a volume claim is; it has no owner."""


def describe(document: dict[str, Any]) -> str:
    """Who seems to hold an object, for people."""
    metadata = document.get("metadata", {})
    controller = next((o for o in metadata.get("ownerReferences", ()) if o.get("controller")), None)
    if controller is not None:
        return f"it is controlled by {controller.get('kind')} {controller.get('name')}"
    managers = sorted({str(entry.get("manager")) for entry in metadata.get("managedFields", ())})
    return f"it was written by {', '.join(managers)}" if managers else "it was not written by us"
