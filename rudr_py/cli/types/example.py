"""A value that a JSON Schema takes, made up from what its author says: a short and valid example. Pure.

Required properties are in it, and those for which the author gave `examples`; nothing else. A pattern is not
understood: a text that needs one needs an example, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]


def sample(schema: Schema, name: str = "value") -> Any:
    """An example. `name` is what the value is called; it is the text where any text will do."""
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
    given = schema.get("type")
    kind = next((one for one in given if one != "null"), None) if isinstance(given, list) else given
    if kind == "object" or "properties" in schema:
        return _object(schema)
    if kind == "array":
        items = schema.get("items")
        one = sample(items if isinstance(items, Mapping) else {}, name)
        return [one] * max(1, schema.get("minItems", 1))
    if kind in ("integer", "number"):
        return _number(schema)
    if kind in ("boolean", "null"):
        return True if kind == "boolean" else None
    return name.ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength")]


def _object(schema: Schema) -> dict[str, Any]:
    properties = schema.get("properties") or {}
    required = schema.get("required") or ()
    shown = {
        name: inner
        for name, inner in properties.items()
        if isinstance(inner, Mapping) and (name in required or inner.get("examples"))
    }
    return {name: sample(inner, name) for name, inner in shown.items()}


def _number(schema: Schema) -> int | float:
    least = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1 if "exclusiveMinimum" in schema else None)
    most = schema.get("maximum", schema.get("exclusiveMaximum", 0) - 1 if "exclusiveMaximum" in schema else None)
    found: int | float = 1
    if least is not None:
        found = max(found, least)
    if most is not None:
        found = min(found, most)
    step = schema.get("multipleOf")
    return found if not step else -(-found // step) * step
