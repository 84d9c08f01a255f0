"""Building blocks of the CRDs' schemas: OpenAPI v3 as Kubernetes has it ("structural"), nothing of OAM.

`kubectl explain` prints the descriptions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

Schema = dict[str, Any]

PRESERVE: Final = "x-kubernetes-preserve-unknown-fields"


def text(description: str, *, choices: Sequence[str] = ()) -> Schema:
    """A string; one of `choices` if these are not empty."""
    node: Schema = {"type": "string", "description": description}
    return {**node, "enum": list(choices)} if choices else node


def integer(description: str, *, minimum: int | None = None, maximum: int | None = None) -> Schema:
    """A whole number."""
    all_bounds = {"minimum": minimum, "maximum": maximum}
    bounds = {name: bound for name, bound in all_bounds.items() if bound is not None}
    return {"type": "integer", "format": "int64", "description": description, **bounds}


def number(description: str) -> Schema:
    """A number with or without a fraction."""
    return {"type": "number", "description": description}


def boolean(description: str) -> Schema:
    """True or false."""
    return {"type": "boolean", "description": description}


def anything(description: str) -> Schema:
    """Any JSON value: for fields that published documents spell in several types, or that only a type can check."""
    return {"description": description, PRESERVE: True}


def any_form(schema: Schema) -> Schema:
    """The schema, extended by values of any other JSON type: for fields that have a form of today and deprecated ones.

    The server checks the fields of a map and the items of a list, and accepts any other value.
    """
    return {**{key: value for key, value in schema.items() if key != "type"}, PRESERVE: True}


def array(description: str, items: Schema) -> Schema:
    """A list."""
    return {"type": "array", "description": description, "items": items}


def texts(description: str) -> Schema:
    """A list of strings."""
    return array(description, {"type": "string"})


def record(description: str, fields: Mapping[str, Schema], *, required: Sequence[str] = ()) -> Schema:
    """A map with the keys of `fields`."""
    # a server drops an empty map of properties, so the stored CRD would always differ from the applied one
    node: Schema = {"type": "object", "description": description, **({"properties": dict(fields)} if fields else {})}
    return {**node, "required": list(required)} if required else node


def mapping(description: str, values: Schema) -> Schema:
    """A map with any keys."""
    return {"type": "object", "description": description, "additionalProperties": values}


def moment(description: str) -> Schema:
    """A time in RFC 3339."""
    return {"type": "string", "format": "date-time", "description": description}


def ruled(schema: Schema, *rules: tuple[str, str]) -> Schema:
    """The schema with rules between its fields, each a CEL expression and the message when it is false.

    The server treats null as absent (`has`), and limits the cost of a rule times the possible entries of a list.
    """
    return {**schema, "x-kubernetes-validations": [{"rule": rule, "message": message} for rule, message in rules]}


def lenient(schema: Schema) -> Schema:
    """The schema, extended by documents that Rudr accepted: unknown keys in records, null for optional fields.

    Rudr ignored both. The controller lists unknown keys in status.warnings, with the most similar field.
    """
    result = dict(schema)
    if "items" in result:
        result["items"] = lenient(result["items"])
    if "properties" in result:
        required = result.get("required", ())
        result["properties"] = {
            name: lenient(node) if name in required else _nullable(lenient(node))
            for name, node in result["properties"].items()
        }
        result[PRESERVE] = True
    return result


def _nullable(schema: Schema) -> Schema:
    """With null allowed, so that it is stored as applied: a dropped field looks like another manager's change.

    A choice does not need it: the server drops its null before it checks the choices.
    """
    return schema if "enum" in schema else {**schema, "nullable": True}
