"""The properties that a JSON Schema declares, for people, and the lookup of nested properties. Pure.

Types are written as `kubectl explain` writes them: `string`, `[]Object`, `map[string]integer`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from rudr_py.errors import CatalogError
from rudr_py.model import suggest

Schema = Mapping[str, Any]

_INTEGER_LIMITS = (2**31 - 1, 2**63 - 1)
"""Limits of integer types, which are of no use to the reader."""

_MAX_DEFAULT = 40
"""The longest default, in characters, that is printed. The fields of a longer one have their own defaults."""


class SchemaField(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A property. `default` is empty when there is none or when it is too long; `fields` are nested properties."""

    name: str
    type: str
    required: bool = False
    default: str = ""
    description: str = ""
    limits: tuple[str, ...] = ()
    fields: tuple[SchemaField, ...] = ()
    schema: Schema = {}


def declared(schema: Schema) -> tuple[SchemaField, ...]:
    """The properties of an object's schema, required ones first, otherwise in the order of the schema."""
    fields: dict[str, SchemaField] = {}
    for branch in _alternatives(schema):
        properties = branch.get("properties")
        required = branch.get("required") or ()
        for name, inner in properties.items() if isinstance(properties, Mapping) else ():
            fields.setdefault(name, _field(name, inner if isinstance(inner, Mapping) else {}, name in required))
    return tuple(sorted(fields.values(), key=lambda field: not field.required))


def find(fields: Sequence[SchemaField], path: Sequence[str], type_name: str) -> SchemaField:
    """The field at a path of names. Raises CatalogError, which suggests the nearest name."""
    parent = type_name
    for depth, name in enumerate(path):
        by_name = {field.name: field for field in fields}
        if name not in by_name:
            properties = f"its properties are {', '.join(by_name)}" if by_name else "it has no properties"
            hint = suggest.nearest(name, by_name)
            raise CatalogError(f'{parent} has no property "{name}"; {properties}.{hint}', name=name)
        if depth == len(path) - 1:
            return by_name[name]
        fields, parent = by_name[name].fields, f"{parent}.{name}"
    raise CatalogError(f"{parent} needs the name of a property", name=parent)


def _field(name: str, schema: Schema, required: bool) -> SchemaField:
    return SchemaField(
        name=name,
        type=_type(schema),
        required=required,
        default=_default(schema),
        description=_description(schema),
        limits=tuple(dict.fromkeys(_limits(schema))),
        fields=_inside(schema),
        schema=schema,
    )


def _description(schema: Schema) -> str:
    text = schema.get("description")
    for inner in () if text else (*_alternatives(schema), *map(_items, _alternatives(schema))):
        text = text or inner.get("description")
    return " ".join(str(text or "").split())


def _alternatives(schema: Schema) -> list[Schema]:
    """The schema itself, or its alternatives. null is left out, because users omit the property instead."""
    branches = next((schema[key] for key in ("anyOf", "oneOf", "allOf") if isinstance(schema.get(key), list)), None)
    if branches is None:
        return [schema]
    flat = [inner for branch in branches if isinstance(branch, Mapping) for inner in _alternatives(branch)]
    own = [schema] if "properties" in schema else []
    return own + [branch for branch in flat if branch.get("type") != "null"]


def _items(schema: Schema) -> Schema:
    inner = schema.get("items")
    return inner if isinstance(inner, Mapping) else {}


def _values(schema: Schema) -> Schema:
    """The schema of the values of a map with arbitrary keys."""
    inner = schema.get("additionalProperties")
    return inner if isinstance(inner, Mapping) else {}


def _type(schema: Schema) -> str:
    return " or ".join(dict.fromkeys(name for branch in _alternatives(schema) for name in _types(branch))) or "any"


def _types(schema: Schema) -> Iterator[str]:
    declared_type = schema.get("type")
    for name in declared_type if isinstance(declared_type, list) else [declared_type]:
        if name == "array":
            inner = _type(_items(schema))
            yield f"[]{inner}" if " or " not in inner else f"[]({inner})"
        elif name == "object":
            yield f"map[string]{_type(_values(schema))}" if _values(schema) else "Object"
        elif name is None:
            yield from _types_of_choices(schema)
        elif name != "null":
            yield str(name)


_NAMES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "[]any", dict: "Object"}


def _types_of_choices(schema: Schema) -> Iterator[str]:
    choices = schema.get("enum", [schema["const"]] if "const" in schema else [])
    yield from dict.fromkeys(_NAMES[type(choice)] for choice in choices if type(choice) in _NAMES)
    if "properties" in schema:
        yield "Object"


def _default(schema: Schema) -> str:
    value = schema.get("default")
    if value is None or value in ("", [], {}, ()):
        return ""
    text = _text(int(value) if isinstance(value, float) and value.is_integer() else value)
    return text if len(text) <= _MAX_DEFAULT else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _inside(schema: Schema) -> tuple[SchemaField, ...]:
    for branch in _alternatives(schema):
        fields = declared(branch) if "properties" in branch else ()
        for inner in (_items(branch), _values(branch)):
            fields = fields or (_inside(inner) if inner else ())
        if fields:
            return fields
    return ()


def _limits(schema: Schema) -> Iterator[str]:
    for branch in _alternatives(schema):
        yield from _own_limits(branch)
        for inner in (_items(branch), _values(branch)):
            for scalar in _alternatives(inner) if inner else ():
                yield from (f"each {limit}" for limit in _own_limits(scalar) if "properties" not in scalar)
        names = branch.get("propertyNames")
        if isinstance(names, Mapping):
            yield from (f"each name {limit}" for limit in _own_limits(names))


def _own_limits(schema: Schema) -> Iterator[str]:
    if "enum" in schema:
        choices = [_text(choice) or '""' for choice in schema["enum"] if choice is not None]
        yield f"one of {', '.join(choices)}"
    if "const" in schema:
        yield f"always {_text(schema['const'])}"
    yield from _range(schema.get("minimum"), schema.get("maximum"), "")
    if "exclusiveMinimum" in schema:
        yield f"greater than {schema['exclusiveMinimum']}"
    if "exclusiveMaximum" in schema:
        yield f"less than {schema['exclusiveMaximum']}"
    if "multipleOf" in schema:
        yield f"a multiple of {schema['multipleOf']}"
    yield from _range(schema.get("minLength"), schema.get("maxLength"), "characters")
    yield from _range(schema.get("minItems"), schema.get("maxItems"), "entries")
    yield from _range(schema.get("minProperties"), schema.get("maxProperties"), "entries")
    if schema.get("uniqueItems"):
        yield "unique entries"
    if "pattern" in schema:
        yield f"matches {schema['pattern']}"
    if "format" in schema:
        yield f"in the format {schema['format']}"


def _range(minimum: object, maximum: object, unit: str) -> Iterator[str]:
    suffix = f" {unit}" if unit else ""
    minimum = None if unit and minimum == 0 else minimum
    maximum = None if maximum in _INTEGER_LIMITS else maximum
    if minimum is not None and maximum is not None:
        yield f"exactly {minimum}{suffix}" if minimum == maximum else f"{minimum} to {maximum}{suffix}"
    elif minimum is not None:
        yield "not empty" if unit and minimum == 1 else f"at least {minimum}{suffix}"
    elif maximum is not None:
        yield f"at most {maximum}{suffix}"
