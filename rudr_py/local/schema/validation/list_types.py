"""Uniqueness of items in lists of type set and map of a custom resource.

Source: apiextensions-apiserver, pkg/apiserver/schema/listtype. Built-in kinds have their own rules.
"""

from __future__ import annotations

from typing import Any

from rudr_py.errors import Cause
from rudr_py.local.schema import causes
from rudr_py.local.schema.node import SchemaNode


def duplicates(value: Any, node: SchemaNode, path: str = "") -> list[Cause]:
    """Return a cause for every duplicate item in a value and below it."""
    errors: list[Cause] = []
    if node.builtin:
        return errors
    if isinstance(value, dict):
        for key, item in value.items():
            child = node.properties.get(key)
            below = f"{path}.{key}" if path else key
            if child is not None:
                errors += duplicates(item, child, below)
            elif node.additional_node is not None:
                errors += duplicates(item, node.additional_node, f"{path}[{key}]")
    elif isinstance(value, list):
        if node.list_type == "set":
            errors += _repeated(value, path)
        elif node.list_type == "map":
            errors += _repeated_keys(value, node, path)
        if node.items is not None:
            for index, item in enumerate(value):
                errors += duplicates(item, node.items, f"{path}[{index}]")
    return errors


def _repeated_keys(value: list[Any], node: SchemaNode, path: str) -> list[Cause]:
    for index, item in enumerate(value):
        if item is not None and not isinstance(item, dict):
            where = f"{path}[{index}]"
            return [causes.invalid(where, item, "must be an object for an array of list-type map")]
    keys = [{name: item[name] for name in node.list_keys if name in item} if item else {} for item in value]
    return _repeated(keys, path)


def _repeated(values: list[Any], path: str) -> list[Cause]:
    """Return a cause for the first duplicate of each value."""
    seen: dict[str, int] = {}
    errors: list[Cause] = []
    for index, value in enumerate(values):
        text = causes.encoded(value)
        seen[text] = seen.get(text, 0) + 1
        if seen[text] == 2:
            errors.append(causes.duplicate(f"{path}[{index}]", value))
    return errors
