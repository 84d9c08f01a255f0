"""Conversion of a CRD schema into nodes."""

from __future__ import annotations

from typing import Any

from rudr_py.local.schema.builtin import BuiltinSchemas
from rudr_py.local.schema.crd import structural
from rudr_py.local.schema.node import DEDUCED, SchemaNode


def node_of(schemas: BuiltinSchemas, **properties: Any) -> SchemaNode:
    return structural.structural_node({"type": "object", "properties": properties}, schemas.metadata)


def test_identity_and_metadata_do_not_depend_on_the_crd(schemas: BuiltinSchemas) -> None:
    node = node_of(schemas, spec={"type": "object"})
    assert set(node.properties) == {"spec", "apiVersion", "kind", "metadata"}
    assert node.properties["metadata"] is schemas.metadata


def test_unknown_keys_below_a_preserving_node_are_deduced(schemas: BuiltinSchemas) -> None:
    inner = {"type": "object", "properties": {"a": {"type": "string"}}}
    outer = {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"inner": inner}}
    free = node_of(schemas, free=outer).properties["free"]
    assert free.unknown_node is DEDUCED
    assert free.properties["inner"].unknown_node is DEDUCED
    assert not free.properties["inner"].preserve_unknown
    assert node_of(schemas, closed=inner).properties["closed"].unknown_node is None


def test_the_values_of_a_map_have_the_nodes_schema(schemas: BuiltinSchemas) -> None:
    node = node_of(schemas, m={"type": "object", "additionalProperties": {"type": "integer"}}).properties["m"]
    child = node.child("anything")
    assert child is not None
    assert child.type == "integer"


def test_an_embedded_resource_has_metadata(schemas: BuiltinSchemas) -> None:
    raw = {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True}
    assert node_of(schemas, pod=raw).properties["pod"].properties["metadata"] is schemas.metadata


def test_a_crd_without_schema_accepts_any_value(schemas: BuiltinSchemas) -> None:
    node = structural.untyped_node(schemas.metadata)
    assert node.child("spec") is DEDUCED
    assert node.preserve_unknown


def test_extensions_and_limits_are_read(schemas: BuiltinSchemas) -> None:
    raw = {
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["z", "a"],
        "maxItems": 3,
        "nullable": True,
        "default": [],
        "x-kubernetes-validations": [{"rule": "true"}],
        "items": {"type": "object", "properties": {"z": {"x-kubernetes-int-or-string": True}}},
    }
    node = node_of(schemas, items=raw).properties["items"]
    assert (node.list_type, node.list_keys, node.limits) == ("map", ("a", "z"), {"maxItems": 3})
    assert (node.nullable, node.default, node.rules) == (True, [], ({"rule": "true"},))
    assert node.items is not None
    assert node.items.properties["z"].int_or_string
