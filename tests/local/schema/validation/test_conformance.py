"""The quick test never accepts what another check of the schema rejects or changes."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.local.merge import type_check
from rudr_py.local.schema import builtin, go_decoding, go_nulls, go_texts, pruning
from rudr_py.local.schema.crd import structural
from rudr_py.local.schema.node import SchemaNode
from rudr_py.local.schema.validation import values
from rudr_py.local.schema.validation.conformance import conforms
from tests.local.harness import keyed_list

_DOCUMENTS = Path(__file__).parents[2] / "documents" / "objects.yaml"
_SCHEMAS = builtin.builtin_schema("1.36")
_WIDGET: dict[str, Any] = {
    "type": "object",
    "required": ["spec"],
    "properties": {
        "spec": {
            "type": "object",
            "minProperties": 1,
            "required": ["size"],
            "properties": {
                "size": {"type": "integer", "minimum": 1},
                "ratio": {"type": "number"},
                "colour": {"type": "string", "enum": ["red", "blue"]},
                "code": {"type": "string", "pattern": "^[a-z]+$"},
                "at": {"type": "string", "format": "date-time"},
                "address": {"type": "string", "format": "ipv4"},
                "port": {"x-kubernetes-int-or-string": True},
                "maybe": {"type": "string", "nullable": True},
                "tags": {"type": "array", "maxItems": 2, "x-kubernetes-list-type": "set", "items": {"type": "string"}},
                "parts": keyed_list(on={"type": "boolean"}),
                "free": {"x-kubernetes-preserve-unknown-fields": True},
                "open": {
                    "type": "object",
                    "x-kubernetes-preserve-unknown-fields": True,
                    "properties": {"known": {"type": "string"}},
                },
                "either": {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                           "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        }
    },
}  # fmt: skip
_CUSTOM = structural.structural_node(_WIDGET, _SCHEMAS.metadata)
_ORDINARY: dict[str, Any] = {
    "apiVersion": "example.dev/v1",
    "kind": "Widget",
    "metadata": {"name": "w", "labels": {"a": "b"}},
    "spec": {
        "size": 1,
        "ratio": 0.5,
        "colour": "red",
        "code": "abc",
        "at": "2026-01-01T00:00:00Z",
        "address": "10.0.0.1",
        "port": 80,
        "maybe": "x",
        "tags": ["a", "b"],
        "parts": [{"name": "a", "on": True}, {"name": "b"}],
        "free": {"any": [1, None, {"x": {}}]},
        "open": {"known": "x", "unknown": [1]},
        "either": {"a": "x"},
        "labels": {"a": "b"},
    },
}


def _documents() -> Iterator[tuple[dict[str, Any], SchemaNode]]:
    yield _ORDINARY, _CUSTOM
    for document in yaml.safe_load_all(_DOCUMENTS.read_text()):
        node = _SCHEMAS.node(document["apiVersion"], document["kind"]) if document else None
        if node is not None:
            yield document, node


_CASES = list(_documents())
_TEXTS = ("", "x", "1Gi", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00.5+01:00", "eA==", "eB==")
_LISTS: tuple[list[Any], ...] = ([], ["x"], ["x", "x"], [None], [{}], [{"name": "a"}, {"name": "a"}])
_VALUES = st.sampled_from(
    (*_TEXTS, *_LISTS, None, 0, 1, -1, 2**40, 2**70, 1.5, True, {}, {"x": "y"}, {"name": "a"})
).map(copy.deepcopy)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with each of its keys or indices."""
    entries = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    for key, item in entries:
        yield value, key
        yield from _places(item)


def _faults(document: dict[str, Any], node: SchemaNode) -> list[Any]:
    """What the other checks report, and whether decoding changes the document."""
    decoded = copy.deepcopy(document)
    if not (texts := list(go_texts.invalid(document, node))):
        go_nulls.replace_nulls(decoded, node)
    faults: list[Any] = [*values.validate(document, node), *pruning.unknown_fields(document, node), *texts]
    if node.builtin:
        faults += filter(None, (go_decoding.error(document, node), go_decoding.conversion_error(document, node)))
    typing_error = type_check.typing_error(document, node)
    return faults + [typing_error] * bool(typing_error) + [decoded] * (decoded != document)


@given(st.data())
def test_a_document_that_conforms_has_no_fault(data: st.DataObject) -> None:
    original, node = data.draw(st.sampled_from(_CASES))
    document = copy.deepcopy(original)
    for _ in range(data.draw(st.integers(0, 2))):
        container, key = data.draw(st.sampled_from(list(_places(document))))
        action = data.draw(st.sampled_from(("replace", "remove", "add")))
        if action == "replace":
            container[key] = data.draw(_VALUES)
        elif action == "remove":
            del container[key]
        elif isinstance(container, dict):
            container[data.draw(st.sampled_from(("undeclared", "name", "value", "type")))] = data.draw(_VALUES)
        else:
            container.append(data.draw(_VALUES))
    if conforms(document, node):
        assert _faults(document, node) == []


@pytest.mark.parametrize("value", [[], {}, 1, True, "yesterday"])
def test_a_time_of_another_type_does_not_conform(value: Any) -> None:
    node = _SCHEMAS.node("v1", "ConfigMap")
    assert node is not None
    assert not conforms({"metadata": {"name": "a", "creationTimestamp": value}}, node)


def test_an_ordinary_custom_object_conforms() -> None:
    assert conforms(_ORDINARY, _CUSTOM)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("size", 0), ("size", True), ("colour", "green"), ("code", "A"), ("at", "yesterday"),
        ("address", "x"), ("port", 1.5), ("tags", ["a", "a"]), ("tags", ["a", "b", "c"]), ("undeclared", 1),
        ("parts", [{"name": "a"}, {"name": "a"}]), ("parts", [{"on": True}]), ("parts", [None]),
        ("labels", {"a": None}),        ("either", {}), ("either", {"a": "x", "b": "y"}), ("open", {"known": 1}),
    ],
)  # fmt: skip
def test_a_faulty_field_does_not_conform(field: str, value: Any) -> None:
    assert not conforms({**_ORDINARY, "spec": {**_ORDINARY["spec"], field: value}}, _CUSTOM)
