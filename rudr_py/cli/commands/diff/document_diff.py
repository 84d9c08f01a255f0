"""Compare two states of one object: the differing lines, and the owners of the differing fields. Pure.

Defaults of the server and fields that change with every write (managedFields, resourceVersion, generation, the record
of the last apply) are left out, and values of Secrets are never shown.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from rudr_py.api import Path, Ref, get_in
from rudr_py.cli.commands.diff import server_defaults
from rudr_py.cli.output import documents, plain_text
from rudr_py.controller.apply import managed_fields
from rudr_py.kube.live_object import APPLIED_ANNOTATION

Document = dict[str, Any]

HIDDEN = frozenset({"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"})
"""Metadata that the server sets; it is no difference."""

_RECORDS = frozenset({APPLIED_ANNOTATION, "kubectl.kubernetes.io/last-applied-configuration"})
"""Annotations that repeat the whole object, the values of a Secret with it, or a hash of it."""

MASK, BEFORE, AFTER = "***", "*** (before)", "*** (after)"
"""Placeholders for the value of a Secret: equal in both states, and changed."""


Change = Literal["create", "change", "delete", "replace"]

_OUTCOMES: Mapping[Change, str] = {
    "create": "would be created",
    "change": "would be changed",
    "delete": "would be pruned",
    "replace": "would be replaced",
}


class DocumentDiff(msgspec.Struct, frozen=True, kw_only=True):
    """The live and the future state of an object; None where it does not exist.

    `unread` means that it exists but the user may not read it, so that the live state and the lines are unknown.
    `replaced` means that it is deleted and created again. `blocked` is why the controller does not do so at the next
    reconcile, empty where it does. `notes` are further remarks for the user. `restarts` is the number of pods that
    the change replaces; None if it replaces none, or if they are not counted.
    """

    ref: Ref
    namespace: str
    live: Document | None
    merged: Document | None
    application: str = ""
    replaced: bool = False
    unread: bool = False
    blocked: str = ""
    notes: tuple[str, ...] = ()
    restarts: int | None = None

    @property
    def change(self) -> Change:
        """The change of the object."""
        if self.replaced:
            return "replace"
        if self.unread:
            return "change"
        if self.live is None:
            return "create"
        return "delete" if self.merged is None else "change"

    @property
    def outcome(self) -> str:
        """The future of the object, as the end of a sentence."""
        return _OUTCOMES[self.change]

    @property
    def remarks(self) -> tuple[str, ...]:
        """All lines for the user beside the differing lines: notes, the reason why it is blocked, owners of fields."""
        blocked = (f"blocked: {self.blocked}",) if self.blocked else ()
        pods = () if self.restarts is None else (f"restarts {plain_text.counted(self.restarts, 'pod')}",)
        return (*self.notes, *pods, *blocked, *owners(self))

    @property
    def file(self) -> str:
        """The name of its file, in the format of `kubectl diff`."""
        kind = self.ref.kind
        return f"{kind.api_version.replace('/', '.')}.{kind.kind}.{self.namespace}.{self.ref.name}"


def texts(diff: DocumentDiff) -> tuple[str, str]:
    """Both states as YAML, keys in order; empty where the object does not exist. Equal when nothing differs."""
    live, merged = states(diff)
    return _text(live), _text(merged)


def states(diff: DocumentDiff) -> tuple[Document | None, Document | None]:
    """Both states without defaults of the server and fields that are no difference; None if the object does not exist.

    Values of Secrets are masked.
    """
    live, merged = map(_compared, server_defaults.left_out(diff.live, diff.merged))
    return masked(live, merged) if diff.ref.kind.kind == "Secret" else (live, merged)


def lines(diff: DocumentDiff) -> list[str]:
    """The differing lines in the format of `diff -u`; none when nothing differs."""
    if diff.unread:
        return []
    live, merged = texts(diff)
    unified = difflib.unified_diff(
        live.splitlines(),
        merged.splitlines(),
        f"LIVE/{diff.file}" if live else "/dev/null",
        f"MERGED/{diff.file}" if merged else "/dev/null",
        lineterm="",
    )
    return list(unified)


def owners(diff: DocumentDiff) -> list[str]:
    """The owner of each field that would change, such as `spec.replicas is owned by kubectl-edit`."""
    live, merged = diff.live, diff.merged
    if live is None or merged is None:
        return []
    owned_by: dict[str, list[str]] = {}
    for manager, owned in managed_fields.others(live):
        for path in managed_fields.changed(owned, _compared(live), _compared(merged)):
            managers = owned_by.setdefault(path, [])
            if manager not in managers:
                managers.append(manager)
    return [f"{path} is owned by {' and '.join(managers)}" for path, managers in sorted(owned_by.items())]


def held(merged: Document, live: Document, paths: tuple[Path, ...]) -> Document:
    """The future state with the live values of the fields that are given up without being reset."""
    for path in paths:
        value = managed_fields.value(live, path)
        if (
            value is not None
            and managed_fields.value(merged, path) != value
            and not any(isinstance(s, dict) for s in path)
        ):
            merged = with_value(merged, path, value)
    return merged


def with_value(document: Document, path: Path, value: Any) -> Document:
    """The document with another value at a path of names."""
    step, rest = str(path[0]), path[1:]
    below = document.get(step)
    inner = with_value(below if isinstance(below, dict) else {}, rest, value) if rest else value
    return {**document, step: inner}


def masked(live: Document | None, merged: Document | None) -> tuple[Document | None, Document | None]:
    """Both states of a Secret with placeholders for its values, which show the ones that change."""
    for part in ("data", "stringData"):
        old, new = get_in(live, part, default={}), get_in(merged, part, default={})
        old_values = {key: MASK if key not in new or new[key] == value else BEFORE for key, value in old.items()}
        new_values = {key: MASK if key not in old or old[key] == value else AFTER for key, value in new.items()}
        live = {**live, part: old_values} if live is not None and old else live
        merged = {**merged, part: new_values} if merged is not None and new else merged
    return live, merged


def _compared(document: Document | None) -> Document | None:
    """The document without the fields that are no difference."""
    if document is None:
        return None
    metadata = {key: value for key, value in document.get("metadata", {}).items() if key not in HIDDEN}
    annotations = {k: v for k, v in (metadata.pop("annotations", None) or {}).items() if k not in _RECORDS}
    if annotations:
        metadata["annotations"] = annotations
    return {**{key: value for key, value in document.items() if key != "status"}, "metadata": metadata}


def _text(document: Document | None) -> str:
    return "" if document is None else documents.documents([_sorted(document)])


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
