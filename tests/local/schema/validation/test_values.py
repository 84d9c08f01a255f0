"""Validation of values, with the messages of the real server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.local.schema import builtin, pruning
from rudr_py.local.schema.builtin import BuiltinSchemas
from rudr_py.local.schema.crd import structural
from rudr_py.local.schema.defaulting import defaulter
from rudr_py.local.schema.node import SchemaNode
from rudr_py.local.schema.validation import values

RECORDED = Path(__file__).parents[4] / ".." / "shared" / "apiserver" / "transcripts" / "crd.json"


def widget(schemas: BuiltinSchemas, **spec: Any) -> SchemaNode:
    fields = {"spec": {"type": "object", "properties": spec}}
    return structural.structural_node({"type": "object", "properties": fields}, schemas.metadata)


def causes_of(schemas: BuiltinSchemas, field: dict[str, Any], value: Any) -> list[tuple[str, str, str]]:
    causes = values.validate({"spec": {"f": value}}, widget(schemas, f=field))
    return [(cause.reason, cause.message, cause.field) for cause in causes]


@pytest.mark.skipif(not RECORDED.is_file(), reason="the recorded transcripts are not here")
def test_errors_of_custom_resources_equal_the_recorded_ones(schemas: BuiltinSchemas) -> None:
    steps = msgspec.json.decode(RECORDED.read_bytes())["steps"]
    schema = steps[0]["request"]["body"]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    node = structural.structural_node(schema, schemas.metadata)
    compared = 0
    for step in steps[4:10]:
        body = step["request"]["body"]
        pruning.prune(body, node)
        defaulter.default(body, node)
        expected = step["response"]["body"].get("details", {}).get("causes", [])
        assert [msgspec.to_builtins(cause) for cause in values.validate(body, node)] == expected
        compared += len(expected)
    assert compared == 4


INVALID, WRONG_TYPE = "FieldValueInvalid", "FieldValueTypeInvalid"


@pytest.mark.parametrize(
    ("field", "value", "reason", "message"),
    [
        (
            {"type": "string"},
            1,
            WRONG_TYPE,
            'Invalid value: "integer": spec.f in body must be of type string: "integer"',
        ),
        ({"type": "string"}, None, WRONG_TYPE, 'Invalid value: "null": spec.f in body must be of type string: "null"'),
        (
            {"type": "boolean"},
            "x",
            WRONG_TYPE,
            'Invalid value: "string": spec.f in body must be of type boolean: "string"',
        ),
        (
            {"type": "integer"},
            1.5,
            WRONG_TYPE,
            'Invalid value: "number": spec.f in body must be of type integer: "number"',
        ),
        (
            {"x-kubernetes-int-or-string": True},
            0.5,
            WRONG_TYPE,
            'Invalid value: "number": spec.f in body must be of type integer,string: "number"',
        ),
        (
            {"type": "string", "format": "date-time"},
            "soon",
            WRONG_TYPE,
            'Invalid value: "soon": spec.f in body must be of type date-time: "soon"',
        ),
        (
            {"type": "string", "minLength": 2},
            "a",
            INVALID,
            'Invalid value: "a": spec.f in body should be at least 2 chars long',
        ),
        ({"type": "string", "maxLength": 2}, "abc", "FieldValueTooLong", "Too long: may not be more than 2 bytes"),
        ({"type": "string", "pattern": "^a$"}, "b", INVALID, "Invalid value: \"b\": spec.f in body should match '^a$'"),
        (
            {"type": "integer", "maximum": 3, "exclusiveMaximum": True},
            3,
            INVALID,
            "Invalid value: 3: spec.f in body should be less than 3",
        ),
        (
            {"type": "number", "minimum": 0.5},
            0.1,
            INVALID,
            "Invalid value: 0.1: spec.f in body should be greater than or equal to 0.5",
        ),
        (
            {"type": "integer", "multipleOf": 5},
            7,
            INVALID,
            "Invalid value: 7: spec.f in body should be a multiple of 5",
        ),
        (
            {"type": "array", "minItems": 2, "items": {"type": "string"}},
            ["a"],
            INVALID,
            "Invalid value: 1: spec.f in body should have at least 2 items",
        ),
        (
            {"type": "array", "maxItems": 1, "items": {"type": "string"}},
            ["a", "b"],
            "FieldValueTooMany",
            "Too many: 2: must have at most 1 item",
        ),
        (
            {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}},
            {},
            INVALID,
            "Invalid value: 0: spec.f in body should have at least 1 properties",
        ),
        (
            {"type": "object", "maxProperties": 1, "additionalProperties": {"type": "string"}},
            {"a": "", "b": ""},
            "FieldValueTooMany",
            "Too many: 2: must have at most 1 item",
        ),
        (
            {"type": "integer", "enum": [1, 2]},
            3,
            "FieldValueNotSupported",
            'Unsupported value: 3: supported values: "1", "2"',
        ),
    ],
)
def test_each_rule_has_the_message_of_the_server(
    schemas: BuiltinSchemas, field: dict[str, Any], value: Any, reason: str, message: str
) -> None:
    assert causes_of(schemas, field, value) == [(reason, message, "spec.f")]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ({"type": "integer"}, 2.0),
        ({"type": "number"}, 2),
        ({"type": "string", "nullable": True}, None),
        ({"x-kubernetes-int-or-string": True}, "50%"),
        ({"type": "string", "format": "never-heard-of"}, "x"),
        ({"type": "string", "format": "date-time"}, "2026-11-23T10:00:00Z"),
        ({"x-kubernetes-preserve-unknown-fields": True}, [1, {"a": None}]),
        ({"type": "string", "enum": ["a"]}, "a"),
    ],
)
def test_a_valid_value_is_accepted(schemas: BuiltinSchemas, field: dict[str, Any], value: Any) -> None:
    assert causes_of(schemas, field, value) == []


def test_paths_contain_keys_and_indexes(schemas: BuiltinSchemas) -> None:
    item = {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}
    causes = causes_of(schemas, {"type": "array", "items": item}, [{"name": "a"}, {}])
    assert causes == [("FieldValueRequired", "Required value", "spec.f[1].name")]
    values = {"type": "object", "additionalProperties": {"type": "string"}}
    assert causes_of(schemas, values, {"k": 1})[0][2] == "spec.f.k"


def test_all_causes_are_reported_at_once(schemas: BuiltinSchemas) -> None:
    node = widget(schemas, a={"type": "string"}, b={"type": "integer"})
    assert len(values.validate({"spec": {"a": 1, "b": "x"}}, node)) == 2


@pytest.mark.parametrize(
    ("junctor", "value", "detail"),
    [
        ({"anyOf": [{"minimum": 5}, {"maximum": 1}]}, 3, "must validate at least one schema (anyOf)"),
        ({"oneOf": [{"minimum": 1}, {"minimum": 2}]}, 3, "one and only one schema (oneOf). Found 2 valid alternatives"),
        ({"oneOf": [{"minimum": 4}, {"minimum": 5}]}, 3, "one and only one schema (oneOf). Found none valid"),
        ({"allOf": [{"minimum": 4}]}, 3, "must validate all the schemas (allOf). None validated"),
        ({"not": {"minimum": 2}}, 3, "must not validate the schema (not)"),
    ],
)
def test_a_failed_junctor_has_no_path(
    schemas: BuiltinSchemas, junctor: dict[str, Any], value: Any, detail: str
) -> None:
    causes = causes_of(schemas, {"type": "integer", **junctor}, value)
    nowhere = [message for _, message, field in causes if field == "<nil>"]
    assert len(nowhere) == 1
    assert nowhere[0].startswith('Invalid value: "": "spec.f" ')
    assert nowhere[0].endswith(detail)


def test_required_fields_of_a_built_in_kind_may_not_be_empty(schemas: BuiltinSchemas) -> None:
    node = schemas.node("apps/v1", "Deployment")
    assert node is not None
    containers = [{"name": "", "image": "x"}]
    obj = {"spec": {"template": {"spec": {"containers": containers}}}}
    causes = [(cause.reason, cause.field) for cause in values.validate(obj, node)]
    assert causes == [
        ("FieldValueRequired", "spec.template.spec.containers[0].name"),
        ("FieldValueRequired", "spec.selector"),
    ]


def test_duplicate_items_of_sets_and_keyed_lists_are_rejected(schemas: BuiltinSchemas) -> None:
    tags = {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}
    assert causes_of(schemas, tags, ["a", "b", "a", "a"]) == [
        ("FieldValueDuplicate", 'Duplicate value: "a"', "spec.f[2]")
    ]
    item = {"type": "object", "properties": {"name": {"type": "string"}, "tags": tags}}
    parts = {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"], "items": item}
    causes = causes_of(schemas, parts, [{"name": "a", "tags": ["x", "x"]}, {"name": "a"}])
    assert [(reason, message, field) for reason, message, field in causes] == [
        ("FieldValueDuplicate", 'Duplicate value: {"name":"a"}', "spec.f[1]"),
        ("FieldValueDuplicate", 'Duplicate value: "x"', "spec.f[0].tags[1]"),
    ]


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["spec", "replicas", "template"]), inner)
    ),
    max_leaves=8,
)


@given(junk)
def test_any_value_is_handled_without_an_exception(schemas: BuiltinSchemas, value: Any) -> None:
    node = schemas.node("apps/v1", "Deployment")
    assert node is not None
    values.validate({"spec": value, "metadata": value}, node)
    values.validate({"spec": {"f": value}}, widget(schemas, f={"type": "integer", "minimum": 1, "multipleOf": 2}))


def test_a_header_of_a_probe_may_have_an_empty_value() -> None:
    node = builtin.builtin_schema("1.36").node("v1", "Pod")
    assert node is not None
    probe = {"httpGet": {"port": 1, "httpHeaders": [{"name": "X", "value": ""}]}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a", "namespace": "d"},
        "spec": {"containers": [{"name": "a", "image": "b", "livenessProbe": probe}]},
    }
    assert values.validate(pod, node) == []


def test_a_stateful_set_needs_no_service_although_older_releases_publish_it_as_required() -> None:
    node = builtin.builtin_schema("1.31").node("apps/v1", "StatefulSet")
    assert node is not None
    assert "serviceName" in node.properties["spec"].required
    labels = {"app": "a"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "b"}]}}
    spec = {"serviceName": "", "selector": {"matchLabels": labels}, "template": template}
    metadata = {"name": "a", "namespace": "d"}
    stateful_set = {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata, "spec": spec}
    assert values.validate(stateful_set, node) == []
