"""Sets of fields in the format of `managedFields[].fieldsV1`.

A set is a dict of path elements: `f:name` (a field), `k:{"name":"c"}` (an item of a keyed list), `v:"x"` (an item of a
set), `i:0` (an index). The value is the dict of owned elements below. `{}` below the root means that the element itself
is owned and nothing below it; a dict with the key `.`, that both are; without it, that only parts of it are. An empty
root is the empty set. Sets are never changed in place, so parts may be shared.

Source: structured-merge-diff, package fieldpath (format of KEP-555).
"""

from __future__ import annotations

import functools
from typing import Any

import msgspec

Fields = dict[str, Any]
"""A set of fields, as decoded JSON of fieldsV1."""

_ORDER = {"f": 0, "k": 1, "v": 2, "i": 3}


def key_element(keys: dict[str, Any]) -> str:
    """Return the element of an item of a keyed list; `keys` must be sorted by name."""
    if any(isinstance(value, float) for value in keys.values()):
        keys = {name: _whole(value) for name, value in keys.items()}
    return "k:" + _encode(keys)


def value_element(value: object) -> str:
    """Return the element of an item of a set."""
    return "v:" + _encode(_whole(value))


def _whole(value: Any) -> Any:
    """Return 1.0 as 1, as Go encodes it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _encode(value: object) -> str:
    text = msgspec.json.encode(value).decode()
    if "<" in text or ">" in text or "&" in text:
        # the encoder of the server escapes HTML
        text = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return text


def owns(entry: Fields) -> bool:
    """Whether the element of this entry is itself a member, and not only parts of it."""
    return not entry or "." in entry


def parsed(raw: Any) -> Fields:
    """Return a set from decoded JSON without its unsupported elements. Raises ValueError if it is not a set."""
    if not isinstance(raw, dict):
        raise ValueError("a set of fields must be a map")  # noqa: TRY004 - whatever is wrong, it is one kind of wrong
    result: Fields = {}
    for element, below in raw.items():
        kind, _, text = element.partition(":")
        if element == ".":
            result[element] = {}
        elif kind in _ORDER:
            if kind != "f":
                value = msgspec.json.decode(text)
                if isinstance(value, dict) != (kind == "k") or isinstance(value, list):
                    raise ValueError(f"no element of a list: {element}")
            result[element] = below if below == {} else parsed(below)
    return result


@functools.cache
def from_paths(*paths: tuple[str, ...]) -> Fields:
    """Return the set of paths of field names, such as `("metadata", "labels")`."""
    result: Fields = {}
    for path in paths:
        entry: Fields = {}
        for name in reversed(path):
            entry = {f"f:{name}": entry}
        result = union(result, entry)
    return result


def _entry(member: bool, children: Fields) -> Fields | None:
    """Return an entry of two parts; None if nothing is owned."""
    if not children:
        return {} if member else None
    return {".": {}, **children} if member else children


def union(left: Fields, right: Fields) -> Fields:
    """Return the members of either set."""
    if not left or not right:
        return left or right
    result = dict(left)
    for element, entry in right.items():
        existing = result.get(element)
        result[element] = entry if existing is None else _union_entry(existing, entry)
    return result


def _union_entry(left: Fields, right: Fields) -> Fields:
    if left == right:
        return left
    children = union(_children(left), _children(right))
    return _entry(owns(left) or owns(right), children) or {}


def _children(entry: Fields) -> Fields:
    return {element: below for element, below in entry.items() if element != "."} if "." in entry else entry


def difference(left: Fields, right: Fields) -> Fields:
    """Return the members of `left` that are not in `right`; a parent in `right` does not remove children."""
    if not left or not right:
        return left
    result: Fields = {}
    for element, entry in left.items():
        other = right.get(element)
        if other is None:
            result[element] = entry
            continue
        rest = _entry(owns(entry) and not owns(other), difference(_children(entry), _children(other)))
        if rest is not None:
            result[element] = rest
    return result


def exclude(left: Fields, right: Fields) -> Fields:
    """Return the members of `left` that are neither in `right` nor below a member of `right`."""
    if not left or not right:
        return left
    result: Fields = {}
    for element, entry in left.items():
        other = right.get(element)
        if other is None:
            result[element] = entry
        elif not owns(other):
            rest = _entry(owns(entry), exclude(_children(entry), other))
            if rest is not None:
                result[element] = rest
    return result


def intersection(left: Fields, right: Fields) -> Fields:
    """Return the members of both sets."""
    result: Fields = {}
    for element, entry in left.items():
        other = right.get(element)
        if other is None:
            continue
        both = _entry(owns(entry) and owns(other), intersection(_children(entry), _children(other)))
        if both is not None:
            result[element] = both
    return result


def insert(fields: Fields, element: str, below: Fields, *, member: bool) -> None:
    """Add an element with its owned parts to a set under construction, unless nothing of it is owned."""
    entry = _entry(member, below)
    if entry is not None:
        fields[element] = entry


def ordered(fields: Fields) -> Fields:
    """Return the set with its elements in the order of the server."""
    if not fields:
        return fields
    # the prefixes of fields sort as the server does; the elements of lists do not
    key = None if all(element[0] in ".f" for element in fields) else _sort_key
    return {element: ordered(fields[element]) for element in sorted(fields, key=key)}


def _sort_key(element: str) -> tuple[Any, ...]:
    if element == ".":
        return (-1,)
    kind, _, text = element.partition(":")
    if kind == "f":
        return (0, text)
    value = msgspec.json.decode(text)
    if isinstance(value, dict):
        return (_ORDER[kind], tuple((name, *_comparable(item)) for name, item in value.items()))
    return (_ORDER[kind], (_comparable(value),))


def _comparable(value: Any) -> tuple[int, Any]:
    """Order numbers before strings, booleans, lists and maps, and null last, as the server does."""
    if isinstance(value, bool):
        return 2, value
    if isinstance(value, int | float):
        return 0, value
    if isinstance(value, str):
        return 1, value
    return (5, "") if value is None else (3 if isinstance(value, list) else 4, msgspec.json.encode(value))


def paths(fields: Fields, prefix: str = "") -> list[str]:
    """Return every member as a dotted path (`.spec.containers[name="c"].image`), as conflicts name them."""
    member_paths: list[str] = []
    for element, entry in fields.items():
        if element == ".":
            continue
        path = prefix + element_path(element)
        if owns(entry):
            member_paths.append(path)
        member_paths.extend(paths(entry, path))
    return member_paths


def element_path(element: str) -> str:
    """Return an element in the form of messages: `.name`, `[name="c"]`, `[="x"]`, `[0]`."""
    kind, _, text = element.partition(":")
    if kind == "f":
        return "." + text
    if kind == "k":
        keys = msgspec.json.decode(text)
        return "[" + ",".join(f"{name}={msgspec.json.encode(keys[name]).decode()}" for name in keys) + "]"
    return f"[={text}]" if kind == "v" else f"[{text}]"
