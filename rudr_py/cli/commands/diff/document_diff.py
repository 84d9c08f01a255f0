"""The difference of two states of an object as lines, and the owners of the fields that differ. Pure.

Fields that change with every write (managedFields, resourceVersion, generation, records of the last applied
configuration) are ignored. Values of Secrets are never printed.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import msgspec

from rudr_py.api import Path, Ref
from rudr_py.cli.output import documents
from rudr_py.controller.apply import managed_fields
from rudr_py.kube.live_object import APPLIED_ANNOTATION

Document = dict[str, Any]

_SERVER_FIELDS = frozenset({"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"})
"""Fields of the metadata that the server sets."""

_RECORDS = frozenset({APPLIED_ANNOTATION, "kubectl.kubernetes.io/last-applied-configuration"})
"""Annotations with a copy of the object, including the values of a Secret, or with a hash of it."""

MASK, BEFORE, AFTER = "***", "*** (before)", "*** (after)"
"""The replacements of a value of a Secret: unchanged, and changed."""


class DocumentDiff(msgspec.Struct, frozen=True, kw_only=True):
    """The live state of an object and the state after the change; None if it does not exist. `notes` are for people."""

    ref: Ref
    namespace: str
    live: Document | None
    merged: Document | None
    notes: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """The name of its file, as in kubectl."""
        kind = self.ref.kind
        return f"{kind.api_version.replace('/', '.')}.{kind.kind}.{self.namespace}.{self.ref.name}"


def texts(diff: DocumentDiff) -> tuple[str, str]:
    """Both states as YAML with sorted keys; empty for an object that does not exist. Equal if nothing differs."""
    live, merged = _comparable(diff.live), _comparable(diff.merged)
    if diff.ref.kind.kind == "Secret":
        live, merged = masked(live, merged)
    return _text(live), _text(merged)


def lines(diff: DocumentDiff) -> list[str]:
    """A unified diff with three lines of context; empty if nothing differs."""
    live, merged = texts(diff)
    unified_diff = difflib.unified_diff(
        live.splitlines(),
        merged.splitlines(),
        f"LIVE/{diff.file}" if live else "/dev/null",
        f"MERGED/{diff.file}" if merged else "/dev/null",
        lineterm="",
    )
    return list(unified_diff)


def owners(diff: DocumentDiff) -> list[str]:
    """The owners of each field that would change: `spec.replicas is owned by kubectl-edit`."""
    live, merged = diff.live, diff.merged
    if live is None or merged is None:
        return []
    by_path: dict[str, list[str]] = {}
    for manager, owned in managed_fields.others(live):
        for path in managed_fields.changed(owned, _comparable(live), _comparable(merged)):
            managers = by_path.setdefault(path, [])
            if manager not in managers:
                managers.append(manager)
    return [f"{path} is owned by {' and '.join(managers)}" for path, managers in sorted(by_path.items())]


def held(merged: Document, live: Document, paths: tuple[Path, ...]) -> Document:
    """The merged state with the live values of fields whose ownership is given up without a reset."""
    for path in paths:
        value = managed_fields.value(live, path)
        if (
            value is not None
            and managed_fields.value(merged, path) != value
            and not any(isinstance(step, dict) for step in path)
        ):
            merged = _with(merged, tuple(str(step) for step in path), value)
    return merged


def masked(live: Document | None, merged: Document | None) -> tuple[Document | None, Document | None]:
    """Both states of a Secret with replaced values, which still differ where the values do."""
    for part in ("data", "stringData"):
        old, new = _mapping((live or {}).get(part)), _mapping((merged or {}).get(part))
        masked_old = {key: MASK if key not in new or new[key] == value else BEFORE for key, value in old.items()}
        masked_new = {key: MASK if key not in old or old[key] == value else AFTER for key, value in new.items()}
        live = {**live, part: masked_old} if live is not None and old else live
        merged = {**merged, part: masked_new} if merged is not None and new else merged
    return live, merged


def _comparable(document: Document | None) -> Document | None:
    """The document without the ignored fields."""
    if document is None:
        return None
    metadata = {key: value for key, value in document.get("metadata", {}).items() if key not in _SERVER_FIELDS}
    annotations = metadata.pop("annotations", None) or {}
    annotations = {name: value for name, value in annotations.items() if name not in _RECORDS}
    if annotations:
        metadata["annotations"] = annotations
    return {**{key: value for key, value in document.items() if key != "status"}, "metadata": metadata}


def _text(document: Document | None) -> str:
    return "" if document is None else documents.documents([_sorted(document)])


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def _with(document: Document, path: tuple[str, ...], value: Any) -> Document:
    step, rest = path[0], path[1:]
    below = document.get(step)
    inner = _with(below if isinstance(below, dict) else {}, rest, value) if rest else value
    return {**document, step: inner}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
