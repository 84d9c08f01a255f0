"""Texts of built-in kinds that Go parses while it decodes them: quantities, and base64. Pure."""

from __future__ import annotations

import base64
import string
from collections.abc import Iterator
from typing import Any, Final

from rudr_py.errors import Cause
from rudr_py.local.schema import causes, quantity
from rudr_py.local.schema.node import SchemaNode

CORRUPT: Final = "FieldValueInvalid"
"""The reason of causes of base64, whose message the server returns without the field."""

_ALPHABET: Final = frozenset(string.ascii_letters + string.digits + "+/")
_LINE_BREAKS: Final = "\r\n"
_QUANTUM: Final = 4


def invalid(value: Any, node: SchemaNode, path: str = "") -> Iterator[Cause]:
    """A cause for each text that Go cannot parse. The message of base64 does not contain the text: it may be secret."""
    if node.format == "quantity":
        if node.builtin and isinstance(value, str | int | float) and quantity.read(str(value)) is None:
            detail = f"quantities must match the regular expression '{quantity.PATTERN}'"
            yield causes.type_invalid(path, value, detail)
    elif node.format == "byte" and node.builtin and isinstance(value, str):
        offset = _corrupt_input(value)
        if offset is not None:
            yield Cause(reason=CORRUPT, field=path, message=f"illegal base64 data at input byte {offset}")
    elif isinstance(value, dict):
        for key, below in value.items():
            child = node.properties.get(key) or node.additional_node
            if child is not None:
                yield from invalid(below, child, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and node.items is not None:
        for index, item in enumerate(value):
            yield from invalid(item, node.items, f"{path}[{index}]")


def canonical_base64(text: str) -> str:
    """Valid base64 as Go writes it: without line breaks, and without bits in the padding."""
    return base64.b64encode(base64.b64decode(text)).decode()


def _corrupt_input(text: str) -> int | None:
    """The offset that Go reports for a text that is no base64; line breaks are ignored. None if it is valid."""
    position = 0
    for index, character in enumerate(text):
        if character in _LINE_BREAKS:
            continue
        if character == "=":
            return _corrupt_padding(text, index, position)
        if character not in _ALPHABET:
            return len(text[:index].encode())
        position = (position + 1) % _QUANTUM
    return len(text) - position if position else None


def _corrupt_padding(text: str, index: int, position: int) -> int | None:
    """The same for a text whose padding begins at an index, at a position in its quantum."""
    rest = [(at, character) for at, character in enumerate(text) if at > index and character not in _LINE_BREAKS]
    missing = _QUANTUM - 1 - position
    if missing > 1:
        return index
    if missing and not rest:
        return len(text)
    if missing and rest[0][1] != "=":
        return rest[0][0] - 1
    return rest[missing][0] if len(rest) > missing else None
