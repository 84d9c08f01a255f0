"""Column definitions of Tables, ages, and the columns of custom kinds. Pure.

The columns of built-in kinds are in `columns`, their values in `values`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from rudr_py import ages
from rudr_py.local.printing.jsonpath import find
from rudr_py.local.registry.resources import Column
from rudr_py.local.schema.node import SchemaNode
from rudr_py.local.storage.store import Object

Cell = Callable[[Object, datetime], Any]

_AGE_TEXT = (
    "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed "
    "to be set in happens-before order across separate operations. Clients may not set this value. It is represented "
    "in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: "
    "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
)
UNKNOWN = "<unknown>"
NONE = "<none>"


class ColumnDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """A column: its definition in the Table, and the function that returns its cells.

    `about` is the path of the schema field whose description the column has.
    """

    definition: Object
    cell: Cell
    about: tuple[str, ...] = ()


def described(column: ColumnDefinition, node: SchemaNode | None) -> ColumnDefinition:
    """Return the column with the description of its schema field."""
    for part in column.about:
        node = node.properties.get(part) if node is not None else None
    if not column.about or node is None or not node.description:
        return column
    return msgspec.structs.replace(column, definition={**column.definition, "description": node.description})


def _name(obj: Object, _now: datetime) -> Any:
    return obj["metadata"]["name"]


def _age(obj: Object, now: datetime) -> Any:
    return age(obj["metadata"].get("creationTimestamp"), now)


def define(
    name: str, cell: Cell, kind: str = "string", *, about: str = "", text: str = "", wide: bool = False
) -> ColumnDefinition:
    """Return a column described by the field at path `about`, or by `text`; `wide` ones need `-o wide`."""
    definition = {"name": name, "type": kind, "format": "", "description": text, "priority": int(wide)}
    return ColumnDefinition(definition=definition, cell=cell, about=tuple(filter(None, about.split("."))))


def named(column: ColumnDefinition) -> ColumnDefinition:
    """Return the column with the format `name`."""
    return msgspec.structs.replace(column, definition={**column.definition, "format": "name"})


NAME = named(define("Name", _name, about="metadata.name"))
AGE = define("Age", _age, text=_AGE_TEXT)
DATED = define("Age", _age, "date", text=_AGE_TEXT)
CREATED = define("Created At", lambda obj, _: obj["metadata"].get("creationTimestamp"), "date", text=_AGE_TEXT)


def age(timestamp: Any, now: datetime) -> str:
    """Return the age of a timestamp as kubectl prints it: `3s`, `5m10s`, `3h`, `12d`, `2y10d`."""
    if not timestamp:
        return UNKNOWN
    return duration((now - _moment(timestamp)).total_seconds())


def between(start: Any, end: Any, now: datetime) -> str:
    """Return the duration between two timestamps, or until now; empty without a start."""
    if not start:
        return ""
    return duration(((_moment(end) if end else now) - _moment(start)).total_seconds())


def _moment(timestamp: Any) -> datetime:
    return datetime.fromisoformat(str(timestamp)).astimezone(UTC)


def duration(seconds: float) -> str:
    """Return a duration as kubectl prints it."""
    whole = int(seconds)
    return "<invalid>" if whole < -1 else ages.duration(max(whole, 0))


def custom(column: Column) -> ColumnDefinition:
    """Return a column of a custom kind."""
    description = column.description or f"Custom resource definition column (in JSONPath format): {column.path}"
    return ColumnDefinition(
        definition={
            "name": column.name,
            "type": column.type,
            "format": column.format,
            "description": description,
            "priority": column.priority,
        },
        cell=lambda obj, now: _custom_cell(obj, column, now),
    )


def _custom_cell(obj: Object, column: Column, now: datetime) -> Any:
    values = find(obj, column.path)
    if not values:
        return None
    value = values[0]
    if column.type == "date":
        try:
            return age(value, now)
        except ValueError:
            return "<invalid>"
    if column.type in _PLAIN:
        fits = isinstance(value, _PLAIN[column.type]) and isinstance(value, bool) == (column.type == "boolean")
        return value if fits else None
    return ",".join(_text(each) for each in values)


_PLAIN: dict[str, tuple[type, ...]] = {"integer": (int,), "number": (int, float), "boolean": (bool,)}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def at(path: str, default: Any = "") -> Cell:
    """Return a cell with the first value at a JSONPath, or a default."""

    def cell(obj: Object, _now: datetime) -> Any:
        values = find(obj, path)
        return values[0] if values and values[0] is not None else default

    return cell


def field(name: str, path: str, default: Any = "", *, kind: str = "string", wide: bool = False) -> ColumnDefinition:
    """Return a column with the value of a field, and its description."""
    return define(name, at(f".{path}", default), kind, about=path, wide=wide)
