"""Null items, times and base64 of built-in kinds, as Go decodes and encodes them. Pure.

Null fields are removed by defaulting; null items become `{}`, `""` or 0. Times are converted to UTC and whole seconds,
except those in microseconds.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rudr_py.local.schema import go_texts
from rudr_py.local.schema.node import SchemaNode

_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_LENGTH = len("2026-01-01T00:00:00Z")
_EMPTY: dict[str, Any] = {"string": "", "integer": 0, "number": 0, "boolean": False}


def replace_nulls(value: Any, node: SchemaNode) -> None:
    """Replace null items and map values, and normalise times and base64, in place."""
    if isinstance(value, dict):
        for key, each in value.items():
            child = node.properties.get(key) or node.additional_node
            if child is None or not child.builtin:
                continue
            if each is None and key not in node.properties:
                value[key] = _empty(child)
            elif isinstance(each, dict | list):
                replace_nulls(each, child)
            elif child.format == "date-time" and isinstance(each, str) and len(each) != _LENGTH:
                value[key] = canonical_time(each)
            elif child.format == "byte" and isinstance(each, str):
                value[key] = go_texts.canonical_base64(each)
    elif isinstance(value, list) and node.items is not None and node.items.builtin:
        value[:] = [_empty(node.items) if each is None else each for each in value]
        for each in value:
            if isinstance(each, dict | list):
                replace_nulls(each, node.items)


def canonical_time(text: str) -> str:
    """A time as Go writes it: in UTC, in whole seconds or microseconds. Another text is returned unchanged."""
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return text
    fraction = text.partition(".")[2]
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if fraction[:6].isdigit() and len(fraction) > 6 else _FORMAT)


def _empty(node: SchemaNode) -> Any:
    if node.type == "array":
        return []
    return _EMPTY.get(node.type, {})
