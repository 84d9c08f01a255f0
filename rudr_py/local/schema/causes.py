"""Causes of an error, with the messages of the server.

Source: apimachinery, pkg/util/validation/field.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from rudr_py.errors import Cause


def required(field: str, detail: str = "") -> Cause:
    """A required field is absent or empty."""
    return _cause("FieldValueRequired", "Required value", field, detail)


def invalid(field: str, value: Any, detail: str) -> Cause:
    """A value of the right type is invalid."""
    return _cause("FieldValueInvalid", f"Invalid value: {encoded(value)}", field, detail)


def invalid_struct(field: str, value: Mapping[str, Any], detail: str) -> Cause:
    """A Go struct is invalid; its fields are printed in their order."""
    return _cause("FieldValueInvalid", f"Invalid value: {struct(value)}", field, detail)


def invalid_place(field: str, detail: str) -> Cause:
    """A value that is not printed is invalid."""
    return _cause("FieldValueInvalid", "Invalid value", field, detail)


def struct(value: Mapping[str, Any]) -> str:
    """Return a Go struct in the form of messages."""
    return msgspec.json.encode(value).decode()


def type_invalid(field: str, value: Any, detail: str) -> Cause:
    """A value of the wrong type."""
    return _cause("FieldValueTypeInvalid", f"Invalid value: {encoded(value)}", field, detail)


def not_supported(field: str, value: Any, supported: Iterable[str]) -> Cause:
    """A value is not one of the supported ones."""
    values = ", ".join(_quoted(item) for item in supported)
    return _cause(
        "FieldValueNotSupported", f"Unsupported value: {encoded(value)}", field, f"supported values: {values}"
    )


def duplicate(field: str, value: Any) -> Cause:
    """An item has the key of an earlier one."""
    return _cause("FieldValueDuplicate", f"Duplicate value: {encoded(value)}", field, "")


def duplicate_struct(field: str, value: Mapping[str, Any]) -> Cause:
    """An item, a Go struct, has the key of an earlier one."""
    return _cause("FieldValueDuplicate", f"Duplicate value: {struct(value)}", field, "")


def not_found(field: str, value: Any) -> Cause:
    """A value refers to nothing."""
    return _cause("FieldValueNotFound", f"Not found: {encoded(value)}", field, "")


def forbidden(field: str, detail: str) -> Cause:
    """A value is not allowed here."""
    return _cause("FieldValueForbidden", "Forbidden", field, detail)


def too_long(field: str, limit: int) -> Cause:
    """A string exceeds its maximum length."""
    noun = "byte" if limit == 1 else "bytes"
    return _cause("FieldValueTooLong", "Too long", field, f"may not be more than {limit} {noun}")


def too_many(field: str, count: int, limit: int) -> Cause:
    """A list or map exceeds its maximum size."""
    noun = "item" if limit == 1 else "items"
    return _cause("FieldValueTooMany", f"Too many: {count}", field, f"must have at most {limit} {noun}")


def dry_run(values: Sequence[str]) -> Iterator[Cause]:
    """A value of the parameter `dryRun` is not `All`."""
    if any(value != "All" for value in values):
        yield not_supported("dryRun", list(values), ("All",))


def encoded(value: Any) -> str:
    """Return a value in the form of messages: JSON with sorted keys."""
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, float):
        return f"{value:g}"
    return msgspec.json.encode(value, order="sorted").decode()


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _cause(reason: str, message: str, field: str, detail: str) -> Cause:
    return Cause(reason=reason, message=f"{message}: {detail}" if detail else message, field=field)
