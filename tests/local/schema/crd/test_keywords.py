"""Validation of the keywords and defaults of a CRD schema."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.local.schema.builtin import BuiltinSchemas
from rudr_py.local.schema.crd import keywords


def errors_of(schemas: BuiltinSchemas, field: dict[str, Any]) -> list[str]:
    schema = {"type": "object", "properties": {"f": field}}
    return [f"{cause.field}: {cause.message}" for cause in keywords.schema_errors(schema, "s", schemas.metadata)]


def listed(keys: list[str], item: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": keys,
        "items": {"type": "object", **item},
        **more,
    }


TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("field", "error"),
    [
        ({"type": "text"},
         '.type: Unsupported value: "text": supported values: '
         '"array", "boolean", "integer", "number", "object", "string"'),
        ({"type": "object", "properties": {"a": TEXT}, "additionalProperties": TEXT},
         ".additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive"),
        ({**TEXT, "x-kubernetes-map-type": "atomic"},
         '.type: Invalid value: "string": must be object if x-kubernetes-map-type is specified'),
        ({"type": "object", "x-kubernetes-map-type": "fine"},
         '.x-kubernetes-map-type: Unsupported value: "fine": supported values: "atomic", "granular"'),
        ({**TEXT, "x-kubernetes-list-type": "set"},
         '.type: Invalid value: "string": must be array if x-kubernetes-list-type is specified'),
        ({"type": "array", "items": TEXT, "x-kubernetes-list-type": "bag"},
         '.x-kubernetes-list-type: Unsupported value: "bag": supported values: "atomic", "set", "map"'),
        ({"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "map"},
         ".x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map"),
        ({"type": "array", "items": TEXT, "x-kubernetes-list-map-keys": ["a"]},
         ".x-kubernetes-list-type: Required value: must be map if x-kubernetes-list-map-keys is non-empty"),
        ({"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "set"},
         ".items.x-kubernetes-map-type: Invalid value: null: "
         "must be atomic as item of a list with x-kubernetes-list-type=set"),
        (listed(["a"], {"properties": {}}),
         '.x-kubernetes-list-map-keys: Invalid value: ["a"]: entries must all be names of item properties'),
        (listed(["a"], {"properties": {"a": TEXT}}),
         ".items.properties[a].default: Required value: this property is in x-kubernetes-list-map-keys, "
         "so it must have a default or be a required property"),
        (listed(["a"], {"properties": {"a": {"type": "object"}}, "required": ["a"]}),
         '.items.properties[a].type: Invalid value: "object": '
         "must be a scalar type if parent array's x-kubernetes-list-type is map"),
        ({"type": "array", "items": TEXT, "uniqueItems": True},
         ".uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic"),
        ({**TEXT, "default": 3}, '.default: Invalid value: "integer": s.properties[f].default in body must be of type '
         'string: "integer"'),
        ({"type": "object", "properties": {"a": TEXT}, "default": {"b": "x"}},
         '.default: Invalid value: {"b":"x"}: must not have unknown fields'),
        ({"type": "object", "x-kubernetes-preserve-unknown-fields": False},
         ".x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined"),
        ({**TEXT, "x-kubernetes-validations": [{"rule": " "}]},
         ".x-kubernetes-validations[0].rule: Required value: rule is not specified"),
    ],
)  # fmt: skip
def test_a_rejected_keyword_has_the_message_of_the_server(
    schemas: BuiltinSchemas, field: dict[str, Any], error: str
) -> None:
    assert errors_of(schemas, field) == [f"s.properties[f]{error}"]


def test_a_default_of_top_level_metadata_is_forbidden(schemas: BuiltinSchemas) -> None:
    schema = {"type": "object", "properties": {"kind": {"type": "string", "default": "X"}}}
    (error,) = keywords.schema_errors(schema, "s", schemas.metadata)
    assert (error.field, error.message) == (
        "s.properties[kind].default",
        "Forbidden: must not be set in top-level kind",
    )


def test_structural_errors_are_reported_with_all_other_errors(schemas: BuiltinSchemas) -> None:
    assert len(errors_of(schemas, {"x-kubernetes-list-type": "bag"})) == 3


@pytest.mark.parametrize(
    "field",
    [
        listed(["a"], {"properties": {"a": {**TEXT, "default": "x"}}}),
        listed(["a"], {"properties": {"a": TEXT}, "required": ["a"]}),
        {"type": "array", "items": TEXT, "x-kubernetes-list-type": "set", "default": ["x"]},
        {"type": "object", "additionalProperties": TEXT, "x-kubernetes-map-type": "atomic", "default": {}},
        {"type": "integer", "default": 1, "minimum": 1, "x-kubernetes-validations": [{"rule": "self > 0"}]},
    ],
)
def test_valid_schemas_are_accepted(schemas: BuiltinSchemas, field: dict[str, Any]) -> None:
    assert errors_of(schemas, field) == []
