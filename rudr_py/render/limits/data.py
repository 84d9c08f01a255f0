"""ConfigMaps and Secrets: the keys and the size of their data."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from rudr_py.render.limits import syntax
from rudr_py.render.limits.violation import Violation, mapping

DATA_BYTES: Final = 2**20
"""Maximum of all values of a ConfigMap or a Secret."""


def config_map(body: Mapping[str, Any]) -> Iterator[Violation]:
    """The violations of the data of a ConfigMap."""
    text, binary = mapping(body, "data"), mapping(body, "binaryData")
    yield from _keys([("data", key) for key in text] + [("binaryData", key) for key in binary])
    for key in sorted(text.keys() & binary.keys()):
        yield Violation("binaryData", "is used twice; a key is in data or in binaryData", key)
    yield from _size({**text}, _text_size, "data", _sum(binary, _binary_size))


def secret(body: Mapping[str, Any]) -> Iterator[Violation]:
    """The violations of the data of a Secret; `stringData` replaces entries of `data`."""
    text, binary = mapping(body, "stringData"), mapping(body, "data")
    yield from _keys([("stringData", key) for key in text] + [("data", key) for key in binary])
    kept = {key: value for key, value in binary.items() if key not in text}
    yield from _size(text, _text_size, "data", _sum(kept, _binary_size))


def _keys(keys: list[tuple[str, str]]) -> Iterator[Violation]:
    for field, key in keys:
        if wrong := syntax.data_key(key):
            yield Violation(field, wrong, key)


def _size(values: Mapping[str, Any], measure: Callable[[str], int], field: str, rest: int) -> Iterator[Violation]:
    size = _sum(values, measure) + rest
    if size > DATA_BYTES:
        yield Violation(field, f"has {size} bytes in all values together; at most {DATA_BYTES} are allowed")


def _sum(values: Mapping[str, Any], measure: Callable[[str], int]) -> int:
    return sum(measure(value) for value in values.values() if isinstance(value, str))


def _text_size(value: str) -> int:
    return len(value.encode("utf-8", "surrogatepass"))


def _binary_size(value: str) -> int:
    try:
        return len(base64.b64decode(value))
    except ValueError:
        # the server refuses it for its encoding
        return 0
