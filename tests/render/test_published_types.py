"""Published definitions of all packages: types of the specification only, and none that excludes an accepted value."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import jsonschema
import msgspec
import pytest

from rudr_py.api import Scope, Trait, WorkloadType
from rudr_py.catalog import Catalog, Offer
from rudr_py.model.parameter_types import has_type
from rudr_py.model.parse import documents
from rudr_py.render import definitions
from rudr_py.render.types import specification_types
from tests import own_packages

LISTS = {"ApplicationScope": "parameters", "WorkloadType": "settings"}
SAMPLES: tuple[Any, ...] = (
    "",
    "a",
    "1",
    "1.5",
    True,
    0,
    1,
    -1,
    30,
    1.5,
    [],
    ["a"],
    [1],
    {},
    {"a": "b"},
    [{"name": "a"}],
)
Publish = Callable[..., dict[str, Any]]
CORE = "core.oam.dev/"


class Settings(WorkloadType[dict[str, Any]]):
    """Has settings of every form that the types of the specification describe."""

    name = "acme.dev/v1.Closed"
    properties: ClassVar[dict[str, Any]] = {
        "type": "object",
        "required": ["image"],
        "additionalProperties": False,
        "properties": {
            "image": {"type": "string", "description": "The image."},
            "size": {"type": ["null", "integer"], "default": 2, "minimum": 1},
            "ratio": {
                "anyOf": [{"type": "null"}, {"oneOf": [{"type": "integer"}, {"type": "number"}]}],
                "default": None,
            },
            "mode": {"enum": ["fast", "safe"], "default": "safe"},
            "kind": {"const": "x"},
            "quiet": {"allOf": [{"type": "boolean"}, {"description": "No output."}], "default": "no"},
        },
    }


@pytest.fixture(name="published_type")
def _published_type(with_types: Callable[..., Catalog]) -> Publish:
    """Publish a workload type with the schema of its settings."""

    def publish(properties: dict[str, Any], **keywords: Any) -> dict[str, Any]:
        schema = {"type": "object", "additionalProperties": False, **keywords, "properties": properties}
        declared: type[WorkloadType[Any]] = type("Closed", (Settings,), {"properties": schema})
        published = definitions.publish(with_types(declared()), "rudr-system")
        return next(item for item in published if item["metadata"]["name"] == "closed.v1.acme.dev")

    return publish


def _published() -> Iterator[tuple[Offer[Any], dict[str, Any]]]:
    catalog = own_packages.everything().catalog
    described = [offer for offer in catalog.offers() if isinstance(offer.type, WorkloadType | Scope)]
    published = [item for item in definitions.publish(catalog, "rudr-system") if item["kind"] in LISTS]
    return zip(described, published, strict=True)


def _entries(document: dict[str, Any]) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = document["spec"].get(LISTS[document["kind"]], [])
    return entries


def test_definitions_of_all_packages_have_types_of_the_specification_only() -> None:
    types = {(offer.name, entry["type"]) for offer, document in _published() for entry in _entries(document)}
    assert {type_name for _, type_name in types} == {"boolean", "number", "string"}
    assert types >= {("core.oam.dev/v1alpha1.HealthScope", "number"), ("core.oam.dev/v1alpha1.NetworkScope", "string")}


def test_a_listed_type_excludes_no_value_that_a_package_accepts() -> None:
    for offer, document in _published():
        if offer.name.startswith(CORE):
            continue
        for entry in _entries(document):
            validator = jsonschema.Draft202012Validator(offer.schema["properties"][entry["name"]])
            excluded = [value for value in SAMPLES if validator.is_valid(value) and not has_type(value, entry["type"])]
            assert not excluded, (offer.name, entry)


def test_a_list_contains_all_properties_of_a_type_or_is_absent() -> None:
    for offer, document in _published():
        names = {entry["name"] for entry in _entries(document)}
        assert names in (set(), set(offer.schema.get("properties", {}))), offer.name


def test_the_scopes_of_the_specification_list_all_their_parameters() -> None:
    core = [(offer, document) for offer, document in _published() if document["kind"] == "ApplicationScope"]
    assert core
    for offer, document in core:
        assert {entry["name"] for entry in _entries(document)} == set(offer.schema["properties"]), offer.name


def test_the_annotation_has_the_schema_that_is_enforced() -> None:
    for offer, document in _published():
        text = document["metadata"]["annotations"].get("rudr.oam.dev/schema", "{}")
        expected = json.loads(msgspec.json.encode(offer.schema)) if offer.schema.get("properties") else {}
        assert json.loads(text) == expected, offer.name


def test_definitions_of_all_packages_are_documents_without_problems() -> None:
    for document in definitions.publish(own_packages.everything().catalog, "rudr-system"):
        unlabelled = {**document, "metadata": {**document["metadata"], "labels": {}}}
        for candidate in (document, unlabelled):
            parsed = documents.parse(candidate)
            assert (parsed.problems, parsed.warnings) == ((), ()), document["metadata"]["name"]


def test_every_trait_has_the_schema_that_is_enforced() -> None:
    catalog = own_packages.everything().catalog
    published = [item for item in definitions.publish(catalog, "rudr-system") if item["kind"] == "Trait"]
    traits = [offer for offer in catalog.offers() if isinstance(offer.type, Trait)]
    for offer, document in zip(traits, published, strict=True):
        assert json.loads(document["spec"]["properties"]) == json.loads(msgspec.json.encode(offer.schema))


def test_settings_have_the_type_that_covers_all_their_values(published_type: Publish) -> None:
    document = published_type(Settings.properties["properties"], required=["image"])
    assert document["spec"]["settings"] == [
        {"name": "image", "required": True, "type": "string", "description": "The image."},
        {"name": "size", "required": False, "type": "number", "default": 2},
        {"name": "ratio", "required": False, "type": "number"},
        {"name": "mode", "required": False, "type": "string", "default": "safe"},
        {"name": "kind", "required": False, "type": "string"},
        {"name": "quiet", "required": False, "type": "boolean"},
    ]


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array"},
        {"type": "object", "default": {}},
        {"type": ["string", "array"]},
        {"anyOf": [{"type": "string"}, {"anyOf": [{"type": "null"}, {"type": "object"}]}]},
        {"oneOf": [{"type": "integer"}, {"type": "string"}]},
        {"enum": ["auto", 1]},
        {"type": "null"},
        {"not": {"type": "array"}},
        {"description": "Anything."},
        True,
    ],
    ids=json.dumps,
)
def test_a_type_with_a_setting_that_no_type_of_the_specification_describes_lists_none(
    schema: Any, published_type: Publish
) -> None:
    properties = {"image": {"type": "string"}, "odd": schema}
    document = published_type(properties)
    assert "settings" not in document["spec"]
    assert json.loads(document["metadata"]["annotations"]["rudr.oam.dev/schema"])["properties"] == properties


@pytest.mark.parametrize("keywords", [{"additionalProperties": True}, {"patternProperties": {"^x-": True}}])
def test_a_type_with_settings_of_any_name_lists_none(keywords: dict[str, Any], published_type: Publish) -> None:
    assert "settings" not in published_type({"image": {"type": "string"}}, **keywords)["spec"]


@pytest.mark.parametrize(
    ("schema", "types"),
    [
        (False, ()),
        ({"type": ["integer", "number", "null"]}, ("number",)),
        ({"type": ["string", "number"], "anyOf": [{"type": "number"}, {"type": "boolean"}]}, ("number",)),
        ({"enum": [None, True, "a"]}, ("boolean", "string")),
        ({"not": {"type": "string"}}, ("string", "boolean", "number", "array", "object")),
    ],
)
def test_the_accepted_types_are_those_that_every_keyword_accepts(schema: Any, types: tuple[str, ...]) -> None:
    assert specification_types.accepted(schema) == types
