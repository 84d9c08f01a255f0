"""The API version changes with every incompatible change of the published schemas (MD-8)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance import schema_changes

TEXT: dict[str, Any] = {"type": "string"}
ANY: dict[str, Any] = {"x-kubernetes-preserve-unknown-fields": True}


def parts(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def changes(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return [*schema_changes.narrowed({"Kind v1": old}, {"Kind v1": new})]


def test_no_schema_refuses_a_document_that_the_last_release_accepted() -> None:
    narrowed = [*schema_changes.narrowed(schema_changes.recorded(), schema_changes.schemas())]
    assert narrowed == [], "such a change needs another API version, with a conversion; see docs/releasing.md"


@pytest.mark.parametrize("version", sorted(schema_changes.recorded()))
def test_a_version_that_is_not_served_any_more_is_an_incompatible_change(version: str) -> None:
    current = schema_changes.schemas()
    del current[version]
    assert f"{version} is not served any more" in [*schema_changes.narrowed(schema_changes.recorded(), current)]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (parts(a=TEXT), parts(b=TEXT), "Kind v1.a is dropped"),
        (parts(a=TEXT), {**parts(a=TEXT), "required": ["a"]}, "Kind v1.a is required"),
        (parts(a=TEXT), parts(a={"type": "integer"}), "Kind v1.a: the type is integer"),
        (parts(a={"type": "number"}), parts(a={"type": "integer"}), "Kind v1.a: the type is integer"),
        (parts(a=ANY), parts(a=TEXT), "Kind v1.a: the type is string"),
        (parts(a={**TEXT, "enum": ["x", "y"]}), parts(a={**TEXT, "enum": ["x"]}), "refused values: ['y']"),
        (parts(a=TEXT), parts(a={**TEXT, "enum": ["x"]}), "refused values"),
        (parts(a=TEXT), parts(a={**TEXT, "pattern": "x"}), "pattern"),
        (parts(a=TEXT), parts(a={**TEXT, "maxLength": 63}), "maxLength is 63"),
        (parts(a={"type": "integer", "minimum": 0}), parts(a={"type": "integer", "minimum": 1}), "minimum is 1"),
        (parts(a={**TEXT, "nullable": True}), parts(a=TEXT), "null is refused"),
        (parts(a=TEXT), parts(a={**TEXT, "x-kubernetes-validations": [{"rule": "self != ''"}]}), "is new"),
        ({"type": "object", **ANY}, parts(a=TEXT), "unknown fields are dropped"),
        (
            {"type": "array", "items": parts(a=TEXT)},
            {"type": "array", "items": {**parts(a=TEXT), "required": ["a"]}},
            "Kind v1[].a is required",
        ),
    ],
)
def test_a_change_that_refuses_documents_is_reported(old: dict[str, Any], new: dict[str, Any], expected: str) -> None:
    assert any(expected in line for line in changes(old, new)), changes(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (parts(a=TEXT), parts(a=TEXT, b=TEXT)),
        ({"type": "object", **ANY}, {**parts(a=TEXT), **ANY}),
        (
            {**parts(a=TEXT), "required": ["a"]},
            {**parts(a=TEXT, b=TEXT), "x-kubernetes-validations": [{"rule": "has(self.a) || has(self.b)"}]},
        ),
        (parts(a=TEXT), parts(a={**TEXT, "description": "A text."})),
        ({**parts(a=TEXT), "required": ["a"]}, parts(a=TEXT)),
        (parts(a={"type": "integer"}), parts(a={"type": "number"})),
        (parts(a={**TEXT, "enum": ["x"]}), parts(a={**TEXT, "enum": ["x", "y"]})),
        (parts(a={**TEXT, "maxLength": 63}), parts(a={**TEXT, "maxLength": 253})),
        (parts(a=TEXT), {"type": "object", **ANY}),
        (parts(a=TEXT), parts(a=ANY)),
        (parts(a=TEXT), parts(a={**TEXT, "nullable": True})),
    ],
)
def test_a_change_that_accepts_more_is_compatible(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert changes(old, new) == []
