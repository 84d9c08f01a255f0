"""Trait objects of the cluster check properties and workload types, too; wrong ones are told and hinder nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.render import definitions as publishing
from rudr_py.render.types import cluster_schemas
from rudr_py.render.values.inputs import Definitions
from rudr_py.render.values.plan import Plan

Text = Callable[..., str]
Make = Callable[..., Plan]
Web = Callable[..., dict[str, Any]]

SUBJECT = 'the Trait object "manual-scaler" of this cluster'
SMALL = {"type": "object", "properties": {"replicaCount": {"type": "integer", "maximum": 3}}}


def _trait(properties: Any = None, name: str = "manual-scaler", **spec: Any) -> dict[str, Any]:
    existing = spec if properties is None else {"properties": properties, **spec}
    return {"apiVersion": "core.oam.dev/v1alpha1", "kind": "Trait", "metadata": {"name": name}, "spec": existing}


@pytest.fixture(name="scaled")
def _scaled(plan: Make, application: Text, web: Web, definitions: Callable[..., Definitions]) -> Callable[..., Plan]:
    """The plan of an instance with a manual-scaler of these properties, where the cluster has this Trait object."""

    def scaled(properties: Any, trait: Any, name: str = "manual-scaler") -> Plan:
        text = application(web({"name": name, "properties": properties}))
        return plan(text, definitions=definitions(trait))

    return scaled


def _told(plan: Plan) -> list[tuple[str, str, str]]:
    return [(problem.rule, problem.path, problem.message) for problem in plan.problems]


PATH = "$.spec.components[0].traits[0].properties"


@pytest.mark.parametrize("schema", [SMALL, json.dumps(SMALL)])
def test_properties_must_match_the_schema_in_the_cluster_and_that_of_the_type(scaled: Make, schema: Any) -> None:
    assert not scaled({"replicaCount": 3}, _trait(schema)).problems
    assert _told(scaled({"replicaCount": 4}, _trait(schema))) == [
        ("TR-17", f"{PATH}.replicaCount", f"{SUBJECT} refuses this: is 4, must be at most 3")
    ]


def test_the_older_list_of_properties_is_checked_too(scaled: Make) -> None:
    listed = [{"name": "replicaCount", "type": "string", "required": True}]
    assert [message for _, _, message in _told(scaled({"replicaCount": 4}, _trait(listed)))] == [
        f"{SUBJECT} refuses this: is 4, must be text; put it in quotes"
    ]


def test_a_problem_of_both_schemas_is_reported_once(scaled: Make) -> None:
    strict = {**SMALL, "required": ["replicaCount"], "additionalProperties": False}
    reported = _told(scaled({"count": 1}, _trait(strict)))
    assert sorted(path for _, path, _ in reported) == [PATH, f"{PATH}.count"]
    assert len(_told(scaled({"replicaCount": "x"}, _trait(strict)))) == 1


def test_deprecated_names_in_a_schema_mean_the_current_ones(
    plan: Make, application: Text, web: Web, definitions: Callable[..., Definitions]
) -> None:
    schema = {"type": "object", "required": ["service_port"], "properties": {"service_port": {"maximum": 100}}}
    ingress = {"name": "ingress", "properties": {"hostname": "a.example", "service_port": 443}}
    text = application(web(ingress))
    reported = _told(plan(text, definitions=definitions(_trait(schema, "ingress"))))
    assert any("must be at most 100" in message for _, _, message in reported)
    assert not any("requires the property" in message for _, _, message in reported)


def test_a_definition_narrows_the_workload_types(scaled: Make) -> None:
    workers = _trait(appliesTo=["core.oam.dev/v1alpha1.Worker"])
    ((rule, path, message),) = _told(scaled({"replicaCount": 1}, workers))
    assert (rule, path) == ("TR-14", "$.spec.components[0].traits[0].name")
    assert message.startswith(f"{SUBJECT} allows the trait only for")
    servers = _trait(appliesTo=["core.oam.dev/v1alpha1.Server"])
    assert not scaled({"replicaCount": 1}, servers).problems


@pytest.mark.parametrize(
    "schema",
    [
        "{not json",
        {"type": "nonsense"},
        {"$ref": "https://example.com/schema.json"},
        {"$dynamicRef": "https://example.com/schema.json"},
        {"properties": {"replicaCount": {"$ref": "#/definitions/x"}}},
        {"required": "replicaCount"},
        {"properties": []},
    ],
)
def test_an_invalid_schema_is_a_warning_that_names_the_object(scaled: Make, schema: Any) -> None:
    plan = scaled({"replicaCount": 9}, _trait(schema))
    assert not plan.problems
    assert plan.manifests
    assert any(
        (warning.document, warning.path) == ("trait/manual-scaler", "$.spec.properties") for warning in plan.warnings
    )


def _expanding(levels: int) -> dict[str, Any]:
    """A schema of two kilobytes whose references multiply."""
    definitions = {
        f"d{level}": {"properties": {name: {"$ref": f"#/$defs/d{level + 1}"} for name in "abcd"}}
        for level in range(levels)
    }
    return {"properties": {"a": {"$ref": "#/$defs/d0"}}, "$defs": {**definitions, f"d{levels}": {"type": "string"}}}


def test_a_schema_whose_references_multiply_is_a_warning(scaled: Make) -> None:
    planned = scaled({"replicaCount": 4}, _trait(_expanding(15)))
    assert not planned.problems
    assert "20,000 values" in planned.warnings[0].message


def test_properties_that_need_too_many_steps_of_a_schema_in_the_cluster_are_refused(scaled: Make) -> None:
    alternatives = {"anyOf": [{"maxLength": 1}, *({"const": number} for number in range(1_000))]}
    schema = {"type": "object", "properties": {"tlsHosts": {"items": alternatives}}}
    properties = {"hostname": "a.example.com", "servicePort": 80, "tlsSecretName": "certificate"}
    hosts = [f"{index}.example.com" for index in range(100)]
    planned = scaled({**properties, "tlsHosts": hosts}, _trait(schema, "ingress"), "ingress")
    # a slow machine reaches the limit of time first
    (problem,) = planned.problems
    assert "too large to check" in problem.message or "cannot be checked" in problem.message


def test_an_unusable_schema_is_read_once_for_all_applications(scaled: Make) -> None:
    schema = _expanding(16)
    read = cluster_schemas._validator.cache_info().misses
    for count in range(3):
        assert scaled({"replicaCount": count}, _trait(schema)).warnings
    assert cluster_schemas._validator.cache_info().misses == read + 1


def test_an_invalid_pattern_is_a_warning(
    plan: Make, application: Text, web: Web, definitions: Callable[..., Definitions]
) -> None:
    schema = {"properties": {"hostname": {"pattern": "("}}}
    text = application(web({"name": "ingress", "properties": {"hostname": "a.example"}}))
    rendered = plan(text, definitions=definitions(_trait(schema, "ingress")))
    assert not rendered.problems
    assert [warning.document for warning in rendered.warnings] == ["trait/ingress"]


def test_definitions_published_by_the_controller_are_ignored(scaled: Make) -> None:
    published = _trait({"type": "object", "maxProperties": 0})
    published["metadata"]["labels"] = {"app.kubernetes.io/managed-by": "rudr"}
    assert not scaled({"replicaCount": 9}, published).problems


def test_published_definitions_would_not_change_a_check(
    plan: Make, application: Text, web: Web, catalog: Any, definitions: Callable[..., Definitions]
) -> None:
    documents = publishing.publish(catalog, "rudr-system")
    for document in documents:
        document["metadata"]["labels"] = {}
    ingress = {"name": "ingress", "properties": {"hostname": "a.example", "service_port": 80}}
    text = application(web({"name": "manual-scaler", "properties": {"replicaCount": 2}}, ingress))
    narrowed, plain = plan(text, definitions=definitions(*documents)), plan(text)
    assert (narrowed.manifests, narrowed.problems, narrowed.warnings) == (plain.manifests, (), plain.warnings)
    assert narrowed.manifests


def test_a_trait_with_only_a_definition_lacks_a_package(scaled: Make) -> None:
    ((rule, _, message),) = _told(scaled({}, _trait({}, name="canary"), name="canary"))
    assert rule == "TR-8"
    assert "A Trait object in this cluster defines it, but no installed package implements it." in message
