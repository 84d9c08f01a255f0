"""Validators for the schemas of Trait and ApplicationScope objects, whose authors are not those of the types.

A schema that cannot be used is an error of the definition: unknown types, references that do not resolve or are
recursive, patterns that RE2 cannot use, and schemas that exhaust the steps of a validation with few values.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Final

import jsonschema
import msgspec

from rudr_py import json_schema
from rudr_py.api import properties

MOST_STEPS_OF_ENTRY: Final = json_schema.MOST_STEPS // 20
"""The most keywords that a schema may apply to one entry of a list or map: 20 entries can always be checked."""

_REPEATED: Final = frozenset(
    {
        "additionalItems",
        "additionalProperties",
        "contains",
        "items",
        "patternProperties",
        "propertyNames",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
"""Keywords whose schemas apply to every entry."""

_TYPES: Final = frozenset({"any", "array", "boolean", "integer", "null", "number", "object", "string"})
"""The types of all dialects."""

_LONGEST_REASON: Final = 200


def validator(schema: Mapping[str, Any]) -> jsonschema.protocols.Validator:
    """The validator for a schema. Raises any exception if it cannot be used; see `reason`."""
    result = _validator(msgspec.json.encode(schema))
    if isinstance(result, Exception):
        raise result
    return result


def unusable(schema: Mapping[str, Any]) -> str:
    """The reason why a schema cannot be used, or an empty string."""
    try:
        validator(schema)
    except Exception as error:  # noqa: BLE001 - a schema of the cluster may cause any exception
        return reason(error)
    return ""


def reason(error: Exception) -> str:
    """The text of an exception of `validator`."""
    text = error.message if isinstance(error, jsonschema.SchemaError) else str(error)
    return text if len(text) <= _LONGEST_REASON else f"{text[: _LONGEST_REASON - 3]}..."


@functools.lru_cache(maxsize=256)
def _validator(encoded: bytes) -> jsonschema.protocols.Validator | Exception:
    """A validator; or the error, so that an unusable schema is checked only once, too."""
    try:
        schema = properties.schema(msgspec.json.decode(encoded))
        checked = json_schema.validator(schema)
        _steps(schema)
    except Exception as error:  # noqa: BLE001 - returned
        return error.with_traceback(None)
    return checked


def _steps(schema: Any) -> int:
    """The keywords that a schema without references applies to a value with one entry in each list and map.

    Raises SchemaError if it applies too many to one entry, or contains an unknown type, which old dialects permit.
    """
    if isinstance(schema, list):
        return sum(map(_steps, schema))
    total = 0
    for keyword, value in schema.items() if isinstance(schema, dict) else ():
        steps = 1
        if keyword in json_schema.MAPS and isinstance(value, dict):
            steps += sum(map(_steps, value.values())) + (2 * len(value) if keyword == "patternProperties" else 0)
        elif keyword not in json_schema.VALUES:
            steps += _steps(value)
        if keyword == "type":
            _check_types(value if isinstance(value, list) else [value])
        if keyword in _REPEATED and steps > MOST_STEPS_OF_ENTRY:
            count = f"{steps:,} keywords to each entry of {keyword}"
            raise jsonschema.SchemaError(f"it applies {count}; the maximum is {MOST_STEPS_OF_ENTRY:,}")
        total += steps
    return total


def _check_types(names: list[Any]) -> None:
    for name in names:
        if isinstance(name, str) and name not in _TYPES:
            raise jsonschema.SchemaError(f'"{name}" is no type of JSON Schema')
