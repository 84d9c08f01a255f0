"""Defaulting of objects.

A custom resource gets the defaults of its CRD. An object of a built-in kind is converted to the form in which the
server stores it: null and empty optional fields are removed, structs held by value are added, quantities become
canonical, and the defaults of `builtin_defaults` are set.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from rudr_py.local.schema import go_zero, quantity
from rudr_py.local.schema.defaulting import builtin_defaults
from rudr_py.local.schema.node import SchemaNode, once_per_node
from rudr_py.local.storage.cloning import clone

_SCALARS = ("string", "integer", "number", "boolean")


def default(obj: dict[str, Any], node: SchemaNode) -> None:
    """Default an object in place. The operation is idempotent."""
    if node.builtin:
        _complete(obj, node)
    else:
        _drop_nulls(obj, node)
        _fill(obj, node)


def _fill(value: Any, node: SchemaNode) -> None:
    """Set the defaults of a CRD; default values are defaulted in turn."""
    if node.builtin:
        if isinstance(value, dict):
            _complete(value, node)
    elif isinstance(value, dict):
        for key, child in node.properties.items():
            if child.default is not UNSET and _missing(value, key, child):
                value[key] = clone(child.default)
        for key, item in value.items():
            child_node = node.properties.get(key) or node.additional_node
            if child_node is not None:
                if item is None and not child_node.nullable and child_node.default is not UNSET:
                    value[key] = clone(child_node.default)
                _fill(value[key], child_node)
    elif isinstance(value, list) and node.items is not None:
        for index, item in enumerate(value):
            if item is None and not node.items.nullable and node.items.default is not UNSET:
                value[index] = clone(node.items.default)
            _fill(value[index], node.items)


def _missing(value: dict[str, Any], key: str, child: SchemaNode) -> bool:
    return key not in value or (value[key] is None and not child.nullable)


def _drop_nulls(value: Any, node: SchemaNode) -> None:
    """Remove nulls that are not allowed and have no default."""
    if isinstance(value, dict):
        for key in list(value):
            child = node.properties.get(key) or node.additional_node
            if child is None or child.deduced:
                continue
            if value[key] is None and not child.nullable and child.default is UNSET:
                del value[key]
            else:
                _drop_nulls(value[key], child)
    elif isinstance(value, list) and node.items is not None:
        for item in value:
            _drop_nulls(item, node.items)


def _complete(obj: dict[str, Any], node: SchemaNode) -> None:
    """Default one struct of a built-in kind, and all below it."""
    for key in [key for key, value in obj.items() if not value and _is_absent(value, node, key)]:
        del obj[key]
    fill = builtin_defaults.FILLERS.get(node.name)
    if fill is not None:
        fill(obj)
    for key, child, empty in go_zero.always_written(node):
        if key not in obj:
            obj[key] = {} if child.by_value else empty
    nested = _nested(node)
    for key, value in obj.items():
        field = nested.get(key)
        if field is not None:
            obj[key] = _completed(value, field)


@once_per_node
def _nested(node: SchemaNode) -> dict[str, SchemaNode]:
    """The fields of a struct whose values are completed."""
    return {key: field for key, field in node.properties.items() if field.builtin and _is_completed(field)}


def _is_completed(node: SchemaNode) -> bool:
    return node.type not in _SCALARS or node.format == "quantity"


def _completed(value: Any, node: SchemaNode) -> Any:
    if isinstance(value, dict):
        if node.properties:
            _complete(value, node)
        elif node.additional_node is not None and _is_completed(node.additional_node):
            for key, item in value.items():
                value[key] = _completed(item, node.additional_node)
    elif isinstance(value, list):
        if node.items is not None and _is_completed(node.items):
            value[:] = [_completed(item, node.items) for item in value]
    elif node.format == "quantity" and isinstance(value, str | int | float):
        return quantity.canonical(str(value)) or value
    return value


def _is_absent(value: Any, node: SchemaNode, key: str) -> bool:
    """Whether Go omits this value of a field."""
    if value is None:
        return True
    field = node.properties.get(key)
    if field is None or not field.builtin or key in node.required:
        return False
    if value in ("", 0, False) and not isinstance(value, float):
        return field.omit_zero
    return value in ([], {}) and not field.properties and not field.name
