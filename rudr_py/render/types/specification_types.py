"""The types of values that a JSON Schema accepts, in the words of the specification (OAM v1alpha1 §4 and §7). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from rudr_py.model.parameter_types import has_type

TYPES: Final = ("string", "boolean", "number")
"""The types of a setting and of a scope's parameter in the specification."""

_ALL: Final = (*TYPES, "array", "object")


def accepted(schema: Any) -> tuple[str, ...]:
    """The types that a value may have, in the order of the schema: those of the specification, `array` and `object`.

    An integer is a number, and null is no value. The result has too many types if the schema restricts them by keywords
    that are not evaluated here, such as `$ref` and `not`.
    """
    if not isinstance(schema, Mapping):
        return _ALL if schema is not False else ()
    limits = tuple(_limits(schema)) or (_ALL,)
    return tuple(dict.fromkeys(name for name in limits[0] if all(name in limit for limit in limits)))


def is_closed(schema: Mapping[str, Any]) -> bool:
    """Whether a map may have only the properties that the schema lists."""
    return schema.get("additionalProperties") is False and "patternProperties" not in schema


def _limits(schema: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """The types that each keyword accepts."""
    if "type" in schema:
        names = schema["type"]
        yield _specified([names] if isinstance(names, str) else names)
    if "const" in schema:
        yield _of_values([schema["const"]])
    if "enum" in schema:
        yield _of_values(schema["enum"])
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            yield tuple(name for branch in schema[keyword] for name in accepted(branch))
    for part in schema.get("allOf", ()):
        yield accepted(part)


def _specified(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in ("number" if name == "integer" else name for name in names) if name in _ALL)


def _of_values(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(name for value in values for name in _ALL if has_type(value, name))
