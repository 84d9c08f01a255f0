"""Copies of decoded JSON. Pure."""

from __future__ import annotations

from typing import Any

import msgspec


def clone(value: Any) -> Any:
    """Return a deep copy of decoded JSON."""
    return msgspec.to_builtins(value)
