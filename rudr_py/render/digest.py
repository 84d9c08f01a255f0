"""Short digests of values, the same in every process and every release."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec


def of(value: Any) -> str:
    """A digest of any value that msgspec can encode; the order of keys does not matter."""
    return hashlib.blake2b(msgspec.json.encode(value, order="deterministic"), digest_size=12).hexdigest()


def plain(value: Any) -> Any:
    """A value with its structs as maps without the fields that have their defaults.

    So a field that a later release adds leaves the digest of documents that do not use it as it was.
    """
    if isinstance(value, msgspec.Struct):
        fields = ((field, getattr(value, field.name)) for field in msgspec.structs.fields(value))
        return {field.name: plain(inner) for field, inner in fields if inner != _default(field)}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    return value


def _default(field: msgspec.structs.FieldInfo) -> Any:
    factory = field.default_factory
    return field.default if factory is msgspec.NODEFAULT else factory()
