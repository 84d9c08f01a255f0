"""Read managedFields: which manager owns which field, and which desired fields have another owner now. Pure.

The format of an entry is that of `fieldsV1`. Fields are written for the user as `spec.containers[name=web].image`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from rudr_py.api import Path, Ref
from rudr_py.model import json_text
from rudr_py.settings import FIELD_MANAGER, HANDOVER_MANAGER

Document = dict[str, Any]
Fields = dict[str, Any]

MAXIMUM_NAMED = 8
"""How many fields a message names; the rest is counted."""


class Drift(msgspec.Struct, frozen=True):
    """The desired fields that rudr no longer owns: by the manager that has changed them, and those that are absent."""

    changed: tuple[tuple[str, tuple[str, ...]], ...] = ()
    removed: tuple[str, ...] = ()

    @property
    def managers(self) -> str:
        """The managers that have changed a field, quoted; empty where there are none."""
        return " and ".join(f'"{manager}"' for manager, _ in self.changed)

    def describe(self, ref: Ref) -> str:
        """The drift and its correction as a sentence for the user; empty where no field has changed."""
        cause = self.cause(ref)
        return f"{cause}; {'reverted' if self.changed else 'restored'}" if cause else ""

    def cause(self, ref: Ref) -> str:
        """The fields that have changed, and the managers that changed them; empty where no field has changed."""
        clauses = [(paths, f'changed by "{manager}"') for manager, paths in self.changed]
        clauses += [(self.removed, "removed")] if self.removed else []
        subjects = (f" of {ref}", *([""] * len(clauses)))
        return "; ".join(
            f"{_listed(paths)}{subject} {'were' if len(paths) > 1 else 'was'} {change}"
            for (paths, change), subject in zip(clauses, subjects, strict=False)
        )


def drift(document: Document, desired: Document) -> Drift:
    """Compare the entry of rudr in a live document, which has its managedFields, with the desired body."""
    lost = missing(entry(document, FIELD_MANAGER), desired)
    if not lost:
        return Drift()
    changed: list[tuple[str, tuple[str, ...]]] = []
    for manager, fields in others(document, FIELD_MANAGER, HANDOVER_MANAGER):
        paths = tuple(path for path in shared(fields, desired) if any(overlap(path, other) for other in lost))
        if paths:
            changed.append((manager, paths))
    taken = [path for _, paths in changed for path in paths]
    removed = (path for path in lost if not any(overlap(path, other) for other in taken))
    return Drift(tuple(changed), tuple(removed))


def _listed(paths: tuple[str, ...]) -> str:
    return f"{'fields' if len(paths) > 1 else 'field'} {json_text.listed(paths, MAXIMUM_NAMED)}"


def entry(document: Document, manager: str) -> Fields:
    """The fields that a manager owns by applying to the object itself; empty when it owns none."""
    for candidate in _entries(document):
        named = candidate.get("manager") == manager and candidate.get("operation") == "Apply"
        if named and not candidate.get("subresource"):
            return dict(candidate.get("fieldsV1", {}))
    return {}


def others(document: Document, *excluded: str) -> Iterator[tuple[str, Fields]]:
    """Every manager that is not excluded, with its fields; those written through a subresource are included."""
    for candidate in _entries(document):
        if candidate.get("manager") not in excluded:
            yield str(candidate.get("manager")), dict(candidate.get("fieldsV1", {}))


def _entries(document: Document) -> Iterator[Document]:
    yield from document.get("metadata", {}).get("managedFields", ())


def owns(fields: Fields, path: Path) -> bool:
    """Whether the field at `path` is among the fields."""
    for step in path:
        key = _key(step) if isinstance(step, dict) else f"f:{step}"
        if key not in fields:
            return False
        fields = fields[key]
    return True


def below(fields: Fields, path: Path) -> Fields:
    """The fields within the one at `path`; empty where it is owned as a whole or not at all."""
    for step in path:
        fields = fields.get(_key(step) if isinstance(step, dict) else f"f:{step}", {})
    return fields


def extract(fields: Fields, body: Any) -> Any:
    """The part of a body that the fields name; the whole body where they name nothing within it."""
    names = [name for name in fields if name != "."]
    if not names or not isinstance(body, dict | list):
        return {} if "." in fields and isinstance(body, dict) else body
    children = [(name, *_child(name, body)) for name in names]
    owned = [(name, child) for name, _, child in children if child is not _NOTHING]
    if isinstance(body, dict):
        return {name[2:]: extract(fields[name], child) for name, child in owned}
    keys = {name: msgspec.json.decode(name[2:]) for name, _ in owned if name.startswith("k:")}
    return [{**keys[name], **extract(fields[name], child)} if name in keys else child for name, child in owned]


def value(document: Any, path: Path) -> Any:
    """The value at `path`, or None."""
    for step in path:
        if isinstance(step, dict):
            items = document if isinstance(document, list) else []
            document = next((item for item in items if _matches(item, step)), None)
        else:
            document = document.get(step) if isinstance(document, dict) else None
    return document


def nested(path: Path, value: Any) -> Any:
    """A document that holds nothing but the value at `path`."""
    for step in reversed(path):
        if isinstance(step, dict):
            value = [{**step, **value} if isinstance(value, dict) else dict(step)]
        else:
            value = {step: value}
    return value


def shared(fields: Fields, body: Any) -> tuple[str, ...]:
    """The paths of the fields that the body contains."""
    return tuple(sorted(_shared(fields, body, "")))


def changed(fields: Fields, body: Any, other: Any) -> tuple[str, ...]:
    """The paths of the fields whose values differ between two bodies, or that only one of them contains."""
    return tuple(sorted(_changed(fields, body, other, "")))


def missing(fields: Fields, body: Any) -> tuple[str, ...]:
    """The paths of a body that are not among the fields: applied by rudr once, and no longer owned by it.

    The name, the namespace and the kind of an object have no owner. A part that is missing as a whole is named once.
    """
    parts = {key: value for key, value in body.items() if key not in ("apiVersion", "kind", "metadata")}
    metadata = {key: value for key, value in body.get("metadata", {}).items() if key not in ("name", "namespace")}
    ownable = {**parts, **({"metadata": metadata} if metadata else {})}
    return tuple(sorted(_missing(fields or {".": {}}, ownable, "")))


def common(fields: Fields, body: Any) -> Fields:
    """The fields that the body contains, in the format of an entry."""
    result: Fields = {}
    for key, below in fields.items():
        if key == ".":
            result[key] = below
            continue
        child = _child(key, body)[1]
        if child is _NOTHING:
            continue
        inner = common(below, child) if isinstance(child, dict | list) else below
        if inner or not below:
            result[key] = inner
    return result


def union(fields: Fields, more: Fields) -> Fields:
    """The fields of two entries."""
    return {
        **fields,
        **{key: union(fields[key], inner) if key in fields else inner for key, inner in more.items()},
    }


def item_key(item: Document, names: Iterable[str]) -> str:
    """The key of an item of a list with these names of keys, in the format of an entry."""
    return _key({name: item.get(name, _DEFAULTS.get(name)) for name in names})


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
    """Whether a server records an owner of the value; an empty list, and a map of nothing else, has none."""
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
            yield f"{path}{_written(item, names)}".removeprefix(".")


def _written(item: Any, names: tuple[str, ...]) -> str:
    """The step of a path to an item of a list, by its keys if it has any."""
    if isinstance(item, dict):
        keys = ",".join(f"{name}={item.get(name, _DEFAULTS.get(name))}" for name in names)
        return f"[{keys}]" if keys else ""
    return f"[{item}]"


def overlap(path: str, other: str) -> bool:
    """Whether one of two paths is the other, or lies within it."""
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
        return f".{name}", body.get(name, _NOTHING) if isinstance(body, dict) else _NOTHING
    if kind == "k" and isinstance(body, list):
        keys = msgspec.json.decode(name)
        step = ",".join(f"{k}={v}" for k, v in keys.items())
        return f"[{step}]", next((item for item in body if _matches(item, keys)), _NOTHING)
    if kind == "v" and isinstance(body, list):
        element = msgspec.json.decode(name)
        return f"[{element}]", element if element in body else _NOTHING
    return "", _NOTHING


def _matches(item: Any, keys: dict[str, Any]) -> bool:
    return isinstance(item, dict) and all(item.get(key, _DEFAULTS.get(key)) == value for key, value in keys.items())


_DEFAULTS = {"protocol": "TCP"}


def _key(step: dict[str, Any]) -> str:
    return "k:" + msgspec.json.encode(dict(sorted(step.items()))).decode()
