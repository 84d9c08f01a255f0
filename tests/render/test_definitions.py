"""The installed types as objects for kubectl: Rudr's names, valid documents, everything that a type declares."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, ClassVar

from rudr_py.api import Trait, WorkloadType
from rudr_py.catalog import Catalog
from rudr_py.model.parse import documents
from rudr_py.render import definitions

Types = Callable[..., Catalog]


class Function(WorkloadType[dict[str, Any]]):
    """Runs a function.

    In a far away cloud.
    """

    name = "openfaas.com/v1alpha2.Function"
    properties: ClassVar[dict[str, Any]] = {
        "type": "object",
        "required": ["image"],
        "additionalProperties": False,
        "properties": {
            "image": {"type": "string", "description": "What to run."},
            "size": {"type": ["null", "integer"], "default": 2},
        },
    }


class Odd(Trait[dict[str, Any]]):
    name = "acme.dev/v1.OddThing"


def _by_name(catalog: Catalog) -> dict[tuple[str, str], dict[str, Any]]:
    objects = definitions.publish(catalog, "rudr-system")
    return {(item["kind"], item["metadata"]["name"]): item for item in objects}


def test_built_in_types_are_published_with_the_names_of_rudr(catalog: Catalog) -> None:
    assert sorted(_by_name(catalog)) == [
        ("ApplicationScope", "health"),
        ("ApplicationScope", "network"),
        ("Trait", "auto-scaler"),
        ("Trait", "empty"),
        ("Trait", "ingress"),
        ("Trait", "manual-scaler"),
        ("Trait", "volume-mounter"),
        ("WorkloadType", "server"),
        ("WorkloadType", "singleton-server"),
        ("WorkloadType", "singleton-task"),
        ("WorkloadType", "singleton-worker"),
        ("WorkloadType", "task"),
        ("WorkloadType", "worker"),
    ]


def test_every_published_object_is_a_valid_document(catalog: Catalog, with_types: Types) -> None:
    for document in definitions.publish(with_types(Function(), Odd()), "rudr-system"):
        parsed = documents.parse(document)
        assert (parsed.problems, parsed.warnings) == ((), ())
        assert parsed.value is not None
        assert document["metadata"]["namespace"] == "rudr-system"
        assert document["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "rudr"}


def test_a_published_trait_has_its_schema_and_workload_types(catalog: Catalog) -> None:
    spec = _by_name(catalog)["Trait", "manual-scaler"]["spec"]
    assert json.loads(spec["properties"])["required"] == ["replicaCount"]
    assert "*" in spec["appliesTo"] or "core.oam.dev/v1alpha1.Server" in spec["appliesTo"]


def test_a_published_scope_has_its_parameters(catalog: Catalog) -> None:
    spec = _by_name(catalog)["ApplicationScope", "network"]["spec"]
    assert (spec["type"], spec["allowComponentOverlap"]) == ("core.oam.dev/v1alpha1.NetworkScope", False)
    assert {parameter["name"] for parameter in spec["parameters"] if parameter["required"]} == {
        "network-id",
        "subnet-id",
    }


def test_a_published_workload_type_has_its_settings_and_package(with_types: Types) -> None:
    result = _by_name(with_types(Function()))["WorkloadType", "function.v1alpha2.openfaas.com"]
    annotations = result["metadata"]["annotations"]
    assert json.loads(annotations.pop("rudr.oam.dev/schema")) == Function.properties
    assert annotations == {"rudr.oam.dev/package": "acme 1.0", "description": "Runs a function."}
    assert result["spec"] == {
        "group": "openfaas.com",
        "version": "v1alpha2",
        "names": {"kind": "Function", "singular": "function", "plural": "functions"},
        "settings": [
            {"name": "image", "required": True, "type": "string", "description": "What to run."},
            {"name": "size", "required": False, "type": "number", "default": 2},
        ],
    }


def test_a_type_name_is_converted_to_a_valid_object_name(with_types: Types) -> None:
    assert ("Trait", "odd-thing.v1.acme.dev") in _by_name(with_types(Odd()))


def test_publishing_twice_gives_equal_objects(catalog: Catalog) -> None:
    assert definitions.publish(catalog, "n") == definitions.publish(catalog, "n")
