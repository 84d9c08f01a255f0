"""Leave fields of a live object to other managers: give them up, or apply them with the values that they have. Pure.

A field that is reached through maps has an owner of its own and is given up. A server may record one owner for a whole
list (the rules of an Ingress), so a field inside a list is applied with its live value.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from rudr_py.render.values.plan import Pointer, is_field

Document = dict[str, Any]

_ABSENT = object()


def blank(document: Document, ignored: Iterable[Pointer]) -> Document:
    """The document with nulls at the ignored paths: equal for all their values."""
    paths = tuple(ignored)
    if not paths:
        return document
    result = _copy(document)
    for path in paths:
        _put(result, path, None)
    return result


def over(document: Document, live: Document, ignored: Iterable[Pointer]) -> Document:
    """The document to apply to a live object: without ignored fields, and with the live values inside lists."""
    paths = tuple(ignored)
    if not paths:
        return document
    result = _copy(document)
    for path in paths:
        value = _ABSENT if is_field(path) else _value(live, path)
        if is_field(path) or _value(live, path[:-1]) is not _ABSENT:
            _put(result, path, value)
    return result


def covers(live: Any, document: Any) -> bool:
    """Whether a live value has every field of a document with the same value, so that an apply changes none."""
    if isinstance(document, dict):
        return isinstance(live, dict) and all(key in live and covers(live[key], document[key]) for key in document)
    if isinstance(document, list):
        same_length = isinstance(live, list) and len(live) == len(document)
        return same_length and all(covers(*pair) for pair in zip(live, document, strict=True))
    return bool(live == document)


def _copy(document: Document) -> Document:
    copy: Document = msgspec.json.decode(msgspec.json.encode(document))
    return copy


def _value(document: Any, path: Pointer) -> Any:
    for step in path:
        key = _key(document, step)
        if key is None:
            return _ABSENT
        document = document[key]
    return document


def _put(document: Any, path: Pointer, value: Any) -> None:
    """Set or, with _ABSENT, remove the value at a path; nothing where its parent is absent."""
    parent = _value(document, path[:-1])
    key = None if parent is _ABSENT else _key(parent, path[-1])
    if key is None:
        return
    if value is _ABSENT:
        del parent[key]
    else:
        parent[key] = value


def _key(parent: Any, step: str | int | dict[str, str]) -> Any:
    """The key or index of a step in its parent; None where it is absent."""
    if isinstance(step, dict):
        items = parent if isinstance(parent, list) else []
        matching = (i for i, item in enumerate(items) if isinstance(item, dict) and step.items() <= item.items())
        return next(matching, None)
    if isinstance(step, int):
        return step if isinstance(parent, list) and step < len(parent) else None
    return step if isinstance(parent, dict) and step in parent else None
