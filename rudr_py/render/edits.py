"""Applies the edits of traits and workload types to manifests: each path once, in no particular order.

Works on copies; a manifest that comes in is never changed.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from rudr_py.api import Drop, Json, Manifest, Path, Ref, Set

Edit = Set | Drop


class Change(msgspec.Struct, frozen=True):
    """An edit and who makes it: the type's name and the JSON path of its binding."""

    edit: Edit
    by: str
    path: str


class Clash(msgspec.Struct, frozen=True):
    """An edit that cannot be made; `path` is where the one who wants it stands in the document."""

    message: str
    path: str


def clashes(changes: Sequence[Change], known: Mapping[Ref, Manifest]) -> tuple[Clash, ...]:
    """The edits that hit a path which another one edits too, or an object that the instance does not have."""
    found: list[Clash] = []
    taken: dict[Ref, list[tuple[Path, Change]]] = {}
    for change in changes:
        ref, path = change.edit.ref, change.edit.path
        if ref not in known:
            found.append(Clash(f'"{change.by}" edits {ref}, which this instance does not have', change.path))
            continue
        others = taken.setdefault(ref, [])
        other = next((other for there, other in others if _overlap(there, path)), None)
        if other is not None:
            found.append(
                Clash(f'"{other.by}" and "{change.by}" both set {show(path)} of {ref}; remove one of them', change.path)
            )
        others.append((path, change))
    return tuple(found)


def edited(manifest: Manifest, changes: Sequence[Change]) -> Manifest:
    """The manifest with the edits that are meant for it."""
    mine = [change.edit for change in changes if change.edit.ref == manifest.ref]
    if not mine:
        return manifest
    body: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(manifest.body))
    for edit in mine:
        if isinstance(edit, Set):
            _set(body, edit.path, edit.value)
        else:
            _drop(body, edit.path)
    return msgspec.structs.replace(manifest, body=body)


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
    return all(a == b for a, b in zip(one, other, strict=False))


def _entry(items: list[Any], keys: dict[str, str]) -> dict[str, Any] | None:
    return next((item for item in items if all(item.get(key) == value for key, value in keys.items())), None)


def _set(node: Any, path: Path, value: Json) -> None:
    for step, following in itertools.pairwise(path):
        empty: Any = [] if isinstance(following, dict) else {}
        node = _descend(node, step, empty)
    last = path[-1]
    if isinstance(last, dict):
        entry = _descend(node, last, {})
        entry.clear()
        entry.update({**last, **value} if isinstance(value, dict) else last)
    else:
        node[last] = value


def _descend(node: Any, step: str | dict[str, str], empty: Any) -> Any:
    if not isinstance(step, dict):
        return node.setdefault(step, empty)
    entry = _entry(node, step)
    if entry is None:
        entry = dict(step)
        node.append(entry)
    return entry


def _drop(node: Any, path: Path) -> None:
    for step in path[:-1]:
        node = _entry(node, step) if isinstance(step, dict) else node.get(step)
        if node is None:
            return
    last = path[-1]
    if isinstance(last, dict):
        entry = _entry(node, last)
        if entry is not None:
            node.remove(entry)
    else:
        node.pop(last, None)
