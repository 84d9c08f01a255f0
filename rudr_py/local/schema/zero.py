"""The JSON of a built-in kind's empty Go value.

A struct held by value is always there, and a field that is not optional is there as null, "", 0 or false. Ownership needs
it (creating an object does not add what is always there), and so does completing an object.
"""

from __future__ import annotations

from typing import Any

from rudr_py.local.schema.node import Node

_ZERO: dict[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False}


def zero(node: Node) -> dict[str, Any]:
    """The empty object of a kind; `{}` for a custom resource, which has no Go type."""
    if not node.builtin:
        return {}
    empty: dict[str, Any] = {}
    for key, child in node.properties.items():
        if child.by_value:
            empty[key] = zero(child)
        elif key in node.required:
            empty[key] = _ZERO.get(child.type) if not child.format.startswith(("quantity", "date-time")) else None
    return empty
