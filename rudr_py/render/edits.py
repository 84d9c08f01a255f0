"""Applies the edits of traits and workload types to manifests. Each path is edited at most once, in any order.

Works on copies and never changes a manifest that is passed in.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from rudr_py.api import DropField, Json, Manifest, Path, Ref, SetField
from rudr_py.model import paths
from rudr_py.render.values import labels

Edit = SetField | DropField


class Change(msgspec.Struct, frozen=True):
    """An edit, the name of the type that returned it, and the JSON path of that type's binding."""

    edit: Edit
    type_name: str
    path: str


class EditClash(msgspec.Struct, frozen=True):
    """An edit that cannot be applied; `path` is that of the binding whose type returned it."""

    message: str
    path: str


class _Blocked(Exception):  # noqa: N818 - never leaves this module
    """The path of an edit does not exist and cannot be created; the text is the reason."""


def clashes(changes: Sequence[Change], manifests: Mapping[Ref, Manifest]) -> tuple[EditClash, ...]:
    """The edits of a path that another one edits, too, or of an object that the instance does not have."""
    clashes: list[EditClash] = []
    taken: dict[Ref, list[Change]] = {}
    for change in changes:
        ref, path = change.edit.ref, change.edit.path
        if ref not in manifests:
            clashes.append(
                EditClash(f'"{change.type_name}" edits {ref}, which this instance does not have', change.path)
            )
            continue
        if path[:2] == ("metadata", "labels") and path[2:] and path[2] in labels.labels("", "any"):
            message = f'"{change.type_name}" edits {show(path)} of {ref}, a label by which rudr recognizes its objects'
            clashes.append(EditClash(message, change.path))
        ref_changes = taken.setdefault(ref, [])
        other = next((other for other in ref_changes if overlap(other.edit.path, path)), None)
        if other is not None:
            message = (
                f'"{other.type_name}" and "{change.type_name}" both edit {show(path)} of {ref}; remove one of them'
            )
            # the path of the trait is more precise than that of the instance
            clashes.append(EditClash(message, other.path if paths.below(other.path, change.path) else change.path))
        ref_changes.append(change)
    return tuple(clashes)


def by_object(changes: Sequence[Change]) -> Mapping[Ref, Sequence[Change]]:
    """The changes by the object that they edit."""
    changes_of: dict[Ref, list[Change]] = {}
    for change in changes:
        changes_of.setdefault(change.edit.ref, []).append(change)
    return changes_of


def edited(manifest: Manifest, changes: Sequence[Change]) -> tuple[Manifest, tuple[EditClash, ...]]:
    """The manifest with the edits of it applied, and those that do not match its structure.

    The order of changes does not matter, provided that they do not clash.
    """
    own_changes = sorted(
        (change for change in changes if change.edit.ref == manifest.ref), key=lambda change: show(change.edit.path)
    )
    if not own_changes:
        return manifest, ()
    metadata = {"labels": dict(manifest.labels), "annotations": dict(manifest.annotations)}
    body: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(manifest.body))
    document = {**body, "metadata": metadata}
    clashes: list[EditClash] = []
    for change in own_changes:
        try:
            if isinstance(change.edit, SetField):
                _set(document, change.edit.path, change.edit.value)
            elif not change.edit.initial:
                _drop(document, change.edit.path)
        except _Blocked as reason:
            message = f'"{change.type_name}" cannot edit {show(change.edit.path)} of {manifest.ref}: {reason}'
            clashes.append(EditClash(message, change.path))
    del document["metadata"]
    return msgspec.structs.replace(manifest, body=document, **metadata), tuple(clashes)


def causes(document: Mapping[str, Any], changes: Iterable[Change], fields: Sequence[str]) -> tuple[Change, ...]:
    """The changes of the document that concern one of the fields, such as `spec.containers[0].image`, or its parts."""
    return tuple(
        change
        for change in changes
        if any(_is_within(one, other) for field in fields for one, other in _pairs(_located(document, change), field))
    )


def _pairs(one: str, other: str) -> tuple[tuple[str, str], ...]:
    return (one, other), (other, one)


def _is_within(inner: str, outer: str) -> bool:
    return inner.startswith(outer) and inner[len(outer) :][:1] in ("", ".", "[")


def _located(document: Mapping[str, Any], change: Change) -> str:
    """The path of a change with the index of an entry in place of its keys."""
    node: Any = document
    text = ""
    for step in change.edit.path:
        if isinstance(step, dict):
            entry = _entry(node, step)
            text += f"[{node.index(entry)}]" if entry is not None else show((step,))
            node = entry
        else:
            text += f".{step}" if text else step
            node = node.get(step) if isinstance(node, dict) else None
    return text


def show(path: Path) -> str:
    """The path as text: `spec.template.spec.containers[name=web].image`."""
    text = ""
    for step in path:
        if isinstance(step, dict):
            text += "[" + ",".join(f"{key}={value}" for key, value in step.items()) + "]"
        else:
            text += f".{step}" if text else step
    return text


def overlap(left: Path, right: Path) -> bool:
    """Whether one of the paths is the other one, or begins with it."""
    return all(
        # different keys may identify one entry: a port by its name and by its number
        all(b.get(key, value) == value for key, value in a.items())
        if isinstance(a, dict) and isinstance(b, dict)
        else a == b
        for a, b in zip(left, right, strict=False)
    )


def _entry(items: object, keys: dict[str, str]) -> dict[str, Any] | None:
    if not isinstance(items, list):
        return None
    entries = (item for item in items if isinstance(item, dict))
    return next((entry for entry in entries if all(entry.get(key) == value for key, value in keys.items())), None)


def _set(node: Any, path: Path, value: Json) -> None:
    for step, following in itertools.pairwise(path):
        node = _descend(node, step, [] if isinstance(following, dict) else {})
    last = path[-1]
    if isinstance(last, dict):
        if not isinstance(value, dict):
            raise _Blocked("an entry of a list must be a map")
        entry = _descend(node, last, {})
        entry.clear()
        entry.update({**last, **value, **last})
    else:
        _map(node, last)[last] = value


def _descend(node: Any, step: str | dict[str, str], empty: Any) -> Any:
    """The value at a step; created as `empty` if it is absent."""
    if isinstance(step, dict):
        if not isinstance(node, list):
            raise _Blocked(f"{show((step,))} is an entry of a list, and its parent is not a list")
        entry = _entry(node, step)
        if entry is None:
            entry = dict(step)
            node.append(entry)
        return entry
    inner = _map(node, step)
    if inner.get(step) is None:
        inner[step] = empty
    return inner[step]


def _map(node: Any, step: str) -> dict[str, Any]:
    if isinstance(node, list):
        raise _Blocked(f'the parent of "{step}" is a list; name an entry by its key: {{"name": "{step}"}}')
    if not isinstance(node, dict):
        raise _Blocked(f'the parent of "{step}" is not a map')
    return node


def _drop(node: Any, path: Path) -> None:
    for step in path[:-1]:
        inner = node.get(step) if isinstance(step, str) and isinstance(node, dict) else None
        node = _entry(node, step) if isinstance(step, dict) else inner
    last = path[-1]
    if isinstance(last, dict):
        entry = _entry(node, last)
        if entry is not None:
            node.remove(entry)
    elif isinstance(node, dict):
        node.pop(last, None)
