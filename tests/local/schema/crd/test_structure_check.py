"""Messages for schemas that are not structural."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.local.schema.crd import structure_check


def errors_of(schema: dict[str, Any]) -> list[str]:
    return [f"{cause.field}: {cause.message}" for cause in structure_check.structural_errors(schema, "schema")]


def with_field(field: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": {"f": field}}


@pytest.mark.parametrize(
    ("schema", "error"),
    [
        ({}, "schema.type: Required value: must not be empty at the root"),
        (
            {"type": "array", "items": {"type": "string"}},
            'schema.type: Invalid value: "array": must be object at the root',
        ),
        (with_field({}), "schema.properties[f].type: Required value: must not be empty for specified object fields"),
        (with_field({"type": "array"}), "schema.properties[f].items: Required value: must be specified"),
        (
            with_field({"type": "array", "items": {}}),
            "schema.properties[f].items.type: Required value: must not be empty for specified array items",
        ),
        (
            {"type": "object", "additionalProperties": {"type": "string"}},
            "schema.additionalProperties: Forbidden: must not be used at the root",
        ),
        (
            with_field({"x-kubernetes-int-or-string": True, "x-kubernetes-preserve-unknown-fields": True}),
            "schema.properties[f].x-kubernetes-preserve-unknown-fields: Invalid value: true: "
            "must be false if x-kubernetes-int-or-string is true",
        ),
        (
            with_field({"type": "string", "anyOf": [{"type": "string"}]}),
            "schema.properties[f].anyOf[0].type: Forbidden: must be empty to be structural",
        ),
        (
            {"type": "object", "oneOf": [{"required": ["a"], "properties": {"a": {"minimum": 1}}}]},
            "schema.properties[a]: Required value: because it is defined in schema.oneOf[0].properties[a]",
        ),
        (
            {
                "type": "object",
                "properties": {"metadata": {"type": "object", "properties": {"labels": {"type": "object"}}}},
            },
            "schema.properties[metadata]: Forbidden: must not specify anything other than name and generateName, "
            "but metadata is implicitly specified",
        ),
        (
            with_field(
                {"x-kubernetes-embedded-resource": True, "type": "string", "properties": {"a": {"type": "string"}}}
            ),
            'schema.properties[f].type: Invalid value: "string": must be object if '
            "x-kubernetes-embedded-resource is true",
        ),
    ],
)
def test_a_nonstructural_schema_has_the_message_of_the_server(schema: dict[str, Any], error: str) -> None:
    assert errors_of(schema) == [error]


def test_an_invalid_pattern_is_reported() -> None:
    (error,) = errors_of(with_field({"type": "string", "pattern": "("}))
    assert error.startswith('schema.properties[f].pattern: Invalid value: "(": must be a valid regular expression')


def test_all_errors_are_reported_at_once_and_sorted() -> None:
    fields = {"b": {}, "a": {"type": "array"}}
    assert [error.split(":")[0] for error in errors_of({"type": "object", "properties": fields})] == [
        "schema.properties[a].items",
        "schema.properties[b].type",
    ]


def test_int_or_string_may_be_written_out() -> None:
    alternatives = [{"type": "integer"}, {"type": "string"}]
    assert errors_of(with_field({"x-kubernetes-int-or-string": True, "anyOf": alternatives})) == []
    assert errors_of(with_field({"x-kubernetes-int-or-string": True, "allOf": [{"anyOf": alternatives}]})) == []


def test_name_restrictions_in_metadata_are_structural() -> None:
    named = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 5}}}
    assert errors_of({"type": "object", "properties": {"metadata": named}}) == []
