"""The JSON of the empty Go value of a built-in kind.

A struct held by value is always present, and a field that is not optional is present as null, "", 0 or false. Field
ownership (creating an object does not add such fields) and defaulting depend on it.
"""

from __future__ import annotations

from typing import Any

from rudr_py.local.schema import published
from rudr_py.local.schema.node import SchemaNode, once_per_node

_ZERO: dict[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False}


def zero(node: SchemaNode) -> dict[str, Any]:
    """Return the empty object of a kind; `{}` for a custom resource, which has no Go type."""
    return {key: zero(child) if child.by_value else value for key, child, value in always_written(node)}


@once_per_node
def always_written(node: SchemaNode) -> tuple[tuple[str, SchemaNode, Any], ...]:
    """Return the fields that are written even if empty: key, node, and the empty value unless it is a struct."""
    if not node.builtin:
        return ()
    fields: list[tuple[str, SchemaNode, Any]] = []
    for key, child in node.properties.items():
        if child.by_value:
            fields.append((key, child, None))
        elif (node.name, key) in published.ALWAYS:
            fields.append((key, child, published.ALWAYS[node.name, key]))
        elif key in node.required and (node.name, key) not in published.OMITTED:
            fields.append((key, child, None if child.format in ("quantity", "date-time") else _ZERO.get(child.type)))
    return tuple(fields)
