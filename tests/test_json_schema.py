"""The validators report the same errors as those of jsonschema, within a budget of work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema
import pytest

from rudr_py import json_schema

SCHEMAS: tuple[Mapping[str, Any], ...] = (
    {"type": "string", "pattern": "^a+$"},
    {"patternProperties": {"^x-": {"type": "integer"}}, "additionalProperties": False},
    {"patternProperties": {"^x-": {}}, "additionalProperties": {"type": "string"}},
    {"uniqueItems": True},
    {"properties": {"a": {"type": "integer"}}, "unevaluatedProperties": False},
    {"anyOf": [{"type": "integer"}, {"items": {"pattern": "b"}, "type": "array"}]},
)
VALUES: tuple[Any, ...] = (
    *("aa", "ab", 1, None, [], {}),
    *([1, 1.0], [1, True], [0, False], [{"a": 1, "b": 2}, {"b": 2, "a": 1.0}], [[1], [True]], [1, "1"], ["a", "a"]),
    *({"x-a": 1}, {"x-a": "b"}, {"y": "b", "x-a": 1}, {"y": 1}, {"a": "x"}, ["b"], ["a"]),
)


def _places(errors: Any) -> list[tuple[str, list[str | int]]]:
    return sorted((error.validator, list(error.absolute_path)) for error in errors)


@pytest.mark.parametrize(
    "dialect", ["", "http://json-schema.org/draft-07/schema#", "http://json-schema.org/draft-04/schema#"]
)
@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_errors_are_those_of_jsonschema(schema: Mapping[str, Any], dialect: str) -> None:
    declared = {**schema, **({"$schema": dialect} if dialect else {})}
    plain = jsonschema.validators.validator_for(declared, default=jsonschema.Draft202012Validator)(declared)
    checker = json_schema.validator(declared)
    for value in VALUES:
        assert _places(json_schema.errors(checker, value)) == _places(plain.iter_errors(value)), value


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"a": {"pattern": "(?=a)"}}},
        {"patternProperties": {"(": {}}},
        {"anyOf": [{"items": {"pattern": r"(a)\1"}}]},
        {"type": 1},
        {"patternProperties": {"a": {}}, "unevaluatedProperties": False},
        {"properties": {f"p{index}": {"pattern": f"(\\pN\\pL){{20}}{index}"} for index in range(10_000)}},
    ],
    ids=str,
)
def test_a_schema_that_cannot_be_used_is_an_error(schema: Mapping[str, Any]) -> None:
    with pytest.raises(jsonschema.SchemaError):
        json_schema.validator(schema)


@pytest.mark.parametrize("pattern", [r"^\pL+\z", r"^[[:alpha:]]+$", r"(?i)^a\C?$"])
def test_a_pattern_in_the_syntax_of_kubernetes_is_accepted(pattern: str) -> None:
    checker = json_schema.validator({"patternProperties": {pattern: {"pattern": pattern}}})
    assert not json_schema.errors(checker, {"a": "a"})
    assert json_schema.errors(checker, {"a": "1"})


@pytest.mark.parametrize("name", ["properties", "enum", "const", "default", "examples"])
def test_a_pattern_that_is_a_value_or_the_name_of_a_property_is_not_compiled(name: str) -> None:
    value: Any = {"pattern": {"type": "string"}} if name == "properties" else {"pattern": "("}
    json_schema.validator({name: [value] if name in ("enum", "examples") else value})


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"uniqueItems": True}, [{"n": number} for number in range(20_000)]),
        ({"type": "string", "pattern": "(a+)+$"}, "a" * 50_000 + "!"),
        ({"patternProperties": {"(a+)+$": {}}, "additionalProperties": {}}, {"a" * 5_000 + "!": 1}),
    ],
    ids=["unique", "pattern", "name"],
)
def test_work_is_linear_in_the_size_of_the_values(schema: Mapping[str, Any], value: Any) -> None:
    assert len(json_schema.errors(json_schema.validator(schema), value)) in (0, 1)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"items": {"oneOf": [{"const": number} for number in range(50)]}}, [99] * 2_000),
        ({"items": {"pattern": "(a|b)*a(a|b){900}c"}}, ["ab" * 500] * 500),
        ({"unevaluatedProperties": False}, {str(number): number for number in range(20_000)}),
        ({"$dynamicRef": "#", "items": {"$dynamicRef": "#"}}, [[]] * 10),
    ],
    ids=["oneOf", "pattern", "unevaluated", "reference"],
)
def test_work_beyond_the_budget_is_refused(schema: Mapping[str, Any], value: Any) -> None:
    with pytest.raises((json_schema.TooManyStepsError, RecursionError)):
        json_schema.errors(json_schema.validator(schema), value)


def test_a_valid_schema_is_checked_once_and_an_invalid_one_each_time() -> None:
    checked: list[object] = []

    class Dialect:
        """Counts the schemas that it checks."""

        @staticmethod
        def check_schema(schema: Any, **_: Any) -> None:
            checked.append(schema)
            jsonschema.Draft202012Validator.check_schema(schema)

    dialect: Any = Dialect
    valid, invalid = {"type": "object", "required": ["a"]}, {"type": "object", "required": ("a",)}
    for _ in range(2):
        json_schema.check_schema(valid, dialect)
        with pytest.raises(jsonschema.SchemaError):
            json_schema.check_schema(invalid, dialect)
    assert checked == [valid, invalid, invalid]
