"""Unknown fields are reported and removed as on the server."""

from __future__ import annotations

import copy
from typing import Any

from rudr_py.local.schema import pruning
from rudr_py.local.schema.builtin import BuiltinSchemas
from rudr_py.local.schema.crd import structural
from rudr_py.local.schema.node import SchemaNode


def widget(schemas: BuiltinSchemas, **spec: Any) -> SchemaNode:
    fields = {"spec": {"type": "object", "properties": spec}}
    return structural.structural_node({"type": "object", "properties": fields}, schemas.metadata)


def test_unknown_fields_of_a_built_in_kind_have_the_order_of_the_document(schemas: BuiltinSchemas) -> None:
    node = schemas.node("apps/v1", "Deployment")
    assert node is not None
    containers = [{"name": "a"}, {"name": "b", "imagee": "x"}]
    obj = {"spec": {"template": {"spec": {"containers": containers}}, "bogus": 1}, "alien": {}}
    assert pruning.unknown_fields(obj, node) == ["spec.template.spec.containers[1].imagee", "spec.bogus", "alien"]


def test_pruning_removes_exactly_the_reported_fields(schemas: BuiltinSchemas) -> None:
    node = widget(schemas, size={"type": "integer"})
    obj = {"apiVersion": "v1", "kind": "W", "metadata": {"name": "w", "nope": 1}, "spec": {"size": 1, "x": 1}, "a": 1}
    before = copy.deepcopy(obj)
    assert pruning.unknown_fields(obj, node) == ["a", "metadata.nope", "spec.x"]
    assert obj == before
    pruning.prune(obj, node)
    assert obj == {"apiVersion": "v1", "kind": "W", "metadata": {"name": "w"}, "spec": {"size": 1}}
    assert pruning.unknown_fields(obj, node) == []


def test_labels_and_other_maps_accept_any_key(schemas: BuiltinSchemas) -> None:
    node = widget(schemas, m={"type": "object", "additionalProperties": {"type": "object", "properties": {}}})
    obj = {"metadata": {"labels": {"any": "x"}}, "spec": {"m": {"k": {"inner": 1}}}}
    assert pruning.unknown_fields(obj, node) == ["spec.m.k.inner"]


def test_declared_fields_below_a_preserving_node_are_pruned(schemas: BuiltinSchemas) -> None:
    declared = {"type": "object", "properties": {"a": {"type": "string"}}}
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True, "properties": {"declared": declared}}
    obj = {"spec": {"free": {"any": {"x": 1}, "declared": {"a": "1", "b": "2"}}}}
    assert pruning.unknown_fields(obj, widget(schemas, free=free)) == ["spec.free.declared.b"]


def test_a_list_that_preserves_unknown_fields_keeps_those_of_its_items(schemas: BuiltinSchemas) -> None:
    inner = {"type": "object", "properties": {"a": {"type": "string"}}}
    item = {"type": "object", "properties": {"inner": inner}}
    free = {"type": "array", "x-kubernetes-preserve-unknown-fields": True, "items": item}
    obj = {"spec": {"l": [{"x": 1, "inner": {"a": "1", "b": 2}}]}}
    assert pruning.unknown_fields(obj, widget(schemas, l=free)) == ["spec.l[0].inner.b"]


def test_values_of_a_wrong_type_are_left_to_validation(schemas: BuiltinSchemas) -> None:
    node = widget(schemas, m={"type": "object", "properties": {}}, l={"type": "array", "items": {"type": "object"}})
    obj = {"spec": {"m": "text", "l": {"a": 1}}}
    assert pruning.unknown_fields(obj, node) == ["spec.l.a"]
