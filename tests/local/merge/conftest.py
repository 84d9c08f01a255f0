"""Schemas and writes for the tests of merge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.local.merge.managed_fields import Write
from rudr_py.local.schema import builtin
from rudr_py.local.schema.builtin import BuiltinSchemas
from rudr_py.local.schema.crd import structural
from rudr_py.local.schema.node import SchemaNode
from tests.local.harness import keyed_list

WIDGET: dict[str, Any] = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "size": {"type": "integer"},
                "color": {"type": "string"},
                "inner": {
                    "type": "object",
                    "properties": {"x": {"type": "string"}, "y": {"type": "string"}},
                },
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "whole": {
                    "type": "object",
                    "x-kubernetes-map-type": "atomic",
                    "additionalProperties": {"type": "string"},
                },
                "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
                "args": {"type": "array", "items": {"type": "string"}},
                "parts": keyed_list(
                    value={"type": "string"},
                    ports={
                        "type": "array",
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["port", "protocol"],
                        "items": {
                            "type": "object",
                            "properties": {
                                "port": {"type": "integer"},
                                "protocol": {"type": "string", "default": "TCP"},
                                "note": {"type": "string"},
                            },
                        },
                    },
                ),
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            },
        },
        "status": {"type": "object", "properties": {"phase": {"type": "string"}}},
    },
}

MakeWrite = Callable[..., Write]


@pytest.fixture(scope="session")
def schemas() -> BuiltinSchemas:
    return builtin.builtin_schema("1.36")


@pytest.fixture(scope="session")
def deployment(schemas: BuiltinSchemas) -> SchemaNode:
    node = schemas.node("apps/v1", "Deployment")
    assert node is not None
    return node


@pytest.fixture(scope="session")
def widget(schemas: BuiltinSchemas) -> SchemaNode:
    return structural.structural_node(WIDGET, schemas.metadata)


@pytest.fixture
def by(widget: SchemaNode) -> MakeWrite:
    """`by("rudr", second=3)`: a write to a Widget by a manager, at 10:00:03."""

    def make(manager: str, *, second: int = 0, **more: Any) -> Write:
        defaults: dict[str, Any] = {"node": widget, "api_version": "example.dev/v1"}
        return Write(manager=manager, time=f"2026-11-23T10:00:{second:02d}Z", **{**defaults, **more})

    return make
