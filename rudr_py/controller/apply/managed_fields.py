"""Reads managedFields: which manager owns which field of a body. Pure; the format is that of `fieldsV1`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from rudr_py.api import Path

Fields = dict[str, Any]


def entry(document: dict[str, Any], manager: str) -> Fields:
    """The fields that a manager owns by applying to the object itself; empty when it owns none."""
    for found in document.get("metadata", {}).get("managedFields", ()):
        if found.get("manager") == manager and found.get("operation") == "Apply" and not found.get("subresource"):
            return dict(found.get("fieldsV1", {}))
    return {}


def others(document: dict[str, Any], *ours: str) -> Iterator[tuple[str, Fields]]:
    """Every other manager with the fields that it owns, through whatever subresource: `kubectl scale` uses one."""
    for found in document.get("metadata", {}).get("managedFields", ()):
        if found.get("manager") not in ours:
            yield str(found.get("manager")), dict(found.get("fieldsV1", {}))


def owns(fields: Fields, path: Path) -> bool:
    """Whether the field at `path` is among the fields."""
    for step in path:
        key = _key(step) if isinstance(step, dict) else f"f:{step}"
        if key not in fields:
            return False
        fields = fields[key]
    return True


def value(document: Any, path: Path) -> Any:
    """The value at `path`, or None."""
    for step in path:
        if isinstance(step, dict):
            items = document if isinstance(document, list) else []
            document = next((item for item in items if _matches(item, step)), None)
        else:
            document = document.get(step) if isinstance(document, dict) else None
    return document


def nested(path: Path, found: Any) -> Any:
    """A document that holds nothing but `found` at `path`."""
    for step in reversed(path):
        found = (
            [{**step, **found} if isinstance(found, dict) else dict(step)] if isinstance(step, dict) else {step: found}
        )
    return found


def shared(fields: Fields, body: Any) -> tuple[str, ...]:
    """The fields that a body has too, as people write them: `spec.template.spec.containers[name=web].image`."""
    return tuple(sorted(_shared(fields, body, "")))


def changed(fields: Fields, body: Any, other: Any) -> tuple[str, ...]:
    """The fields that two bodies have differently, or that only one of them has, as people write them."""
    return tuple(sorted(_changed(fields, body, other, "")))


def missing(fields: Fields, body: Any) -> tuple[str, ...]:
    """The parts of a body that the fields lack, as people write them: what we applied and no longer own.

    The name, the namespace and the kind of an object are nobody's fields. A part that is lost as a whole is named once.
    """
    told = {key: value for key, value in body.items() if key not in ("apiVersion", "kind", "metadata")}
    metadata = {key: value for key, value in body.get("metadata", {}).items() if key not in ("name", "namespace")}
    whole = {**told, **({"metadata": metadata} if metadata else {})}
    return tuple(sorted(_missing(fields or {".": {}}, whole, "")))


def common(fields: Fields, body: Any) -> Fields:
    """The fields that a body has too, as an entry."""
    found: Fields = {}
    for key, below in fields.items():
        if key == ".":
            found[key] = below
            continue
        child = _child(key, body)[1]
        if child is _NOTHING:
            continue
        inner = common(below, child) if isinstance(child, dict | list) else below
        if inner or not below:
            found[key] = inner
    return found


def _missing(fields: Fields, body: Any, path: str) -> Iterator[str]:
    if not fields.keys() - {"."} and (not fields or not body):
        return  # owned as a whole
    if isinstance(body, dict):
        for name, value in body.items():
            below = fields.get(f"f:{name}")
            if below is None and _ownable(value):
                yield f"{path}.{name}".removeprefix(".")
            elif below is not None:
                yield from _missing(below, value, f"{path}.{name}")
    elif isinstance(body, list):
        yield from _missing_items(fields, body, path)


def _ownable(value: Any) -> bool:
    """Whether a server notes an owner of this value: an empty list, and a map of nothing else, has none."""
    if isinstance(value, dict) and value:
        return any(_ownable(inner) for inner in value.values())
    return bool(value != [])


def _missing_items(fields: Fields, body: list[Any], path: str) -> Iterator[str]:
    names = next((tuple(msgspec.json.decode(key[2:])) for key in fields if key.startswith("k:")), ())
    owned = []
    for key, below in fields.items():
        step, item = _child(key, body)
        if item is _NOTHING:
            continue
        owned.append(item)
        if key.startswith("k:"):
            yield from _missing(below, item, f"{path}{step}")
    for item in body:
        if item not in owned:
            yield f"{path}{_shown(item, names)}".removeprefix(".")


def _shown(item: Any, names: tuple[str, ...]) -> str:
    """An item of a list, by its keys if it has any."""
    if isinstance(item, dict):
        keys = ",".join(f"{name}={item.get(name, _DEFAULTS.get(name))}" for name in names)
        return f"[{keys}]" if keys else ""
    return f"[{item}]"


def touch(path: str, other: str) -> bool:
    """Whether one of two written paths is the other, or lies within it."""
    short, long = sorted((path, other), key=len)
    return long.startswith(short) and (len(long) == len(short) or long[len(short)] in ".[")


def _shared(fields: Fields, body: Any, path: str) -> Iterator[str]:
    for key, below in fields.items():
        if key == ".":
            continue
        step, child = _child(key, body)
        if child is _NOTHING:
            continue
        deeper = {k: v for k, v in below.items() if k != "."} if isinstance(below, dict) else {}
        here = f"{path}{step}"
        if deeper:
            yield from _shared(deeper, child, here)
        else:
            yield here.removeprefix(".")


def _changed(fields: Fields, body: Any, other: Any, path: str) -> Iterator[str]:
    for key, below in fields.items():
        (step, one), (_, two) = _child(key, body), _child(key, other)
        if one == two:
            continue
        deeper = {k: v for k, v in below.items() if k != "."} if isinstance(below, dict) else {}
        here = f"{path}{step}"
        if deeper and _NOTHING not in (one, two):
            yield from _changed(deeper, one, two, here)
        else:
            yield here.removeprefix(".")


_NOTHING = object()


def _child(key: str, body: Any) -> tuple[str, Any]:
    kind, _, name = key.partition(":")
    if kind == "f":
        found = body.get(name, _NOTHING) if isinstance(body, dict) else _NOTHING
        return f".{name}", found
    if kind == "k" and isinstance(body, list):
        keys = msgspec.json.decode(name)
        shown = ",".join(f"{k}={v}" for k, v in keys.items())
        return f"[{shown}]", next((item for item in body if _matches(item, keys)), _NOTHING)
    if kind == "v" and isinstance(body, list):
        wanted = msgspec.json.decode(name)
        return f"[{wanted}]", wanted if wanted in body else _NOTHING
    return "", _NOTHING


def _matches(item: Any, keys: dict[str, Any]) -> bool:
    return isinstance(item, dict) and all(item.get(key, _DEFAULTS.get(key)) == wanted for key, wanted in keys.items())


_DEFAULTS = {"protocol": "TCP"}


def _key(step: dict[str, str]) -> str:
    return "k:" + msgspec.json.encode(dict(sorted(step.items()))).decode()
