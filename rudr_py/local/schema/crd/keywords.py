"""Validation of the keywords of a CRD schema: list and map types, defaults, and unsupported keywords.

Source: apiextensions-apiserver, pkg/apis/apiextensions/validation and pkg/apiserver/schema/defaulting. CEL rules are
not compiled.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rudr_py.errors import Cause
from rudr_py.local.schema import causes, pruning
from rudr_py.local.schema.crd import structural, structure_check
from rudr_py.local.schema.node import SchemaNode
from rudr_py.local.schema.validation import values
from rudr_py.local.storage.cloning import clone

Schema = dict[str, Any]

_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_UNSUPPORTED = ("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref")
_META = ("apiVersion", "kind", "metadata")
_LIST, _MAP, _KEYS = "x-kubernetes-list-type", "x-kubernetes-map-type", "x-kubernetes-list-map-keys"


def schema_errors(schema: Schema, path: str, metadata: SchemaNode) -> list[Cause]:
    """Return every cause for which the server rejects the schema of one version of a CRD.

    `path` is the place of the schema in messages: `spec.validation.openAPIV3Schema` if all versions have the same
    schema, else `spec.versions[0].schema.openAPIV3Schema`. `metadata` is the node of ObjectMeta.
    """
    errors = structure_check.structural_errors(schema, path)
    if not errors:
        errors += _defaults(schema, path, metadata)
    return errors + list(_keywords(schema, path, no_default="", root=True))


def _keywords(schema: Schema, path: str, *, no_default: str, root: bool = False) -> Iterator[Cause]:
    yield from _standard(schema, path, no_default)
    if schema.get("uniqueItems"):
        detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield causes.forbidden(f"{path}.uniqueItems", detail)
    if schema.get("properties") and schema.get("additionalProperties") not in (None, True):
        yield causes.forbidden(
            f"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive"
        )
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        yield causes.invalid(f"{path}.x-kubernetes-preserve-unknown-fields", False, "must be true or undefined")
    yield from _map_type(schema, path)
    yield from _list_type(schema, path)
    yield from _rules(schema, path)
    for key, below in _below(schema):
        reason = no_default
        if root and key in [f"properties[{name}]" for name in _META]:
            reason = f"in top-level {key.removeprefix('properties[')[:-1]}"
        yield from _keywords(below, f"{path}.{key}", no_default=reason)


def _below(schema: Schema) -> Iterator[tuple[str, Schema]]:
    for key in ("items", "additionalProperties", "not"):
        if isinstance(schema.get(key), dict):
            yield key, schema[key]
    for name, value in (schema.get("properties") or {}).items():
        yield f"properties[{name}]", value
    for key in ("allOf", "oneOf", "anyOf"):
        for index, value in enumerate(schema.get(key) or []):
            yield f"{key}[{index}]", value


def _standard(schema: Schema, path: str, no_default: str) -> Iterator[Cause]:
    kind = schema.get("type")
    if kind == "null":
        yield causes.forbidden(f"{path}.type", "type cannot be set to null, use nullable as an alternative")
    if kind and kind not in _TYPES:
        yield causes.not_supported(f"{path}.type", kind, _TYPES)
    if schema.get("default") is not None and no_default:
        yield causes.forbidden(f"{path}.default", f"must not be set {no_default}")
    for key in _UNSUPPORTED:
        if schema.get(key):
            yield causes.forbidden(f"{path}.{key}", f"{key} is not supported")
    if isinstance(schema.get("items"), list):
        yield causes.forbidden(f"{path}.items", "items must be a schema object and not an array")


def _needs_type(schema: Schema, required_type: str, keyword: str, path: str) -> Iterator[Cause]:
    kind = schema.get("type", "")
    if kind == required_type:
        return
    detail = f"must be {required_type} if {keyword} is specified"
    yield causes.invalid(f"{path}.type", kind, detail) if kind else causes.required(f"{path}.type", detail)


def _map_type(schema: Schema, path: str) -> Iterator[Cause]:
    map_type = schema.get(_MAP)
    if map_type is None:
        return
    yield from _needs_type(schema, "object", _MAP, path)
    if map_type not in ("atomic", "granular"):
        yield causes.not_supported(f"{path}.{_MAP}", map_type, ("atomic", "granular"))


def _list_type(schema: Schema, path: str) -> Iterator[Cause]:
    list_type, keys, items = schema.get(_LIST), schema.get(_KEYS) or [], schema.get("items")
    if list_type is not None:
        yield from _needs_type(schema, "array", _LIST, path)
        if list_type not in ("atomic", "set", "map"):
            yield causes.not_supported(f"{path}.{_LIST}", list_type, ("atomic", "set", "map"))
    if keys and list_type != "map":
        detail = "must be map if x-kubernetes-list-map-keys is non-empty"
        yield (
            causes.invalid(f"{path}.{_LIST}", list_type, detail)
            if list_type
            else causes.required(f"{path}.{_LIST}", detail)
        )
    if list_type == "map" and not keys:
        yield causes.required(f"{path}.{_KEYS}", "must not be empty if x-kubernetes-list-type is map")
    if list_type in ("set", "map") and isinstance(items, dict):
        if items.get("nullable"):
            yield causes.forbidden(f"{path}.items.nullable", f"cannot be nullable when {_LIST} is {list_type}")
        yield from (_map_items(keys, items, path) if list_type == "map" else _set_items(schema, items, path))


def _set_items(schema: Schema, items: Schema, path: str) -> Iterator[Cause]:
    detail = "must be atomic as item of a list with x-kubernetes-list-type=set"
    if schema.get("type") != "array":
        return
    if items.get("type") == "array" and items.get(_LIST, "atomic") != "atomic":
        yield causes.invalid(f"{path}.items.{_LIST}", items[_LIST], detail)
    if items.get("type") == "object" and items.get(_MAP) != "atomic":
        yield causes.invalid(f"{path}.items.{_MAP}", items.get(_LIST), detail)


def _map_items(keys: list[str], items: Schema, path: str) -> Iterator[Cause]:
    if items.get("type") != "object":
        detail = "must be object if parent array's x-kubernetes-list-type is map"
        yield causes.invalid(f"{path}.items.type", items.get("type", ""), detail)
        return
    fields = items.get("properties") or {}
    listed = "this property is in x-kubernetes-list-map-keys, so it "
    for index, key in enumerate(keys):
        where, field = f"{path}.items.properties[{key}]", fields.get(key)
        if key in keys[:index]:
            yield causes.invalid(f"{path}.{_KEYS}", keys, "must not contain duplicate entries")
        if field is None:
            yield causes.invalid(f"{path}.{_KEYS}", keys, "entries must all be names of item properties")
            continue
        if field.get("type") in ("array", "object"):
            detail = "must be a scalar type if parent array's x-kubernetes-list-type is map"
            yield causes.invalid(f"{where}.type", items["type"], detail)
        if key not in (items.get("required") or ()) and field.get("default") is None:
            yield causes.required(f"{where}.default", listed + "must have a default or be a required property")
        if field.get("nullable"):
            yield causes.forbidden(f"{where}.nullable", listed + "cannot be nullable")


def _rules(schema: Schema, path: str) -> Iterator[Cause]:
    """Check the messages of CEL rules; the rules themselves are not compiled."""
    for index, rule in enumerate(schema.get("x-kubernetes-validations") or []):
        where = f"{path}.x-kubernetes-validations[{index}]"
        text, message = str(rule.get("rule") or "").strip(), rule.get("message") or ""
        if not text:
            yield causes.required(f"{where}.rule", "rule is not specified")
        elif message and not message.strip():
            yield causes.invalid(f"{where}.message", message, "must be non-empty if specified")
        elif "\n" in message.strip():
            yield causes.invalid(f"{where}.message", message, "must not contain line breaks")
        elif "\n" in text and not message.strip():
            yield causes.required(f"{where}.message", "message must be specified if rule contains line breaks")


def _defaults(schema: Schema, path: str, metadata: SchemaNode) -> list[Cause]:
    """Defaults must be valid and must not have unknown fields."""
    errors: list[Cause] = []
    value = schema.get("default")
    if value is not None:
        node = structural.field_node(schema, metadata)
        where = f"{path}.default"
        pruned = clone(value)
        pruning.prune(pruned, node)
        if pruned != value:
            errors.append(causes.invalid(where, value, "must not have unknown fields"))
        errors += values.check(value, node, where)
    if isinstance(schema.get("items"), dict):
        errors += _defaults(schema["items"], f"{path}.items", metadata)
    for name, below in (schema.get("properties") or {}).items():
        errors += _defaults(below, f"{path}.properties[{name}]", metadata)
    return errors
