"""Applies the edits of traits and workload types to manifests: each path once, in no particular order.

Works on copies; a manifest that comes in is never changed.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from rudr_py.api import DropField, Json, Manifest, Path, Ref, SetField
from rudr_py.model import paths

Edit = SetField | DropField


class Change(msgspec.Struct, frozen=True):
    """An edit and who makes it: the type's name and the JSON path of its binding."""

    edit: Edit
    by: str
    path: str


class EditClash(msgspec.Struct, frozen=True):
    """An edit that cannot be made; `path` is where the one who wants it stands in the document."""

    message: str
    path: str


class _Blocked(Exception):  # noqa: N818 - never leaves this module
    """The place of an edit cannot be reached; the text follows the words "cannot edit x"."""


def clashes(changes: Sequence[Change], known: Mapping[Ref, Manifest]) -> tuple[EditClash, ...]:
    """The edits that hit a path which another one edits too, or an object that the instance does not have."""
    found: list[EditClash] = []
    taken: dict[Ref, list[Change]] = {}
    for change in changes:
        ref, path = change.edit.ref, change.edit.path
        if ref not in known:
            found.append(EditClash(f'"{change.by}" edits {ref}, which this instance does not have', change.path))
            continue
        others = taken.setdefault(ref, [])
        other = next((other for other in others if _overlap(other.edit.path, path)), None)
        if other is not None:
            message = f'"{other.by}" and "{change.by}" both edit {show(path)} of {ref}; remove one of them'
            # the trait's place tells more than that of the instance that it is attached to
            found.append(EditClash(message, other.path if paths.below(other.path, change.path) else change.path))
        others.append(change)
    return tuple(found)


def edited(manifest: Manifest, changes: Sequence[Change]) -> tuple[Manifest, tuple[EditClash, ...]]:
    """The manifest with those edits that are meant for it, and those that its shape does not admit.

    The order of changes that do not clash makes no difference.
    """
    mine = sorted(
        (change for change in changes if change.edit.ref == manifest.ref), key=lambda one: show(one.edit.path)
    )
    if not mine:
        return manifest, ()
    metadata = {"labels": dict(manifest.labels), "annotations": dict(manifest.annotations)}
    body: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(manifest.body))
    whole = {**body, "metadata": metadata}
    found: list[EditClash] = []
    for change in mine:
        try:
            _make(whole, change.edit)
        except _Blocked as why:
            message = f'"{change.by}" cannot edit {show(change.edit.path)} of {manifest.ref}: {why}'
            found.append(EditClash(message, change.path))
    del whole["metadata"]
    return msgspec.structs.replace(manifest, body=whole, **metadata), tuple(found)


def show(path: Path) -> str:
    """The path for people: `spec.template.spec.containers[name=web].image`."""
    text = ""
    for step in path:
        if isinstance(step, dict):
            text += "[" + ",".join(f"{key}={value}" for key, value in step.items()) + "]"
        else:
            text += f".{step}" if text else step
    return text


def _overlap(one: Path, other: Path) -> bool:
    return all(_same(a, b) for a, b in zip(one, other, strict=False))


def _same(one: str | dict[str, str], other: str | dict[str, str]) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        # different keys may name one entry: a port by its name and by its number
        return all(other.get(key, value) == value for key, value in one.items())
    return one == other


def _make(body: dict[str, Any], edit: Edit) -> None:
    if isinstance(edit, SetField):
        _set(body, edit.path, edit.value)
    else:
        _drop(body, edit.path)


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
    """What is at a step, made when it is not there."""
    if isinstance(step, dict):
        if not isinstance(node, list):
            raise _Blocked("there is no list")
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
    if not isinstance(node, dict):
        raise _Blocked(f'"{step}" is to be in something that is no map')
    return node


def _drop(node: Any, path: Path) -> None:
    for step in path[:-1]:
        node = _entry(node, step) if isinstance(step, dict) else _inner(node, step)
    last = path[-1]
    if isinstance(last, dict):
        entry = _entry(node, last)
        if entry is not None:
            node.remove(entry)
    elif isinstance(node, dict):
        node.pop(last, None)


def _inner(node: Any, step: str) -> Any:
    return node.get(step) if isinstance(node, dict) else None
