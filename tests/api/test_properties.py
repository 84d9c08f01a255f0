"""One declaration of properties: a schema for documents, a typed value for the author."""

from __future__ import annotations

import dataclasses
from types import GenericAlias
from typing import Annotated, Any

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.api import properties


class Backend(msgspec.Struct, forbid_unknown_fields=True):
    port: int
    path: str = "/"


class Route(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    host_name: str
    backends: list[Backend] = []


@dataclasses.dataclass
class Window:
    hour: int
    size: int = 1

    def __post_init__(self) -> None:
        if self.hour > 23:
            raise ValueError("there are 24 hours")


class Modelled:
    """The two methods of pydantic models that rudr_py uses."""

    def __init__(self, given: dict[str, Any]) -> None:
        self.given = given

    @classmethod
    def model_json_schema(cls, *, by_alias: bool) -> dict[str, Any]:
        assert by_alias
        item = {"type": "object", "properties": {"port": {"type": "integer"}}}
        return {
            "$defs": {"Item": item},
            "type": "object",
            "properties": {"items": {"type": "array", "items": {"$ref": "#/$defs/Item"}}},
        }

    @classmethod
    def model_validate(cls, given: dict[str, Any]) -> Modelled:
        if "items" not in given:
            raise ValueError("items is missing")
        return cls(given)


BY_HAND = {
    "type": "object",
    "properties": {"size": {"$ref": "#/$defs/count", "description": "how many"}},
    "$defs": {"count": {"type": "integer"}},
}


@pytest.mark.parametrize("declaration", [Route, Window, Modelled, BY_HAND, Backend])
def test_every_declaration_gives_a_valid_object_schema_without_references(declaration: Any) -> None:
    schema = properties.schema(declaration)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["type"] == "object"
    assert "$ref" not in str(schema)
    assert "$defs" not in str(schema)


def test_a_model_of_pydantic_is_a_declaration() -> None:
    pydantic = pytest.importorskip("pydantic", reason="pydantic is not installed")
    item = pydantic.create_model("Item", port=(int, pydantic.Field(ge=1)))
    model = pydantic.create_model(
        "Model", host_name=(str, pydantic.Field(alias="hostName")), items=(GenericAlias(list, item), [])
    )
    schema = properties.schema(model)
    assert set(schema["properties"]) == {"hostName", "items"}
    assert schema["properties"]["items"]["items"]["properties"]["port"]["minimum"] == 1
    loaded = properties.load(model, {"hostName": "a.example", "items": [{"port": 80}]})
    assert (loaded.host_name, loaded.items[0].port) == ("a.example", 80)
    with pytest.raises(ValueError, match="hostName"):
        properties.load(model, {"items": []})


def test_schema_names_are_those_of_the_document() -> None:
    schema = properties.schema(Route)
    assert set(schema["properties"]) == {"hostName", "backends"}
    assert schema["properties"]["backends"]["items"]["properties"]["port"] == {"type": "integer"}


def test_keys_beside_a_reference_are_kept() -> None:
    assert properties.schema(BY_HAND)["properties"]["size"] == {"type": "integer", "description": "how many"}


def test_a_schema_is_not_changed_by_reading_it() -> None:
    properties.schema(BY_HAND)
    assert "$defs" in BY_HAND


def test_properties_arrive_as_the_author_declared_them() -> None:
    route = properties.load(Route, {"hostName": "a", "backends": [{"port": 80}]})
    assert route == Route(host_name="a", backends=[Backend(port=80)])
    assert properties.load(Window, {"hour": 4}) == Window(hour=4)
    assert properties.load(Modelled, {"items": []}).given == {"items": []}
    assert properties.load(BY_HAND, {"size": 3}) == {"size": 3}


@pytest.mark.parametrize(
    ("declaration", "given_"),
    [
        (Route, {}),
        (Route, {"hostName": "a", "extra": 1}),
        (Window, {"hour": "four"}),
        (Window, {"hour": 24}),
        (Modelled, {}),
    ],
)
def test_invalid_values_raise_value_error(declaration: Any, given_: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        properties.load(declaration, given_)


class Node(msgspec.Struct):
    next: Node | None = None


@pytest.mark.parametrize(
    "declaration",
    [
        Node,
        object(),
        {"type": "object", "properties": {"a": {"$ref": "https://example.org/schema"}}},
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/absent"}}},
    ],
)
def test_a_declaration_without_a_schema_raises_type_error(declaration: Any) -> None:
    with pytest.raises(TypeError):
        properties.schema(declaration)


def _doubling(levels: int) -> dict[str, Any]:
    """A schema in which each definition refers twice to the next one."""
    definitions: dict[str, Any] = {f"d{levels}": {"type": "string"}}
    for level in range(levels):
        reference = {"$ref": f"#/$defs/d{level + 1}"}
        definitions[f"d{level}"] = {"type": "object", "properties": {"a": reference, "b": reference}}
    return {"type": "object", "properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": definitions}


def _chain(levels: int) -> dict[str, Any]:
    definitions = {f"d{level}": {"items": {"$ref": f"#/$defs/d{level + 1}"}} for level in range(levels)}
    return {"type": "object", "properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": {**definitions, f"d{levels}": {}}}


class Level4(msgspec.Struct):
    text: Annotated[str, msgspec.Meta(description="x" * 2_000)] = ""


def _struct(levels: int) -> Any:
    """A model in which each class has ten fields of the next one."""
    inner: Any = Level4
    for level in range(levels):
        inner = msgspec.defstruct(f"Level{level}", [(f"f{index}", inner) for index in range(10)])
    return inner


@pytest.mark.parametrize(
    ("declaration", "reason"),
    [
        (_doubling(30), "20,000 values"),
        (_doubling(300), "100 levels"),
        ({"$defs": {"a": {"enum": ["x" * 200_000]}}, "allOf": [{"$ref": "#/$defs/a"}] * 10}, "20,000 values"),
        ({"type": "object", "examples": [[0] * 1_000] * 100}, "20,000 values"),
        (_struct(4), "20,000 values"),
        (_chain(200), "100 levels"),
        ({"type": "object", "properties": {"a": {"$dynamicRef": "#"}}}, "dynamicRef"),
        ({"type": "object", "items": [{"$recursiveRef": "#"}]}, "recursiveRef"),
    ],
    ids=["2 KB", "20 KB", "texts", "without references", "model", "deep", "dynamic", "recursive"],
)
def test_a_schema_that_expands_beyond_the_limit_raises_type_error(declaration: Any, reason: str) -> None:
    with pytest.raises(TypeError, match=reason):
        properties.schema(declaration)


def test_a_schema_that_expands_within_the_limit_is_whole() -> None:
    assert str(properties.schema(_doubling(8))).count("string") == 2**8


def test_a_reference_to_a_schema_that_is_true_or_false_is_replaced() -> None:
    declaration = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/any"}, "b": {"$ref": "#/$defs/no"}},
        "$defs": {"any": True, "no": False},
    }
    assert properties.schema(declaration)["properties"] == {"a": {}, "b": False}


def test_a_property_may_have_the_name_of_a_reference() -> None:
    declared = {"type": "object", "properties": {"$ref": {"type": "string"}, "$dynamicRef": {"type": "string"}}}
    assert properties.schema(declared) == declared


@given(st.dictionaries(st.text(max_size=4), st.integers() | st.text(max_size=4), max_size=4))
def test_a_handwritten_schema_returns_a_copy_of_the_properties(given_: dict[str, Any]) -> None:
    loaded = properties.load({"type": "object"}, given_)
    assert loaded == given_
    assert loaded is not given_
