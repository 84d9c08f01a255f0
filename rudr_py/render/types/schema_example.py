"""A short example value that a JSON Schema accepts. Pure.

It contains the required properties and those with `examples` in the schema. Patterns are not evaluated: a string with
a pattern needs `examples`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]


def sample(schema: Schema, name: str = "value") -> Any:
    """An example. `name` is the name of the value; it is used as the text where any text is valid."""
    examples = schema.get("examples")
    if isinstance(examples, list | tuple) and examples:
        return examples[0]
    for key in ("const", "default"):
        if schema.get(key) not in (None, "", [], {}, ()):
            return schema[key]
    if schema.get("enum"):
        return next((choice for choice in schema["enum"] if choice), schema["enum"][0])
    for key in ("anyOf", "oneOf"):
        branches = sorted(schema.get(key) or (), key=lambda branch: branch.get("type") == "null")
        if branches:
            return sample(branches[0], name)
    return _typed(schema, name)


def _typed(schema: Schema, name: str) -> Any:
    declared = schema.get("type")
    kind = next((item for item in declared if item != "null"), None) if isinstance(declared, list) else declared
    if kind == "object" or "properties" in schema:
        return _object(schema)
    if kind == "array":
        items = schema.get("items")
        item = sample(items if isinstance(items, Mapping) else {}, name)
        return [item] * max(1, schema.get("minItems", 1))
    if kind in ("integer", "number"):
        return _number(schema)
    if kind in ("boolean", "null"):
        return True if kind == "boolean" else None
    return name.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength")]


def _object(schema: Schema) -> dict[str, Any]:
    properties = schema.get("properties") or {}
    required = schema.get("required") or ()
    included = {
        name: inner
        for name, inner in properties.items()
        if isinstance(inner, Mapping) and (name in required or inner.get("examples"))
    }
    return {name: sample(inner, name) for name, inner in included.items()}


def _number(schema: Schema) -> int | float:
    minimum = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1 if "exclusiveMinimum" in schema else None)
    maximum = schema.get("maximum", schema.get("exclusiveMaximum", 0) - 1 if "exclusiveMaximum" in schema else None)
    number: int | float = 1
    if minimum is not None:
        number = max(number, minimum)
    if maximum is not None:
        number = min(number, maximum)
    step = schema.get("multipleOf")
    return number if not step else -(-number // step) * step
