"""A quick test for ordinary values, which every check of the schema accepts and decoding leaves as they are.

Most bodies and all stored objects of built-in kinds are ordinary. `values`, `pruning`, `go_texts`, `go_nulls` and the
type check of server-side apply are needed only for the others, of which they report every fault.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from rudr_py.local.schema import go_nulls, go_texts, quantity
from rudr_py.local.schema.node import SchemaNode, once_per_node
from rudr_py.local.schema.validation import formats, values

_Test = type[Any] | Callable[[Any], bool]
"""A type that the value must have exactly, or a function."""

_TYPES: dict[str, type[Any]] = {"string": str, "integer": int, "boolean": bool}


def conforms(value: Any, node: SchemaNode) -> bool:
    """Whether a value has no fault; False if it may have one.

    If true, it is valid and can be typed by structured merge, has no unknown field, and no text, time or null item that
    Go would refuse or write in another way.
    """
    return _passes(value, _test(node))


def _passes(value: Any, test: _Test) -> bool:
    return type(value) is test if isinstance(test, type) else test(value)


@once_per_node
def _test(node: SchemaNode) -> _Test:
    if node.deduced or _is_free(node):
        return _anything
    if node.type == "object":
        return _struct(node) if node.properties or node.additional_node is None else _map(node)
    if node.type == "array":
        return _list(node)
    if node.limits or node.combined or not all(isinstance(each, str) for each in node.enum):
        return lambda value: value is not None and not values.check(value, node, "")
    if node.enum:
        return lambda value: isinstance(value, str) and value in node.enum
    return _scalar(node)


def _is_free(node: SchemaNode) -> bool:
    """Whether any value may stand here."""
    constraints = (node.type, node.properties, node.items, node.additional_node, node.int_or_string)
    is_open = node.preserve_unknown and node.unknown_node is not None
    return is_open and not any((*constraints, node.limits, node.enum, node.combined))


def _scalar(node: SchemaNode) -> _Test:
    if node.int_or_string:
        return _is_int_or_string
    if node.builtin and node.format in _FORMATS:
        return _FORMATS[node.format]
    if node.type == "number":
        return _is_number
    if node.type == "string" and formats.is_supported(node.format):
        return lambda value: isinstance(value, str) and formats.fits(value, node.format)
    return _TYPES.get(node.type, _nothing)


def _struct(node: SchemaNode) -> _Test:
    tests: dict[str, _Test] = {}
    required = tuple(key for key in node.required if (node.name, key) not in values.MAY_BE_EMPTY)
    is_within_limits = _limits(node)

    def resolve(key: str) -> _Test:
        if key in node.properties:
            tests[key] = _test(node.properties[key])
            return tests[key]
        if node.additional_node is not None:
            return _test(node.additional_node)
        return _anything if node.preserve_unknown and node.unknown_node is not None else _nothing

    def test(value: Any) -> bool:
        if type(value) is not dict:
            return False
        for key, item in value.items():
            accepts = tests.get(key) or resolve(key)
            if type(item) is accepts:
                continue
            if item is None and node.builtin and key in node.properties:
                continue
            if isinstance(accepts, type) or not accepts(item):
                return False
        for key in required:
            item = value.get(key)
            if not item and (key not in value or (node.builtin and values.is_empty(item))):
                return False
        return is_within_limits is _anything or is_within_limits(value)

    return test


def _map(node: SchemaNode) -> _Test:
    accepts = _test(node.additional_node or node)
    is_within_limits = _limits(node)

    def test(value: Any) -> bool:
        if type(value) is not dict:
            return False
        if isinstance(accepts, type):
            return all(type(item) is accepts for item in value.values()) and is_within_limits(value)
        return all(map(accepts, value.values())) and is_within_limits(value)

    return test


def _list(node: SchemaNode) -> _Test:
    if node.items is None or (node.preserve_unknown and not node.builtin):
        return _nothing
    accepts = _test(node.items)
    is_within_limits, are_distinct = _limits(node), _distinct(node, node.items)

    def test(value: Any) -> bool:
        if type(value) is not list:
            return False
        for item in value:
            if type(item) is not accepts and (isinstance(accepts, type) or not accepts(item)):
                return False
        return are_distinct(value) and is_within_limits(value)

    return test


def _distinct(node: SchemaNode, items: SchemaNode) -> Callable[[list[Any]], bool]:
    """Return whether the items of a set or keyed list are distinct elements."""
    if node.list_type == "set":
        return lambda value: all(isinstance(item, str) for item in value) and len(set(value)) == len(value)
    if node.list_type != "map" or not node.list_keys:
        return _anything
    defaults = {name: field.default for name, field in items.properties.items() if field.default is not msgspec.UNSET}

    def are_distinct(value: list[Any]) -> bool:
        keys = {tuple(str(item.get(name, defaults.get(name, ""))) for name in node.list_keys) for item in value}
        return len(keys) == len(value) and all("" not in key for key in keys)

    return are_distinct


def _limits(node: SchemaNode) -> Callable[[Any], bool]:
    """Return whether a list or map itself, without what is below it, is valid."""
    if not (node.limits or node.enum or node.combined):
        return _anything
    if node.combined:
        return lambda value: not values.check(value, node, "")
    own = msgspec.structs.replace(node, properties={}, items=None, additional_node=None, required=())
    return lambda value: not values.check(value, own, "")


def _anything(_value: Any) -> bool:
    return True


def _nothing(_value: Any) -> bool:
    return False


def _is_number(value: Any) -> bool:
    return type(value) is int or type(value) is float


def _is_int_or_string(value: Any) -> bool:
    return type(value) is int or type(value) is str


def _is_quantity(value: Any) -> bool:
    return (_is_number(value) or type(value) is str) and quantity.read(str(value)) is not None


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and _is_canonical_time(value)


@lru_cache(maxsize=256)
def _is_canonical_time(value: str) -> bool:
    return formats.fits(value, "date-time") and go_nulls.canonical_time(value) == value


def _is_base64(value: Any) -> bool:
    try:
        return isinstance(value, str) and go_texts.canonical_base64(value) == value
    except ValueError:
        return False


def _is_int32(value: Any) -> bool:
    return type(value) is int and abs(value) < 2**31


def _is_int64(value: Any) -> bool:
    return type(value) is int and abs(value) < 2**63


_FORMATS: dict[str, _Test] = {
    "quantity": _is_quantity,
    "date-time": _is_time,
    "byte": _is_base64,
    "int32": _is_int32,
    "int64": _is_int64,
}
