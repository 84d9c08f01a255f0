"""Reads parts of JSON that the strict decoder rejects, so that one bad object does not hide the other ones.

A lone surrogate or nesting of a thousand levels is rejected. Here tokens are only counted, never decoded; this is slow
and used for errors only.
"""

from __future__ import annotations

import re
from typing import Literal

# a string without an end is a token too, or the brackets in it would count
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[{}\[\]]', re.DOTALL)
_FIELD = re.compile(rb'"(name|namespace|resourceVersion|continue)"\s*:\s*"([^"\\]*)"')


def complete(text: bytes) -> bool:
    """Whether the text is one JSON object with balanced brackets, and nothing follows it."""
    text = text.strip()
    if not text.startswith(b"{"):
        return False
    depth = 0
    for match in _TOKEN.finditer(text):
        depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(match[0], 0)
        if depth == 0:
            return match.end() == len(text)
    return False


def value(text: bytes, field: str) -> bytes:
    """The text of the object or array in one field of the outermost object, or empty."""
    depth, is_field, start = 0, False, -1
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in (b"{", b"["):
            depth += 1
            if depth == 2 and is_field:
                start = match.start()
            is_field = False
        elif token in (b"}", b"]"):
            depth -= 1
            if depth == 1 and start >= 0:
                return text[start : match.end()]
        elif depth == 1:
            is_field = token == f'"{field}"'.encode()
    return b""


def elements(array: bytes) -> list[bytes]:
    """The texts of the objects in an array of objects."""
    texts: list[bytes] = []
    depth, start = 0, 0
    for match in _TOKEN.finditer(array):
        if match[0] in (b"{", b"["):
            depth += 1
            if depth == 2:
                start = match.start()
        elif match[0] in (b"}", b"]"):
            if depth == 2:
                texts.append(array[start : match.end()])
            depth -= 1
    return texts


def metadata(text: bytes, field: Literal["name", "namespace", "resourceVersion", "continue"]) -> str:
    """A string field of an object's metadata, or empty. Not exact: nested fields with the name match, too."""
    matches = _FIELD.finditer(value(text, "metadata"))
    return next((match[2].decode(errors="replace") for match in matches if match[1].decode() == field), "")
