"""Messages of typing errors."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.local.merge import type_check
from rudr_py.local.schema.node import SchemaNode


def spec(**fields: Any) -> dict[str, Any]:
    return {"spec": fields}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (spec(size="x"), ".spec.size: expected numeric (int or float), got string"),
        (spec(size=True), ".spec.size: expected numeric (int or float), got bool"),
        (spec(color=1), ".spec.color: expected string, got &value.valueUnstructured{Value:1}"),
        (spec(color={"a": "b"}), ".spec.color: expected string, got "
         '&value.valueUnstructured{Value:map[string]interface {}{"a":"b"}}'),
        (spec(labels=["x"]), ".spec.labels: expected map, got &{[x]}"),
        (spec(labels={"a": 1}), ".spec.labels.a: expected string, got &value.valueUnstructured{Value:1}"),
        (spec(tags={"a": 1}), ".spec.tags: expected list, got &{map[a:1]}"),
        (spec(tags=["a", "a"]), '.spec.tags: duplicate entries for key [="a"]'),
        (spec(parts=[{"name": "a"}, {"name": "a"}]), '.spec.parts: duplicate entries for key [name="a"]'),
        (spec(parts=["a"]), ".spec.parts: element 0: associative list with keys may not have non-map elements"),
        (spec(parts=[None]), ".spec.parts: element 0: associative list with keys may not have a null element"),
        (
            spec(parts=[{"value": "x"}]),
            '.spec.parts: element 0: associative list with keys has an element that omits all key fields ["name"] '
            "(and doesn't have default values for any key fields)",
        ),
        (spec(parts=[{"name": "a", "valeu": "x"}]), '.spec.parts[name="a"].valeu: field not declared in schema'),
        (spec(bogus=1), ".spec.bogus: field not declared in schema"),
        (
            spec(size="x", color=2),
            "errors:\n  .spec.size: expected numeric (int or float), got string\n"
            "  .spec.color: expected string, got &value.valueUnstructured{Value:2}",
        ),
    ],
)  # fmt: skip
def test_typing_errors_have_the_messages_of_the_server(widget: SchemaNode, value: Any, message: str) -> None:
    assert type_check.typing_error(value, widget) == message


@pytest.mark.parametrize(
    "value",
    [
        spec(size=None, labels=None, tags=None, parts=None),
        spec(free={"anything": [1, {"a": None}]}),
        spec(parts=[{"name": "a", "ports": [{"note": "x"}]}]),
        {"metadata": {"creationTimestamp": None, "finalizers": ["x"]}},
    ],
)
def test_null_unknown_and_defaulted_values_can_be_typed(widget: SchemaNode, value: Any) -> None:
    assert type_check.typing_error(value, widget) == ""


def test_errors_of_booleans_and_scalars_have_their_own_messages(deployment: SchemaNode) -> None:
    assert (
        type_check.typing_error({"spec": {"paused": "yes"}}, deployment) == ".spec.paused: expected boolean, got &{yes}"
    )
    ports = [{"containerPort": 80}]
    probe = {"httpGet": {"port": {"a": 1}}}
    containers = [{"name": "c", "ports": ports, "livenessProbe": probe}]
    assert type_check.typing_error({"spec": {"template": {"spec": {"containers": containers}}}}, deployment) == (
        '.spec.template.spec.containers[name="c"].livenessProbe.httpGet.port: expected any scalar, got &{map[a:1]}'
    )
