"""Copies of decoded JSON. Pure."""

from __future__ import annotations

from typing import Any


def clone(value: Any) -> Any:
    """Return a deep copy of decoded JSON; several times faster than `copy.deepcopy`."""
    if isinstance(value, dict):
        return {key: clone(each) if isinstance(each, dict | list) else each for key, each in value.items()}
    if isinstance(value, list):
        return [clone(each) if isinstance(each, dict | list) else each for each in value]
    return value
