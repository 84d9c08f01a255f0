"""The canonical form of a document, and its digest (OAM v1alpha1 §8, PR-2). Pure.

The canonical form contains only what its author writes: apiVersion, kind, the name, labels and annotations, and every
other part except the status. It is JSON by RFC 8785 (JCS), so the order of keys, comments, quoting, and YAML or JSON
make no difference, and neither do fields that a cluster adds. Values are not interpreted: `100MB` and `100M` differ.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

METADATA = ("name", "labels", "annotations")
"""The metadata that OAM defines; a cluster adds further fields."""

CLUSTER_PARTS = frozenset({"status"})
"""The parts that only a cluster writes."""

CLUSTER_ANNOTATIONS = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})
"""Annotations that `kubectl apply` writes, with a copy of the document."""

LARGEST_INTEGER = 2**53 - 1
"""The largest integer up to which all are distinct numbers for each reader of JSON."""

LARGEST_NUMBER = 10**21
"""The number from which on ECMAScript prints an exponent."""

_PLAIN_EXPONENTS = range(-6, 21)
"""The decimal exponents of numbers that ECMAScript prints without an exponent."""


def form(document: Mapping[str, Any]) -> bytes:
    """The canonical form of a document in UTF-8. Raises ValueError for a number or text that JSON cannot express."""
    metadata = document.get("metadata")
    parts = {name: value for name, value in document.items() if name not in CLUSTER_PARTS}
    if isinstance(metadata, Mapping):
        parts["metadata"] = _metadata(metadata)
    return encode(_without_nulls(parts)).encode()


def digest_of(form: bytes) -> str:
    """The SHA-256 digest of a canonical form, as `sha256:` and 64 hexadecimal digits."""
    return f"sha256:{hashlib.sha256(form).hexdigest()}"


def encode(value: Any) -> str:
    """A JSON value as text by RFC 8785. Raises ValueError for a number or text that JSON cannot express."""
    return "".join(_parts(value))


def _metadata(metadata: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: metadata[name] for name in METADATA if metadata.get(name)}
    annotations = kept.get("annotations")
    if isinstance(annotations, Mapping):
        kept["annotations"] = {key: text for key, text in annotations.items() if key not in CLUSTER_ANNOTATIONS}
    return {name: value for name, value in kept.items() if value}


def _without_nulls(value: Any) -> Any:
    """The value without null fields, which Kubernetes does not store."""
    if isinstance(value, Mapping):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _parts(value: Any) -> Iterator[str]:
    match value:
        case None | bool():
            yield json.dumps(value)
        case str():
            yield _text(value)
        case int() | float():
            yield _number(value)
        case list():
            yield "["
            for index, item in enumerate(value):
                yield "," if index else ""
                yield from _parts(item)
            yield "]"
        case Mapping():
            yield "{"
            for index, key in enumerate(sorted(value, key=_utf16)):
                yield f"{',' if index else ''}{_text(key)}:"
                yield from _parts(value[key])
            yield "}"
        case _:
            raise ValueError(f"{value!r} is not a JSON value")


def _utf16(key: str) -> bytes:
    """The sort key of a name: names are ordered by their UTF-16 code units."""
    return key.encode("utf-16-be", "surrogatepass")


def _text(value: str) -> str:
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{value!r} contains half of a surrogate pair") from error
    return json.dumps(value, ensure_ascii=False)


def _number(value: float) -> str:
    """A number as ECMAScript prints it: the shortest text that is read as the same number."""
    if isinstance(value, int):
        if abs(value) > LARGEST_INTEGER and (abs(value) > LARGEST_NUMBER or _number(float(value)) != str(value)):
            raise ValueError(f"the integer {value} is not the same number for all readers of JSON; write it in quotes")
        return str(value)
    if not math.isfinite(value):
        raise ValueError(f"{value} is not a number of JSON")
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text = "".join(map(str, digits))
    if text == "0":
        return "0"
    return ("-" if sign else "") + _decimal(text, len(text) + int(exponent) - 1)


def _decimal(digits: str, exponent: int) -> str:
    """Digits with the decimal exponent of the first one."""
    if exponent not in _PLAIN_EXPONENTS:
        fraction = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{digits[0]}{fraction}e{exponent:+d}"
    if exponent < 0:
        return f"0.{'0' * (-exponent - 1)}{digits}"
    whole = digits[: exponent + 1].ljust(exponent + 1, "0")
    return f"{whole}.{digits[exponent + 1 :]}" if len(digits) > exponent + 1 else whole
