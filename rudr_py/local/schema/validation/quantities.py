"""Texts of built-in kinds that are no quantities, which Go cannot decode. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rudr_py.errors import Cause
from rudr_py.local.schema import causes, quantity
from rudr_py.local.schema.node import SchemaNode


def invalid(value: Any, node: SchemaNode, path: str = "") -> Iterator[Cause]:
    """A cause for each quantity that is none."""
    if node.format == "quantity":
        if node.builtin and isinstance(value, str | int | float) and quantity.read(str(value)) is None:
            detail = f"quantities must match the regular expression '{quantity.PATTERN}'"
            yield causes.type_invalid(path, value, detail)
    elif isinstance(value, dict):
        for key, below in value.items():
            child = node.properties.get(key) or node.additional_node
            if child is not None:
                yield from invalid(below, child, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and node.items is not None:
        for index, item in enumerate(value):
            yield from invalid(item, node.items, f"{path}[{index}]")
