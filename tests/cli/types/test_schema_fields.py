"""The fields of a JSON Schema: types, defaults, limits, nested properties."""

from __future__ import annotations

from typing import Any

import hypothesis
import jsonschema
import pytest

from rudr_py.catalog import Catalog
from rudr_py.cli.types import schema_fields
from rudr_py.cli.types.schema_fields import SchemaField
from rudr_py.errors import CatalogError
from rudr_py.render.types import schema_example
from tests.cli.schemas import SCHEMAS


def field_of(schema: dict[str, Any]) -> SchemaField:
    (field,) = schema_fields.declared({"type": "object", "properties": {"it": schema}})
    return field


@pytest.mark.parametrize(
    ("schema", "type_"),
    [
        ({"type": "string"}, "string"),
        ({"type": ["integer", "null"]}, "integer"),
        ({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}, "string or []string"),
        ({"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}}, "[](string or integer)"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "map[string]integer"),
        ({"type": "object"}, "Object"),
        ({"enum": ["a", "b", None]}, "string"),
        ({"const": 3}, "integer"),
        ({}, "any"),
    ],
)
def test_types_are_written_as_kubectl_explain_does(schema: dict[str, Any], type_: str) -> None:
    assert field_of(schema).type == type_


@pytest.mark.parametrize(
    ("schema", "limits"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 65535}, ("1 to 65535",)),
        ({"type": "integer", "minimum": 0, "maximum": 2**31 - 1}, ("at least 0",)),
        ({"type": "integer", "exclusiveMaximum": 5, "multipleOf": 2}, ("less than 5", "a multiple of 2")),
        ({"type": "string", "minLength": 1}, ("not empty",)),
        ({"type": "string", "maxLength": 63, "pattern": "^a"}, ("at most 63 characters", "matches ^a")),
        ({"enum": ["", "b"]}, ('one of "", b',)),
        ({"type": "array", "minItems": 2, "items": {"enum": ["a"]}}, ("at least 2 entries", "each one of a")),
        ({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}, ("at least 1",)),
        ({"type": "object", "propertyNames": {"pattern": "x"}}, ("each name matches x",)),
    ],
)
def test_limits_are_written_in_words(schema: dict[str, Any], limits: tuple[str, ...]) -> None:
    assert field_of(schema).limits == limits


@pytest.mark.parametrize(
    ("default", "printed"),
    [(None, ""), ("", ""), ([], ""), (False, "false"), (0, "0"), (100.0, "100"), ("x", "x"), ([{"a": 1}] * 9, "")],
)
def test_only_informative_defaults_are_printed(default: object, printed: str) -> None:
    assert field_of({"default": default}).default == printed


def test_required_properties_come_first() -> None:
    fields = schema_fields.declared({"properties": {"a": {}, "b": {}, "c": {}}, "required": ["c"]})
    assert [(field.name, field.required) for field in fields] == [("c", True), ("a", False), ("b", False)]


def test_fields_inside_lists_maps_and_alternatives_are_reached_by_path() -> None:
    inner = {"type": "object", "properties": {"deep": {"type": "boolean", "description": "Deep."}}}
    for schema in (
        inner,
        {"type": "array", "items": inner},
        {"type": "object", "additionalProperties": inner},
        {"anyOf": [{"type": "null"}, {"type": "array", "items": {"anyOf": [inner, {"type": "null"}]}}]},
    ):
        field = schema_fields.find(schema_fields.declared({"properties": {"it": schema}}), ("it", "deep"), "some-type")
        assert (field.type, field.description) == ("boolean", "Deep.")


def test_the_error_for_an_unknown_property_suggests_the_nearest_name() -> None:
    declared = schema_fields.declared({"properties": {"rules": {"type": "object", "properties": {"host": {}}}}})
    with pytest.raises(CatalogError, match=r'ingress\.rules has no property "hots".*Did you mean "host"'):
        schema_fields.find(declared, ("rules", "hots"), "ingress")
    with pytest.raises(CatalogError, match="it has no properties"):
        schema_fields.find(declared, ("rules", "host", "x"), "ingress")


@hypothesis.given(SCHEMAS)
def test_an_example_is_valid_against_its_schema(schema: dict[str, Any]) -> None:
    # a pattern needs an example of its author
    hypothesis.assume("pattern" not in str(schema))
    jsonschema.Draft202012Validator(schema).validate(schema_example.sample(schema))


@hypothesis.given(SCHEMAS)
def test_every_schema_has_a_type_in_words(schema: dict[str, Any]) -> None:
    assert field_of(schema).type


def test_an_example_contains_required_properties_and_those_with_examples() -> None:
    schema: dict[str, Any] = {
        "properties": {
            "needed": {"type": "string"},
            "shown": {"type": "integer", "examples": [7]},
            "left": {"type": "integer"},
        },
        "required": ["needed"],
    }
    assert schema_example.sample(schema) == {"needed": "needed", "shown": 7}


def test_the_properties_of_all_types_have_descriptions(everything: Catalog) -> None:
    for offer in everything.offers():
        for field in schema_fields.declared(offer.schema):
            assert field.description, f"{offer.name}.{field.name}"
            assert field.type != "any", f"{offer.name}.{field.name}"
