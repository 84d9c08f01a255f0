"""Building blocks of the CRDs' schemas: OpenAPI v3 as Kubernetes has it ("structural"), nothing of OAM.

Descriptions are what `kubectl explain` prints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

Schema = dict[str, Any]

PRESERVE: Final = "x-kubernetes-preserve-unknown-fields"


def text(description: str, *, choices: Sequence[str] = ()) -> Schema:
    """A string, one of `choices` if there are any."""
    node: Schema = {"type": "string", "description": description}
    return {**node, "enum": list(choices)} if choices else node


def integer(description: str, *, least: int | None = None, most: int | None = None) -> Schema:
    """A whole number."""
    limits = {"minimum": least, "maximum": most}
    found = {name: limit for name, limit in limits.items() if limit is not None}
    return {"type": "integer", "format": "int64", "description": description, **found}


def number(description: str) -> Schema:
    """A number with or without a fraction."""
    return {"type": "number", "description": description}


def boolean(description: str) -> Schema:
    """True or false."""
    return {"type": "boolean", "description": description}


def anything(description: str) -> Schema:
    """Any JSON value: what documents in the wild spell in more than one type, or what only a type can judge."""
    return {"description": description, PRESERVE: True}


def array(description: str, items: Schema) -> Schema:
    """A list."""
    return {"type": "array", "description": description, "items": items}


def texts(description: str) -> Schema:
    """A list of strings."""
    return array(description, {"type": "string"})


def record(description: str, fields: Mapping[str, Schema], *, required: Sequence[str] = ()) -> Schema:
    """A map with known keys."""
    # a server drops an empty map of properties, which would differ from what was applied ever after
    node: Schema = {"type": "object", "description": description, **({"properties": dict(fields)} if fields else {})}
    return {**node, "required": list(required)} if required else node


def mapping(description: str, values: Schema) -> Schema:
    """A map with any keys."""
    return {"type": "object", "description": description, "additionalProperties": values}


def moment(description: str) -> Schema:
    """A time in RFC 3339."""
    return {"type": "string", "format": "date-time", "description": description}


def ruled(schema: Schema, *rules: tuple[str, str]) -> Schema:
    """The schema with rules between its fields: CEL expression and what to say when it is false.

    The server counts null as absent (`has`), and bounds the cost of each rule times the entries a list might have.
    """
    return {**schema, "x-kubernetes-validations": [{"rule": rule, "message": message} for rule, message in rules]}


def lenient(schema: Schema) -> Schema:
    """The schema, with room for what Rudr took: unknown keys in every record, null for every optional field.

    Rudr ignored both. The controller names unknown keys in status.warnings, with the nearest known one.
    """
    found = dict(schema)
    if "items" in found:
        found["items"] = lenient(found["items"])
    if "properties" in found:
        needed = found.get("required", ())
        found["properties"] = {
            name: lenient(node) if name in needed else _nullable(lenient(node))
            for name, node in found["properties"].items()
        }
        found[PRESERVE] = True
    return found


def _nullable(schema: Schema) -> Schema:
    """With null allowed, so that it is stored as applied: what the server drops looks like another manager's change.

    A choice stays as it is: the server drops its null before it looks at the choices.
    """
    return schema if "enum" in schema else {**schema, "nullable": True}
