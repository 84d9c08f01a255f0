"""A definition of the cluster that is wrong narrows nothing: it is ignored as a whole, and named in a warning."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rudr_py.builtin.traits.manual_scaler import ManualScaler
from rudr_py.catalog import Catalog
from rudr_py.render.definitions import publish
from rudr_py.render.types import definition_documents, definition_faults, extended_workload
from rudr_py.render.values.inputs import Definitions
from rudr_py.render.values.plan import Plan

Text = Callable[..., str]
Make = Callable[..., Plan]
Web = Callable[..., dict[str, Any]]

SERVER, WORKER = "core.oam.dev/v1alpha1.Server", "core.oam.dev/v1alpha1.Worker"
NARROW = {"type": "object", "properties": {"replicaCount": {"type": "integer", "maximum": 1}}}
"""A schema that refuses the properties of the tests."""


def definition(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "core.oam.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def trait(name: str = "manual-scaler", **spec: Any) -> dict[str, Any]:
    return definition("Trait", name, spec)


def properties(schema: Any) -> dict[str, Any]:
    return {"appliesTo": [WORKER], "properties": schema}


@pytest.fixture(name="scaled")
def _scaled(plan: Make, application: Text, web: Web, definitions: Callable[..., Definitions]) -> Callable[..., Plan]:
    """The plan of a Server with nine replicas in a cluster with these definitions."""

    def scaled(*documents: Any) -> Plan:
        binding = {"name": "manual-scaler", "properties": {"replicaCount": 9}}
        return plan(application(web(binding)), definitions=definitions(*documents))

    return scaled


class Aliased(ManualScaler):
    """The manual-scaler with a second name."""

    aliases = ("sizer",)


WRONG: dict[str, dict[str, Any]] = {
    "broken JSON": properties("{not json"),
    "JSON that is no map": properties("[]"),
    "a number": properties(5),
    "an unknown type of JSON Schema": properties({"properties": {"replicaCount": {"type": "int"}}}),
    "an unknown type in draft 3, which permits any": properties(
        {"$schema": "http://json-schema.org/draft-03/schema#", "properties": {"replicaCount": {"type": "int"}}}
    ),
    "an unknown type in the older list": properties([{"name": "replicaCount", "type": "quantity"}]),
    "a list without names": properties([{"type": "string"}]),
    "a map where a list is expected": properties({"required": "replicaCount"}),
    "a reference that does not resolve": properties({"properties": {"replicaCount": {"$ref": "#/$defs/count"}}}),
    "a reference to another server": properties({"$ref": "https://example.com/schema.json"}),
    "a schema that refers to itself": properties({"$ref": "#"}),
    "two schemas that refer to each other": properties(
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}
    ),
    "a tree of schemas": properties(
        {"$ref": "#/$defs/node", "$defs": {"node": {"properties": {"next": {"$ref": "#/$defs/node"}}}}}
    ),
    "references that multiply": properties(
        {
            "$ref": "#/$defs/s0",
            "$defs": {
                **{f"s{n}": {"allOf": [{"$ref": f"#/$defs/s{n + 1}"}] * 4} for n in range(12)},
                "s12": {"maxProperties": 0},
            },
        }
    ),
    "a pattern that RE2 cannot use": properties({"properties": {"replicaCount": {"pattern": "(?=x)"}}}),
    "many keywords for each property": properties({"additionalProperties": {"allOf": [{"maximum": 1}] * 5_000}}),
    "many patterns for each property": properties(
        {"patternProperties": {f"^replica{n}": {"maximum": 1} for n in range(2_000)}}
    ),
    "an empty list of workload types": {"appliesTo": [], "properties": NARROW},
    "a workload type that does not exist": {"appliesTo": ["core.oam.dev/v1alpha1.Sever"], "properties": NARROW},
    "an empty name": {"appliesTo": [""], "properties": NARROW},
    "a workload type that exists and one that does not": {
        "appliesTo": [WORKER, "core.oam.dev/v1alpha1.Deamon"],
        "properties": NARROW,
    },
    "a workload type of another version": {"appliesTo": ["core.oam.dev/v1.Worker"]},
    "a text instead of a list": {"appliesTo": WORKER, "properties": NARROW},
    "a number as workload type": {"appliesTo": [WORKER, 7], "properties": NARROW},
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_trait_object_narrows_nothing_and_is_named(scaled: Make, fault: str) -> None:
    planned = scaled(trait(**WRONG[fault]))
    assert planned.problems == ()
    assert planned.manifests
    assert planned.warnings
    assert {warning.document for warning in planned.warnings} == {"trait/manual-scaler"}
    for warning in planned.warnings:
        assert 'the Trait object "manual-scaler" of this cluster is ignored: ' in warning.message
        assert warning.path.startswith("$.spec")


def test_schemas_of_text_are_checked_like_maps(scaled: Make) -> None:
    planned = scaled(trait(properties=json.dumps({"properties": {"replicaCount": {"type": "int"}}})))
    assert not planned.problems
    assert planned.warnings


def test_the_nearest_workload_type_is_suggested(scaled: Make) -> None:
    (warning,) = scaled(trait(appliesTo=["core.oam.dev/v1alpha1.Sever"])).warnings
    assert 'Did you mean "core.oam.dev/v1alpha1.Server"?' in warning.message
    assert warning.path == "$.spec.appliesTo[0]"


def test_a_valid_definition_under_another_name_narrows_although_the_first_is_wrong(
    plan: Make, application: Text, web: Web, catalog: Catalog, definitions: Callable[..., Definitions]
) -> None:
    offer, aliased = catalog.traits["manual-scaler"], Aliased()
    types = msgspec.structs.replace(catalog, traits={"manual-scaler": msgspec.structs.replace(offer, type=aliased)})
    text = application(web({"name": "manual-scaler", "properties": {"replicaCount": 9}}))
    documents = definitions(trait("manual-scaler", properties="{"), trait("sizer", properties=NARROW))
    planned = plan(text, types=msgspec.structs.replace(types, workloads=catalog.workloads), definitions=documents)
    (problem,) = planned.problems
    assert 'the Trait object "sizer" of this cluster refuses this: is 9, must be at most 1' in problem.message
    assert [warning.document for warning in planned.warnings] == ["trait/manual-scaler"]


def admitting(kind: str = "Robot", name: str = "robots", **spec: Any) -> dict[str, Any]:
    names = {"kind": kind, "singular": kind.lower(), "plural": f"{kind.lower()}s"}
    return definition("WorkloadType", name, {"group": "acme.example", "version": "v1", "names": names, **spec})


def test_types_of_workload_type_objects_exist_while_those_are_valid(scaled: Make) -> None:
    robots = trait(appliesTo=["acme.example/v1.Robot"])
    assert scaled(robots, admitting()).problems
    assert not scaled(robots, admitting(version="v2")).problems
    assert not scaled(robots).problems
    assert not scaled(robots, admitting(settings="{}")).problems


HEALTH = "core.oam.dev/v1alpha1.HealthScope"
WRONG_SCOPES: dict[str, dict[str, Any]] = {
    "an unknown type": {"parameters": [{"name": "probe-method", "type": "quantity"}]},
    "a parameter twice": {"parameters": [{"name": "a", "type": "string"}, {"name": "a", "type": "string"}]},
    "no list": {"parameters": {"probe-method": "string"}},
    "no boolean": {"allowComponentOverlap": "perhaps"},
}


@pytest.mark.parametrize("fault", WRONG_SCOPES)
def test_a_wrong_scope_object_narrows_nothing_and_is_named(
    plan: Make, application: Text, web: Web, definitions: Callable[..., Definitions], fault: str
) -> None:
    required = [{"name": "missing", "type": "string", "required": True}]
    spec = {"type": HEALTH, "parameters": required, **WRONG_SCOPES[fault]}
    probe = {"probe-method": "kube-get", "probe-endpoint": ".status"}
    scopes = [{"name": name, "type": HEALTH, "properties": probe} for name in ("one", "two")]
    instance = {**web(), "applicationScopes": ["one", "two"]}
    text = application(instance, scopes=scopes)
    planned = plan(text, definitions=definitions(definition("ApplicationScope", "health", spec)))
    assert planned.problems == ()
    documents = {warning.document for warning in planned.warnings}
    assert "applicationscope/health" in documents


def test_a_setting_of_an_unknown_type_is_reported_and_the_kind_is_admitted(catalog: Catalog) -> None:
    robots = admitting(settings=[{"name": "arms", "type": "quantity"}])
    (fault,) = definition_faults.all_faults(definition_documents.read([robots]), catalog)
    assert (fault.kind, fault.name, fault.is_ignored) == ("WorkloadType", "robots", False)
    assert '"quantity" is unknown' in str(fault)
    admitted = extended_workload.admit(definition_documents.read([robots]), "acme.example/v1.Robot")
    assert not isinstance(admitted, str)


def test_a_kind_is_admitted_by_a_valid_object_although_another_one_is_wrong() -> None:
    wrong = admitting(name="a", settings=[{"type": "string"}])
    admitted = extended_workload.admit(definition_documents.read([wrong, admitting(name="b")]), "acme.example/v1.Robot")
    assert not isinstance(admitted, str)
    hint = extended_workload.admit(definition_documents.read([wrong]), "acme.example/v1.Robot")
    assert isinstance(hint, str)
    assert 'The WorkloadType object "a" would admit it, but is not valid' in hint


def test_published_definitions_without_their_label_are_valid(catalog: Catalog) -> None:
    documents = [{**document, "metadata": {"name": document["metadata"]["name"]}} for document in publish(catalog, "x")]
    assert definition_faults.all_faults(definition_documents.read(documents), catalog) == ()
