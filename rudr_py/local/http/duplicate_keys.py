"""Duplicate keys of a JSON body, which the decoder drops without an error. Pure.

Keys are counted first, in the text and in what was decoded. Only if the numbers differ is the body decoded again.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

_KEY = re.compile(rb'"\s*:')


def duplicate_fields(data: bytes, decoded: Any) -> list[str]:
    """Return the paths of duplicate keys in the order of the text, as strict field validation names them."""
    if len(_KEY.findall(data)) == len(_KEY.findall(msgspec.json.encode(decoded))):
        return []
    try:
        pairs = json.loads(data, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return []
    duplicates: list[str] = []
    _walk(pairs, "", duplicates)
    return duplicates


class _Pairs(list[tuple[str, Any]]):
    """The members of a JSON object in order."""


def _walk(value: Any, path: str, duplicates: list[str]) -> None:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for key, child in value:
            here = f"{path}.{key}" if path else key
            if key in seen and here not in duplicates:
                duplicates.append(here)
            seen.add(key)
            _walk(child, here, duplicates)
    elif isinstance(value, list):
        for index, child in enumerate(value):
            _walk(child, f"{path}[{index}]", duplicates)
