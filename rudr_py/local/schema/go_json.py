"""Why Go cannot decode a body into a built-in kind, in the words of its JSON decoder.

The server answers these with 400, before any rule about values is looked at. Only the first problem is told.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from rudr_py.local.schema import causes, formats, quantity
from rudr_py.local.schema.node import SchemaNode

_RANGE = {"int32": 31, "": 63, "int64": 63}
_LAYOUT = "2006-01-02T15:04:05Z07:00"
_BASE64 = re.compile(r"[A-Za-z0-9+/]*")


def decoding_error(obj: Any, node: SchemaNode) -> str:
    """The first problem of a body in the order of the document; empty when it can be decoded.

    Named string types of Go are told as `string`: the published schema does not name them.
    """
    return _value(obj, node, "", "")


def _value(value: Any, node: SchemaNode, owner: str, path: str) -> str:
    """`owner` is the Go struct that has the field, `path` the field names from the root, without list indexes."""
    if value is None or not node.builtin:
        return ""
    if node.format in ("quantity", "int-or-string", "date-time", "byte"):
        return _special(value, node, owner, path)
    if node.type == "object":
        return _map(value, node, owner, path) if isinstance(value, dict) else _mistyped(value, node, owner, path)
    if node.type == "array":
        if not isinstance(value, list):
            return _mistyped(value, node, owner, path)
        found = (_value(item, node.items, owner, path) for item in value) if node.items else ()
        return next(filter(None, found), "")
    return "" if _is_scalar(value, node) else _mistyped(value, node, owner, path)


def _map(value: dict[str, Any], node: SchemaNode, owner: str, path: str) -> str:
    inside = node.name.rpartition(".")[2] or owner
    for key, item in value.items():
        field = node.properties.get(key)
        if field is not None:
            problem = _value(item, field, inside, f"{path}.{key}" if path else key)
        elif node.additional is not None:
            problem = _value(item, node.additional, owner, path)
        else:
            continue
        if problem:
            return problem
    return ""


def _is_scalar(value: Any, node: SchemaNode) -> bool:
    if node.type == "string":
        return isinstance(value, str)
    if node.type == "boolean":
        return isinstance(value, bool)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return not node.type
    return node.type == "number" or (isinstance(value, int) and _in_range(value, node.format))


def _in_range(value: int, form: str) -> bool:
    bits = _RANGE.get(form, 63)
    return -(1 << bits) <= value < (1 << bits)


def _special(value: Any, node: SchemaNode, owner: str, path: str) -> str:
    """Types that decode themselves."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if node.format == "quantity":
        fits = (isinstance(value, str) or number) and quantity.canonical(str(value)) is not None
        return "" if fits else f"quantities must match the regular expression '{quantity.PATTERN}'"
    if node.format == "int-or-string":
        if isinstance(value, str) or (isinstance(value, int) and number and _in_range(value, "int32")):
            return ""
        return f"json: cannot unmarshal {_json_kind(value)} into Go value of type int32"
    if not isinstance(value, str):
        if node.format == "byte":
            return _mistyped(value, node, owner, path)
        return f"json: cannot unmarshal {_json_kind(value)} into Go value of type string"
    return _time(value) if node.format == "date-time" else _bytes(value)


def _time(value: str) -> str:
    if formats.fits(value, "date-time"):
        return ""
    try:
        datetime.fromisoformat(value)
        rest, part = value[10:] or "", "T"
    except ValueError:
        rest, part = value, "2006"
    shown = causes.shown(value)
    return f'parsing time {shown} as "{_LAYOUT}": cannot parse {causes.shown(rest)} as "{part}"'


def _bytes(value: str) -> str:
    if formats.fits(value, "byte"):
        return ""
    match = _BASE64.match(value)
    return f"illegal base64 data at input byte {match.end() if match else 0}"


def _mistyped(value: Any, node: SchemaNode, owner: str, path: str) -> str:
    kind, wanted = _json_kind(value), _go_type(node)
    if not path:
        return f"json: cannot unmarshal {kind} into Go value of type {wanted}"
    if isinstance(value, int | float) and not isinstance(value, bool) and node.type == "integer":
        kind = f"number {causes.shown(value)}"
    return f"json: cannot unmarshal {kind} into Go struct field {owner}.{path} of type {wanted}"


def _json_kind(value: Any) -> str:
    names: dict[type, str] = {dict: "object", list: "array", str: "string", bool: "bool"}
    return names.get(type(value), "number")


def _go_type(node: SchemaNode) -> str:
    """The Go type of a field, as far as the published schema tells it."""
    if node.name:
        *_, version, name = node.name.split(".")
        return f"{version}.{name}"
    if node.type == "array":
        return "[]uint8" if node.items is None else "[]" + _go_type(node.items)
    if node.type == "object":
        return "map[string]" + (_go_type(node.additional) if node.additional else "interface {}")
    if node.format == "byte":
        return "[]uint8"
    return {"integer": node.format or "int64", "number": "float64", "boolean": "bool"}.get(node.type, "string")
