"""Whose is an object that stands where we want to write one? Pure: one live document in, a verdict out.

Never a stranger's object: what is not surely ours, or left behind by us or by Rudr, is a conflict.
"""

from __future__ import annotations

from typing import Any, Literal

from rudr_py.kube.objects import Live
from rudr_py.render import stamp
from rudr_py.render.plan import Planned
from rudr_py.settings import FIELD_MANAGER

Verdict = Literal["ours", "orphan", "stranger"]

RUDR_MANAGERS = frozenset({"unknown", "rudr", "before-first-apply"})
"""Managers under which Rudr's own writes are recorded: it sent no user agent of its own."""


def judge(document: dict[str, Any], planned: Planned, owner: Live | None) -> Verdict:
    """Whether a live object is ours, an orphan that we may adopt, or somebody else's."""
    metadata = document.get("metadata", {})
    controller = next((o for o in metadata.get("ownerReferences", ()) if o.get("controller")), None)
    if controller is not None:
        return _owned(controller, owner)
    if owner is None:
        return "ours" if _labelled(metadata, planned) else "stranger"
    written = {str(entry.get("manager")) for entry in metadata.get("managedFields", ())}
    known = bool(written & RUDR_MANAGERS) or FIELD_MANAGER in written
    return "orphan" if known and _labelled(metadata, planned) else "stranger"


def _owned(controller: dict[str, Any], owner: Live | None) -> Verdict:
    if owner is None:
        return "stranger"
    if controller.get("uid") == owner.uid:
        return "ours"
    # A name is unique in its namespace: the same owner under another uid is one that no longer exists.
    group = str(controller.get("apiVersion", "")).rpartition("/")[0]
    named = (group, controller.get("kind"), controller.get("name"))
    same = named == (owner.api_version.rpartition("/")[0], owner.kind, owner.name)
    return "orphan" if same else "stranger"


def _labelled(metadata: dict[str, Any], planned: Planned) -> bool:
    """Whether the object carries the labels that name our application and instance."""
    found, wanted = metadata.get("labels", {}), planned.body["metadata"]["labels"]
    if planned.retain:
        return all(key in wanted and found.get(key) == wanted[key] for key in _CLAIM)
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
