"""One broken rule of an object, and safe access to the fields of an object of any form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec


class Violation(msgspec.Struct, frozen=True):
    """A broken rule: the field of the object (`spec.ports[0].name`), the rule, and the refused text, if any.

    `related` are the other fields that cause it.
    """

    field: str
    message: str
    text: str = ""
    related: tuple[str, ...] = ()

    def __str__(self) -> str:
        excerpt = f'"{self.text[:70]}" ' if self.text else ""
        return f"{self.field} {excerpt}{self.message}"


def mapping(parent: Any, *keys: str) -> dict[str, Any]:
    """The map at these keys; empty if there is none, because the server checks the types of fields."""
    for key in keys:
        parent = parent.get(key) if isinstance(parent, dict) else None
    return parent if isinstance(parent, dict) else {}


def entries(parent: Any, key: str, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The maps in the list `key`, each with its path."""
    items = parent.get(key) if isinstance(parent, dict) else None
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            yield f"{path}.{key}[{index}]", item


def text(parent: Mapping[str, Any], key: str) -> str:
    """The text in `key`; empty if there is none."""
    value = parent.get(key)
    return value if isinstance(value, str) else ""
