"""CEL rules of CRDs. Messages are those of kube-apiserver v1.36.2."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.errors import Cause
from rudr_py.local.schema.builtin import builtin_schema
from rudr_py.local.schema.crd import structural
from rudr_py.local.schema.node import SchemaNode
from rudr_py.local.schema.validation import cel_rules, values

pytestmark = pytest.mark.skipif(not cel_rules.AVAILABLE, reason="the package that evaluates CEL is not installed")

NAME = {"type": "object", "properties": {"n": {"type": "string"}}}
SPEC = {
    "type": "object",
    "x-kubernetes-validations": [
        {"rule": "self.a <= self.b", "message": "a must not exceed b"},
        {"rule": "!has(self.list) || self.list.all(x, x.n != 'bad')"},
        {
            "rule": "self.a != 99",
            "messageExpression": "self.b > 5 ? 'a is bad' : 'a'",
            "reason": "FieldValueForbidden",
            "fieldPath": ".a",
        },
        {"rule": "self.b == oldSelf.b", "message": "b is fixed"},
    ],
    "properties": {
        "a": {"type": "integer"},
        "b": {"type": "integer"},
        "list": {
            "type": "array",
            "items": {**NAME, "x-kubernetes-validations": [{"rule": "self.n.size() < 5", "message": "short names"}]},
        },
        "m": {
            "type": "object",
            "additionalProperties": {
                "type": "string",
                "x-kubernetes-validations": [{"rule": "self.startsWith('x')"}],
            },
        },
        "imm": {
            "type": "string",
            "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "imm is immutable"}],
        },
        "half-way": {"type": "number", "x-kubernetes-validations": [{"rule": "self / 2.0 < 10.0"}]},
        "q": {
            "type": "object",
            "x-kubernetes-validations": [{"rule": "self.zip.p > 0", "message": "z"}],
            "properties": {"zip": {"type": "object", "properties": {"p": {"type": "integer"}}}},
        },
    },
}


@pytest.fixture(scope="module")
def node() -> SchemaNode:
    return of(SPEC)


def of(spec: dict[str, Any]) -> SchemaNode:
    schema = {"type": "object", "properties": {"spec": spec}}
    return structural.structural_node(schema, builtin_schema("1.36").metadata)


def refused(node: SchemaNode, old: dict[str, Any] | None = None, **spec: Any) -> list[Cause]:
    obj = {"spec": {"a": 1, "b": 1, **spec}}
    before = None if old is None else {"spec": {"a": 1, "b": 1, **old}}
    return cel_rules.causes(obj, before, node, values.validate(obj, node))


@pytest.mark.parametrize(
    ("spec", "field", "message"),
    [
        ({"a": 5}, "spec", "Invalid value: a must not exceed b"),
        (
            {"list": [{"n": "ok"}, {"n": "bad"}]},
            "spec",
            "Invalid value: failed rule: !has(self.list) || self.list.all(x, x.n != 'bad')",
        ),
        ({"list": [{"n": "ok"}, {"n": "longer"}]}, "spec.list[1]", "Invalid value: short names"),
        ({"a": 99, "b": 100}, "spec.a", "Forbidden: a is bad"),
        ({"m": {"k": "yy"}}, "spec.m[k]", "Invalid value: \"yy\": failed rule: self.startsWith('x')"),
        ({"half-way": 30}, "spec.half-way", "Invalid value: 30: failed rule: self / 2.0 < 10.0"),
        ({"q": {}}, "spec.q", 'Invalid value: "object": no such key: zip evaluating rule: z'),
    ],
)
def test_a_violated_rule_is_reported(node: SchemaNode, spec: dict[str, Any], field: str, message: str) -> None:
    assert [(cause.field, cause.message) for cause in refused(node, **spec)] == [(field, message)]


def test_transition_rules_are_evaluated_on_updates_only(node: SchemaNode) -> None:
    assert refused(node, b=2) == []
    assert [cause.message for cause in refused(node, {}, b=2)] == ["Invalid value: b is fixed"]
    assert [cause.message for cause in refused(node, {"imm": "i"}, imm="j")] == ['Invalid value: "j": imm is immutable']
    assert refused(node, {}, imm="j") == []
    assert refused(node, {"imm": "i"}) == []


def test_rules_are_skipped_while_the_schema_has_blocking_errors(node: SchemaNode) -> None:
    (cause,) = refused(node, a="s")
    assert cause.field == "<nil>"
    assert cause.message.endswith("correct the existing errors to complete validation")


def test_a_rule_that_cannot_be_evaluated_rejects_nothing() -> None:
    rules = [{"rule": "quantity(self.a).isGreaterThan(quantity('1'))"}, {"rule": "self.?a.orValue('') == 'z'"}]
    properties = {"a": {"type": "string"}}
    node = of({"type": "object", "properties": properties, "x-kubernetes-validations": rules})
    assert cel_rules.causes({"spec": {"a": "1"}}, None, node, []) == []


def test_a_field_that_is_null_is_absent_for_rules() -> None:
    rules = [{"rule": "has(self.a) != has(self.b)"}]
    properties = {"a": {"type": "string", "nullable": True}, "b": {"type": "string", "nullable": True}}
    node = of({"type": "object", "properties": properties, "x-kubernetes-validations": rules})
    assert cel_rules.causes({"spec": {"a": "x", "b": None}}, None, node, []) == []
    assert len(cel_rules.causes({"spec": {"a": "x", "b": "y"}}, None, node, [])) == 1


def test_field_names_that_are_invalid_in_cel_are_escaped() -> None:
    rules = [{"rule": "self.a__dash__b == 1 && self.__if__ == 2"}]
    properties = {"a-b": {"type": "integer"}, "if": {"type": "integer"}}
    node = of({"type": "object", "properties": properties, "x-kubernetes-validations": rules})
    assert cel_rules.causes({"spec": {"a-b": 1, "if": 2}}, None, node, []) == []
    assert len(cel_rules.causes({"spec": {"a-b": 1, "if": 3}}, None, node, [])) == 1


def test_string_functions_of_kubernetes_are_supported() -> None:
    node = of({"type": "string", "x-kubernetes-validations": [{"rule": "self.split('/').size() == 2"}]})
    assert cel_rules.causes({"spec": "a/b"}, None, node, []) == []
    assert len(cel_rules.causes({"spec": "a"}, None, node, [])) == 1
