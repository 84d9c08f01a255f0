"""Conversion of a CRD's `openAPIV3Schema` into nodes.

Source: KEP-1027 (structural schemas). The schema must pass `structure_check` first.
"""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from rudr_py.local.schema.node import DEDUCED, SchemaNode

_TYPE_META = {"apiVersion": SchemaNode(type="string"), "kind": SchemaNode(type="string")}
_LIMITS = (
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
)


def structural_node(schema: dict[str, Any], metadata: SchemaNode, *, preserve: bool = False) -> SchemaNode:
    """Return the node of a custom resource from the `openAPIV3Schema` of one version of its CRD.

    `metadata` is the node of ObjectMeta (`BuiltinSchemas.metadata`), which replaces the CRD's own schema of metadata.
    `preserve` is the CRD's `spec.preserveUnknownFields`.
    """
    return _build(schema, metadata, embedded=True, loose=preserve)


def field_node(schema: dict[str, Any], metadata: SchemaNode) -> SchemaNode:
    """Return the node of a part of a schema."""
    return _build(schema, metadata)


def untyped_node(metadata: SchemaNode) -> SchemaNode:
    """Return the node of a custom resource without a schema in its CRD: all but metadata is preserved and deduced."""
    return structural_node({"type": "object", "x-kubernetes-preserve-unknown-fields": True}, metadata)


def _build(schema: dict[str, Any], metadata: SchemaNode, *, embedded: bool = False, loose: bool = False) -> SchemaNode:
    """`loose`: an ancestor preserves unknown fields, which in structured merge applies to all nodes below it."""
    preserve = schema.get("x-kubernetes-preserve-unknown-fields") is True
    loose = loose or preserve
    embedded = embedded or schema.get("x-kubernetes-embedded-resource") is True
    properties = {key: _build(value, metadata, loose=loose) for key, value in (schema.get("properties") or {}).items()}
    if embedded:
        properties = {**properties, **_TYPE_META, "metadata": metadata}
    items = schema.get("items")
    additional = schema.get("additionalProperties")
    values = _build(additional, metadata, loose=loose) if isinstance(additional, dict) else None
    if values is None and additional is True:
        values = DEDUCED
    open_map = loose or not schema.get("properties")
    each = _build(items, metadata, loose=loose) if isinstance(items, dict) else None
    below = [*properties.values(), *(node for node in (each, values) if node is not None)]
    return SchemaNode(
        type=schema.get("type", ""),
        properties=properties,
        items=each,
        additional_node=values,
        unknown_node=values or (DEDUCED if additional is None and open_map else None),
        preserve_unknown=preserve,
        combined=_combined(schema, metadata),
        ruled=bool(schema.get("x-kubernetes-validations")) or any(node.ruled for node in below),
        **_plain(schema),
    )


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """The keys that a node has unchanged."""
    return {
        "required": tuple(schema.get("required") or ()),
        "enum": tuple(schema.get("enum") or ()),
        "format": schema.get("format", ""),
        "limits": {key: schema[key] for key in _LIMITS if key in schema},
        "default": schema.get("default", UNSET),
        "nullable": schema.get("nullable") is True,
        "int_or_string": schema.get("x-kubernetes-int-or-string") is True,
        "list_type": schema.get("x-kubernetes-list-type", "atomic"),
        "list_keys": tuple(sorted(schema.get("x-kubernetes-list-map-keys") or ())),
        "map_type": schema.get("x-kubernetes-map-type", "granular"),
        "description": schema.get("description", ""),
        "rules": tuple(schema.get("x-kubernetes-validations") or ()),
    }


def _combined(schema: dict[str, Any], metadata: SchemaNode) -> dict[str, Any]:
    """The logical junctors, which only validation uses."""
    junctors: dict[str, Any] = {}
    for key in ("allOf", "anyOf", "oneOf"):
        if schema.get(key):
            junctors[key] = tuple(_build(part, metadata) for part in schema[key])
    if isinstance(schema.get("not"), dict):
        junctors["not"] = _build(schema["not"], metadata)
    return junctors
