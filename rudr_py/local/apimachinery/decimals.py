"""Whole numbers in query parameters, annotations and schedules. Pure."""

from __future__ import annotations

_DIGITS = 19
"""The most digits of a number in 64 bits."""


def number(text: str) -> int | None:
    """The whole number that ASCII digits write, or None for any other text and for more than 64 bits."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None
