"""The path elements of a value: which keys of a map and which items of a list are separate fields.

Source: structured-merge-diff, typed/helpers.go.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec import UNSET

from rudr_py.local.merge import fieldset
from rudr_py.local.schema.node import OPAQUE, SchemaNode

ABSENT: Final = UNSET
"""The absence of a value, as opposed to null."""

_MAPS, _LISTS = ("object", ""), ("array", "")
"""The types of nodes under which maps and lists have parts."""


class NoElementError(ValueError):
    """A list item has no path element. The message is that of the server."""


def leaf(node: SchemaNode, *values: Any) -> bool:
    """Whether the values at one place are owned as a whole.

    This applies to scalars, to atomic lists and maps, and if every value is empty: `{}`, `[]` and null are distinct.
    """
    for value in values:
        if value and isinstance(value, dict):
            if node.type in _MAPS and node.map_type != "atomic":
                return False
        elif value and isinstance(value, list) and node.type in _LISTS and node.list_type != "atomic":
            return False
    return True


def item_node(node: SchemaNode) -> SchemaNode:
    """Return the node of the items of a list; items without a schema are opaque."""
    return node.items or OPAQUE


def item_element(node: SchemaNode, item: Any) -> str:
    """Return the path element of an item of a set or of a keyed list. Raises NoElementError."""
    if node.list_type == "map" and node.list_keys:
        return fieldset.key_element(_keys(node, item))
    if isinstance(item, dict):
        raise NoElementError("associative list without keys has an element that's a map type")
    if isinstance(item, list):
        raise NoElementError("not supported: associative list with lists as elements")
    if item is None:
        raise NoElementError("associative list without keys has an element that's an explicit null")
    return fieldset.value_element(item)


def _keys(node: SchemaNode, item: Any) -> dict[str, Any]:
    if item is None:
        raise NoElementError("associative list with keys may not have a null element")
    if not isinstance(item, dict):
        raise NoElementError("associative list with keys may not have non-map elements")
    keys: dict[str, Any] = {}
    for name in node.list_keys:
        value = item.get(name, ABSENT)
        if value is ABSENT:
            field = item_node(node).properties.get(name)
            value = ABSENT if field is None else field.default
        if value is not ABSENT:
            keys[name] = value
    if not keys:
        names = "[" + " ".join(msgspec.json.encode(name).decode() for name in node.list_keys) + "]"
        raise NoElementError(
            f"associative list with keys has an element that omits all key fields {names} "
            "(and doesn't have default values for any key fields)"
        )
    return keys


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are equal: 1 equals 1.0, but true does not equal 1 as it does in Python."""
    if left is right:
        return True
    if left != right:
        return False
    if isinstance(left, dict):
        return all(same(value, right[key]) for key, value in left.items())
    if isinstance(left, list):
        return all(map(same, left, right))
    return isinstance(left, bool) == isinstance(right, bool)
