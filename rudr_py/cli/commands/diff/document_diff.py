"""Two states of one object -> the lines that differ, and who owns the differing fields. Pure.

What differs with every write (managedFields, resourceVersion, generation, our record of what was applied) is left
out, and values of Secrets are never shown.
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

HIDDEN = frozenset({"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"})
"""Parts of the metadata that the server makes, and that say nothing."""

_RECORDS = frozenset({APPLIED_ANNOTATION, "kubectl.kubernetes.io/last-applied-configuration"})
"""Annotations that repeat the whole object, the values of a Secret with it, or a hash of it."""

MASK, BEFORE, AFTER = "***", "*** (before)", "*** (after)"
"""What stands for the value of a Secret: the same on both sides, and changed."""


class DocumentDiff(msgspec.Struct, frozen=True, kw_only=True):
    """An object as it is and as it would be; None where it is not there. `notes` are for people."""

    ref: Ref
    namespace: str
    live: Document | None
    merged: Document | None
    notes: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """The name of its file, as kubectl has it."""
        kind = self.ref.kind
        return f"{kind.api_version.replace('/', '.')}.{kind.kind}.{self.namespace}.{self.ref.name}"


def texts(difference: DocumentDiff) -> tuple[str, str]:
    """Both states as YAML, keys in order; empty for an object that is not there. Equal when nothing differs."""
    live, merged = _shown(difference.live), _shown(difference.merged)
    if difference.ref.kind.kind == "Secret":
        live, merged = masked(live, merged)
    return _text(live), _text(merged)


def lines(difference: DocumentDiff) -> list[str]:
    """The differing lines with three around them, as `diff -u` writes them; none when nothing differs."""
    live, merged = texts(difference)
    found = difflib.unified_diff(
        live.splitlines(),
        merged.splitlines(),
        f"LIVE/{difference.file}" if live else "/dev/null",
        f"MERGED/{difference.file}" if merged else "/dev/null",
        lineterm="",
    )
    return list(found)


def owners(difference: DocumentDiff) -> list[str]:
    """Who owns each field that would become another: `spec.replicas is owned by kubectl-edit`."""
    live, merged = difference.live, difference.merged
    if live is None or merged is None:
        return []
    found: dict[str, list[str]] = {}
    for manager, owned in managed_fields.others(live):
        for path in managed_fields.changed(owned, _shown(live), _shown(merged)):
            managers = found.setdefault(path, [])
            if manager not in managers:
                managers.append(manager)
    return [f"{path} is owned by {' and '.join(managers)}" for path, managers in sorted(found.items())]


def held(merged: Document, live: Document, paths: tuple[Path, ...]) -> Document:
    """What would be, with the values that are given up without being reset, as they are."""
    for path in paths:
        value = managed_fields.value(live, path)
        if (
            value is not None
            and managed_fields.value(merged, path) != value
            and not any(isinstance(s, dict) for s in path)
        ):
            merged = _with(merged, tuple(str(step) for step in path), value)
    return merged


def masked(live: Document | None, merged: Document | None) -> tuple[Document | None, Document | None]:
    """Both states of a Secret without its values, so that one still sees which of them change."""
    for part in ("data", "stringData"):
        old, new = _mapping((live or {}).get(part)), _mapping((merged or {}).get(part))
        ours = {key: MASK if key not in new or new[key] == value else BEFORE for key, value in old.items()}
        theirs = {key: MASK if key not in old or old[key] == value else AFTER for key, value in new.items()}
        live = {**live, part: ours} if live is not None and old else live
        merged = {**merged, part: theirs} if merged is not None and new else merged
    return live, merged


def _shown(document: Document | None) -> Document | None:
    """The document without what is not to be compared."""
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


def _with(document: Document, path: tuple[str, ...], value: Any) -> Document:
    step, rest = path[0], path[1:]
    below = document.get(step)
    inner = _with(below if isinstance(below, dict) else {}, rest, value) if rest else value
    return {**document, step: inner}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
