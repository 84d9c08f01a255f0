"""The properties that a JSON Schema declares, as rows for people, and steps into nested ones. Pure.

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

_GREATEST = (2**31 - 1, 2**63 - 1)
"""Limits of the machine, which tell nobody anything."""


_LONGEST = 40
"""Characters of a default that is told; a longer one is what its fields say."""


class SchemaField(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One property. `default` is empty when there is none worth telling; `fields` are those inside of it."""

    name: str
    type: str
    required: bool = False
    default: str = ""
    description: str = ""
    limits: tuple[str, ...] = ()
    fields: tuple[SchemaField, ...] = ()
    schema: Schema = {}


def declared(schema: Schema) -> tuple[SchemaField, ...]:
    """The properties that a schema of an object declares, required ones first, else in the order of the author."""
    found: dict[str, SchemaField] = {}
    for branch in _meant(schema):
        properties = branch.get("properties")
        required = branch.get("required") or ()
        for name, inner in properties.items() if isinstance(properties, Mapping) else ():
            found.setdefault(name, _field(name, inner if isinstance(inner, Mapping) else {}, name in required))
    return tuple(sorted(found.values(), key=lambda field: not field.required))


def open_to_all(schema: Schema) -> bool:
    """Whether properties that are not declared are taken, too."""
    return schema.get("additionalProperties", True) is not False


def find(fields: Sequence[SchemaField], path: Sequence[str], type_name: str) -> SchemaField:
    """The field at a path of names. Raises CatalogError, which names the nearest one."""
    here = type_name
    for depth, name in enumerate(path):
        known = {field.name: field for field in fields}
        if name not in known:
            listed = f"it has {', '.join(known)}" if known else "it has none"
            hint = suggest.nearest(name, known)
            raise CatalogError(f'{here} has no property "{name}"; {listed}.{hint}', name=name)
        if depth == len(path) - 1:
            return known[name]
        fields, here = known[name].fields, f"{here}.{name}"
    raise CatalogError(f"{here} needs the name of a property", name=here)


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
    for inner in () if text else (*_meant(schema), *map(_items, _meant(schema))):
        text = text or inner.get("description")
    return " ".join(str(text or "").split())


def _meant(schema: Schema) -> list[Schema]:
    """The forms that a value may have: the schema itself, or its alternatives; null is nothing that anyone writes."""
    branches = next((schema[key] for key in ("anyOf", "oneOf", "allOf") if isinstance(schema.get(key), list)), None)
    if branches is None:
        return [schema]
    flat = [inner for branch in branches if isinstance(branch, Mapping) for inner in _meant(branch)]
    own = [schema] if "properties" in schema else []
    return own + [branch for branch in flat if branch.get("type") != "null"]


def _items(schema: Schema) -> Schema:
    inner = schema.get("items")
    return inner if isinstance(inner, Mapping) else {}


def _values(schema: Schema) -> Schema:
    """What the values of a map are, when it has any names."""
    inner = schema.get("additionalProperties")
    return inner if isinstance(inner, Mapping) else {}


def _type(schema: Schema) -> str:
    return " or ".join(dict.fromkeys(name for branch in _meant(schema) for name in _types(branch))) or "any"


def _types(schema: Schema) -> Iterator[str]:
    given = schema.get("type")
    names = given if isinstance(given, list) else [given]
    for name in names:
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
    return text if len(text) <= _LONGEST else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _inside(schema: Schema) -> tuple[SchemaField, ...]:
    for branch in _meant(schema):
        found = declared(branch) if "properties" in branch else ()
        for further in (_items(branch), _values(branch)):
            found = found or (_inside(further) if further else ())
        if found:
            return found
    return ()


def _limits(schema: Schema) -> Iterator[str]:
    branches = _meant(schema)
    for branch in branches:
        yield from _own_limits(branch)
        for inner in (_items(branch), _values(branch)):
            for scalar in _meant(inner) if inner else ():
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
        yield f"more than {schema['exclusiveMinimum']}"
    if "exclusiveMaximum" in schema:
        yield f"less than {schema['exclusiveMaximum']}"
    if "multipleOf" in schema:
        yield f"a multiple of {schema['multipleOf']}"
    yield from _range(schema.get("minLength"), schema.get("maxLength"), "characters")
    yield from _range(schema.get("minItems"), schema.get("maxItems"), "entries")
    yield from _range(schema.get("minProperties"), schema.get("maxProperties"), "entries")
    if schema.get("uniqueItems"):
        yield "no entry twice"
    if "pattern" in schema:
        yield f"matches {schema['pattern']}"
    if "format" in schema:
        yield f"in the format {schema['format']}"


def _range(least: object, most: object, unit: str) -> Iterator[str]:
    after = f" {unit}" if unit else ""
    least = None if unit and least == 0 else least
    most = None if most in _GREATEST else most
    if least is not None and most is not None:
        yield f"exactly {least}{after}" if least == most else f"{least} to {most}{after}"
    elif least is not None:
        yield "not empty" if unit and least == 1 else f"at least {least}{after}"
    elif most is not None:
        yield f"at most {most}{after}"
