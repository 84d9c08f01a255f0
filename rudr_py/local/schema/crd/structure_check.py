"""The structural schema rules for CRDs, with the messages of the server.

Source: KEP-1027 and apiextensions-apiserver, pkg/apiserver/schema/validation.go. Keywords are checked in `keywords`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rudr_py import patterns
from rudr_py.errors import Cause
from rudr_py.local.schema import causes

Schema = dict[str, Any]

_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
_EMPTY_AT = {
    "root": "must not be empty at the root",
    "item": "must not be empty for specified array items",
    "field": "must not be empty for specified object fields",
}
_FORBIDDEN_BELOW = {
    "type": "must be empty to be structural",
    "default": "must be undefined to be structural",
    "title": "must be empty to be structural",
    "description": "must be empty to be structural",
    "nullable": "must be false to be structural",
    "additionalProperties": "must be undefined to be structural",
    "x-kubernetes-preserve-unknown-fields": "must be false to be structural",
    "x-kubernetes-embedded-resource": "must be false to be structural",
    "x-kubernetes-int-or-string": "must be false to be structural",
    "x-kubernetes-list-map-keys": "must be empty to be structural",
    "x-kubernetes-list-type": "must be undefined to be structural",
    "x-kubernetes-map-type": "must be undefined to be structural",
    "x-kubernetes-validations": "must be empty to be structural",
}


def structural_errors(schema: Schema, path: str) -> list[Cause]:
    """Return the causes for which the server rejects a schema as non-structural, in the order of the server.

    `path` is the place of the schema in the CRD, such as `spec.validation.openAPIV3Schema`.
    """
    errors = [*_invariants(schema, "root", path), *_completeness(schema, schema, path, path)]
    return sorted(errors, key=lambda cause: f"{cause.field}: {cause.message}")


def _invariants(schema: Schema, level: str, path: str) -> Iterator[Cause]:
    yield from _children(schema, level, path)
    yield from _type(schema, level, path)
    int_or_string = schema.get("x-kubernetes-int-or-string") is True
    for key in ("x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"):
        if int_or_string and schema.get(key) is True:
            yield causes.invalid(f"{path}.{key}", True, "must be false if x-kubernetes-int-or-string is true")
    yield from _junctors(schema, path, lenient=int_or_string)
    embedded = schema.get("x-kubernetes-embedded-resource") is True
    if embedded and not schema.get("properties") and not schema.get("x-kubernetes-preserve-unknown-fields"):
        detail = "must not be empty if x-kubernetes-embedded-resource is true without "
        yield causes.required(f"{path}.properties", detail + "x-kubernetes-preserve-unknown-fields")
    if embedded or level == "root":
        yield from _type_meta(schema, level, path)


def _children(schema: Schema, level: str, path: str) -> Iterator[Cause]:
    items, additional = schema.get("items"), schema.get("additionalProperties")
    if schema.get("type") == "array" and not isinstance(items, dict):
        yield causes.required(f"{path}.items", "must be specified")
    if isinstance(items, dict):
        yield from _invariants(items, "item", f"{path}.items")
    for key, value in _properties(schema):
        yield from _invariants(value, "field", f"{path}.properties[{key}]")
    if additional is not None and level == "root":
        yield causes.forbidden(f"{path}.additionalProperties", "must not be used at the root")
    if isinstance(additional, dict):
        yield from _invariants(additional, "field", f"{path}.additionalProperties")


def _type(schema: Schema, level: str, path: str) -> Iterator[Cause]:
    kind = schema.get("type", "")
    embedded = "must be object if x-kubernetes-embedded-resource is true"
    if schema.get("x-kubernetes-embedded-resource") is True and kind != "object":
        yield causes.invalid(f"{path}.type", kind, embedded) if kind else causes.required(f"{path}.type", embedded)
    elif not kind and not any(
        schema.get(key) is True for key in ("x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields")
    ):
        yield causes.required(f"{path}.type", _EMPTY_AT[level])
    if level == "root" and kind not in ("", "object"):
        yield causes.invalid(f"{path}.type", kind, "must be object at the root")


def _type_meta(schema: Schema, level: str, path: str) -> Iterator[Cause]:
    """apiVersion, kind and metadata, which the server declares itself."""
    properties = dict(_properties(schema))
    for key, required_type in (("kind", "string"), ("apiVersion", "string"), ("metadata", "object")):
        kind = properties.get(key, {}).get("type", required_type)
        if kind != required_type:
            below = f"{path}.properties[{key}].type"
            yield causes.invalid(below, kind, f"must be {required_type}")
    metadata = properties.get("metadata")
    if metadata is not None and level == "root":
        named = set(metadata.get("properties") or ()) <= {"name", "generateName"}
        if not named or set(metadata) - {"type", "properties", "description", "default"}:
            detail = "must not specify anything other than name and generateName, but metadata is implicitly specified"
            yield causes.forbidden(f"{path}.properties[metadata]", detail)


def _junctors(schema: Schema, path: str, *, lenient: bool) -> Iterator[Cause]:
    """allOf, anyOf, oneOf and not may restrict values, but not declare fields."""
    pattern = schema.get("pattern")
    if isinstance(pattern, str):
        try:
            patterns.compiled(pattern)
        except patterns.PatternError as error:
            detail = f"must be a valid regular expression, but isn't: {error}"
            yield causes.invalid(f"{path}.pattern", pattern, detail)
    for key in ("allOf", "anyOf", "oneOf"):
        parts = schema.get(key) or []
        if key == "anyOf" and lenient and parts == _INT_OR_STRING:
            continue
        for index, part in enumerate(parts):
            below = f"{path}.{key}[{index}]"
            yield from _nested(part, below, lenient=lenient and key == "allOf" and index == 0)
    if isinstance(schema.get("not"), dict):
        yield from _nested(schema["not"], f"{path}.not", lenient=False)


def _nested(schema: Schema, path: str, *, lenient: bool) -> Iterator[Cause]:
    yield from _junctors(schema, path, lenient=lenient)
    for key, detail in _FORBIDDEN_BELOW.items():
        if schema.get(key) not in (None, "", False, []):
            yield causes.forbidden(f"{path}.{key}", detail)
    if isinstance(schema.get("items"), dict):
        yield from _nested(schema["items"], f"{path}.items", lenient=False)
    for key, value in _properties(schema):
        yield from _nested(value, f"{path}.properties[{key}]", lenient=False)
        if key == "metadata":
            yield causes.forbidden(f"{path}.properties[metadata]", "must not be specified in a nested context")


def _completeness(part: Schema, whole: Schema | None, where: str, path: str) -> Iterator[Cause]:
    """Fields in a junctor must also be specified outside of it, at `where`; `path` is the place of the junctor."""
    for key in ("allOf", "anyOf", "oneOf"):
        for index, nested in enumerate(part.get(key) or []):
            yield from _specified(nested, whole, where, f"{path}.{key}[{index}]")
    if isinstance(part.get("not"), dict):
        yield from _specified(part["not"], whole, where, f"{path}.not")


def _specified(nested: Schema, whole: Schema | None, where: str, path: str) -> Iterator[Cause]:
    if whole is None:
        yield causes.required(where, f"because it is defined in {path}")
        return
    yield from _completeness(nested, whole, where, path)
    if isinstance(nested.get("items"), dict):
        items = whole.get("items")
        below = items if isinstance(items, dict) else None
        yield from _specified(nested["items"], below, f"{where}.items", f"{path}.items")
    outside = dict(_properties(whole))
    for name, value in _properties(nested):
        step = f".properties[{name}]"
        yield from _specified(value, outside.get(name), where + step, path + step)


def _properties(schema: Schema) -> list[tuple[str, Schema]]:
    properties = schema.get("properties")
    members = properties.items() if isinstance(properties, dict) else ()
    return [(key, value) for key, value in members if isinstance(value, dict)]
