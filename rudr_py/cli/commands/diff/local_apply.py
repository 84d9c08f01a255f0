"""Compute the result of an apply without the server, where the user may not send it as a dry run. Pure.

The result lacks what only the server adds: defaults of new fields, normalized values, and the effects of admission. The
lists whose items have keys, such as containers, are those of the managedFields of the live object.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from rudr_py.controller.apply import managed_fields

Document = dict[str, Any]
Fields = dict[str, Any]

_DEFAULT_KEYS = {"protocol": "TCP"}
"""The values of keys of list items that the server adds."""


def applied(live: Document | None, desired: Document, manager: str) -> Document:
    """The object after a server-side apply, with force.

    The desired fields are set. Fields of the manager's last apply that are not desired are removed, unless another
    manager owns them too.
    """
    if live is None:
        return desired
    own = managed_fields.entry(live, manager)
    others: Fields = {}
    for name, fields in managed_fields.others(live):
        if name != manager:
            others = managed_fields.union(others, fields)
    merged: Document = _merged(_without(live, desired, own, others), desired, managed_fields.union(own, others))
    return merged


def trimmed(live: Document, operations: Iterable[Mapping[str, Any]]) -> Document:
    """The object after the removals of a JSON patch; other operations are ignored."""
    document: Document = msgspec.json.decode(msgspec.json.encode(live))
    for operation in operations:
        if operation["op"] == "remove":
            *path, last = (part.replace("~1", "/").replace("~0", "~") for part in operation["path"][1:].split("/"))
            parent: Any = document
            for step in path:
                parent = parent[int(step)] if isinstance(parent, list) else parent[step]
            del parent[int(last) if isinstance(parent, list) else last]
    return document


def _without(live: Any, desired: Any, own: Fields, others: Fields) -> Any:
    """The live value without the fields of `own` that are neither desired nor among those of other managers."""
    if isinstance(live, dict):
        return _without_fields(live, desired if isinstance(desired, dict) else {}, own, others)
    if isinstance(live, list):
        return _without_items(live, desired if isinstance(desired, list) else [], own, others)
    return live


def _without_fields(live: Document, desired: Document, own: Fields, others: Fields) -> Document:
    """A map. A removed field takes its defaults with it, which no manager owns."""
    result = dict(live)
    for key, below in own.items():
        name = key.removeprefix("f:")
        if key == "." or name not in live:
            continue
        if name in desired or key in others:
            result[name] = _without(live[name], desired.get(name), below, others.get(key, {}))
        else:
            del result[name]
    return result


def _without_items(live: list[Any], desired: list[Any], own: Fields, others: Fields) -> list[Any]:
    result = []
    for item in live:
        key = _key_of(item, own)
        counterpart = _counterpart(key, desired)
        if key and counterpart is None and key not in others:
            continue
        result.append(_without(item, counterpart, own[key], others.get(key, {})) if key else item)
    return result


def _merged(live: Any, desired: Any, fields: Fields) -> Any:
    if isinstance(live, dict) and isinstance(desired, dict):
        return {**live, **{name: _merged_field(live, name, value, fields) for name, value in desired.items()}}
    if isinstance(live, list) and isinstance(desired, list):
        return _merged_items(live, desired, fields)
    return desired


def _merged_field(live: Document, name: str, value: Any, fields: Fields) -> Any:
    """The merged value of a field. A map that is owned as a whole, such as a nodeSelector, is replaced."""
    below = fields.get(f"f:{name}")
    return value if below == {} else _merged(live.get(name), value, below or {})


def _merged_items(live: list[Any], desired: list[Any], fields: Fields) -> list[Any]:
    """The items of both lists by their keys; a list whose items have no keys is replaced."""
    names = next((tuple(msgspec.json.decode(key[2:])) for key in fields if key.startswith("k:")), ())
    if not names and not any(key.startswith("v:") for key in fields):
        return desired
    existing = {_identity(item, names): item for item in live}
    required = {_identity(item, names): item for item in desired}
    merged = {
        identity: _merged(existing.get(identity), item, fields.get(_key_of(item, fields), {}))
        for identity, item in required.items()
    }
    return [merged.get(identity, existing.get(identity)) for identity in _order(list(existing), list(required))]


def _order(live: list[bytes], desired: list[bytes]) -> list[bytes]:
    """Desired items in their order, and other live items next to their neighbours, as the server orders them."""
    ordered: list[bytes] = []
    shared = [identity for identity in desired if identity in live]
    rest = list(desired)
    for identity in live:
        if identity not in desired:
            ordered.append(identity)
        elif shared and identity == shared[0]:
            position = rest.index(identity) + 1
            ordered += rest[:position]
            rest = rest[position:]
            shared.pop(0)
    return [*ordered, *rest]


def _key_of(item: Any, fields: Fields) -> str:
    """The key of the entry for an item of a list; empty if there is none."""
    return next((key for key in fields if _counterpart(key, [item]) is not None), "")


def _counterpart(key: str, items: list[Any]) -> Any:
    """The item to which a key of an entry applies, or None."""
    category, _, text = key.partition(":")
    if category == "k":
        expected = msgspec.json.decode(text)
        return next((item for item in items if isinstance(item, dict) and _has(item, expected)), None)
    if category == "v":
        element = msgspec.json.decode(text)
        return element if element in items else None
    return None


def _has(item: Document, expected: Document) -> bool:
    return all(item.get(name, _DEFAULT_KEYS.get(name)) == value for name, value in expected.items())


def _identity(item: Any, names: tuple[str, ...]) -> bytes:
    values = [item.get(name, _DEFAULT_KEYS.get(name)) for name in names] if isinstance(item, dict) else item
    return msgspec.json.encode(values)
