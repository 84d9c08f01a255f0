"""What Go makes of null inside lists and maps of a built-in kind: the empty value of the type. Pure.

A null field is left out (that is `schema.default`'s work); a null item cannot be, and becomes `{}`, `""` or 0.
"""

from __future__ import annotations

from typing import Any

from rudr_py.local.schema.node import Node

_EMPTY: dict[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False}


def settle(value: Any, node: Node) -> None:
    """Replace null items and map values, in place."""
    if isinstance(value, dict):
        for key, each in value.items():
            child = node.properties.get(key) or node.additional
            if child is None or not child.builtin:
                continue
            if each is None and key not in node.properties:
                value[key] = _empty(child)
            elif isinstance(each, dict | list):
                settle(each, child)
    elif isinstance(value, list) and node.items is not None and node.items.builtin:
        value[:] = [_empty(node.items) if each is None else each for each in value]
        for each in value:
            if isinstance(each, dict | list):
                settle(each, node.items)


def _empty(node: Node) -> Any:
    if node.type == "array":
        return []
    return _EMPTY.get(node.type, {})
