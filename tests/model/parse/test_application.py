"""Reading an ApplicationConfiguration: the shapes in the wild, and the rules, one test a rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.errors import Problem
from rudr_py.model.application import Application, ComponentBinding, ScopeBinding, TraitBinding
from rudr_py.model.document import Parsed
from rudr_py.model.identity import ObjectKey
from rudr_py.model.parse.application import parse_application

Build = Callable[..., dict[str, Any]]
FIRST = "$.spec.components[0]"


def told(problems: tuple[Problem, ...]) -> list[tuple[str, str]]:
    return [(problem.rule, problem.path) for problem in problems]


def right(parsed: Parsed[Application]) -> Application:
    assert parsed.problems == ()
    assert parsed.value is not None
    return parsed.value


def test_an_application_is_parsed(application: Build) -> None:
    component = {
        "componentName": "web",
        "instanceName": "front",
        "parameterValues": [{"name": "size", "value": 3}],
        "traits": [{"name": "ingress", "properties": {"hostname": "a.example"}}],
        "applicationScopes": ["net"],
    }
    scope = {"name": "net", "type": "core.oam.dev/v1alpha1.NetworkScope", "properties": {"network-id": "n"}}
    document = application(
        variables=[{"name": "domain", "value": "example.com"}], scopes=[scope], components=[component]
    )
    parsed = parse_application(document)
    value = right(parsed)
    assert parsed.warnings == ()
    assert value.metadata.key == ObjectKey("team", "shop")
    assert value.variables == {"domain": "example.com"}
    assert value.scopes == (
        ScopeBinding(
            name="net",
            type="core.oam.dev/v1alpha1.NetworkScope",
            properties={"network-id": "n"},
            property_steps={"network-id": ("properties", "network-id")},
        ),
    )
    assert value.components == (
        ComponentBinding(
            component_name="web",
            instance_name="front",
            parameter_values={"size": 3},
            traits=(
                TraitBinding(
                    name="ingress",
                    properties={"hostname": "a.example"},
                    property_steps={"hostname": ("properties", "hostname")},
                ),
            ),
            application_scopes=("net",),
            parameter_steps={"size": ("parameterValues", 0, "value")},
        ),
    )


@pytest.mark.parametrize(
    ("trait", "steps", "where"),
    [
        ({"properties": {"replicaCount": 3}}, ("properties", "replicaCount"), None),
        ({"properties": [{"name": "replicaCount", "value": 3}]}, ("properties", 0, "value"), ".properties"),
        ({"parameterValues": {"replicaCount": 3}}, ("parameterValues", "replicaCount"), ".parameterValues"),
        (
            {"parameterValues": [{"name": "replicaCount", "value": 3}]},
            ("parameterValues", 0, "value"),
            ".parameterValues",
        ),
        ({"properties": None, "replicaCount": 3}, ("replicaCount",), ""),
        ({"properties": {}, "replicaCount": 3}, ("replicaCount",), ""),
        (
            {"properties": None, "parameterValues": {"replicaCount": 3}},
            ("parameterValues", "replicaCount"),
            ".parameterValues",
        ),
    ],
)
def test_trait_properties_are_accepted_in_all_three_places(
    binding: Build, trait: dict[str, Any], steps: tuple[str | int, ...], where: str | None
) -> None:
    parsed = parse_application(binding(traits=[{"name": "manual-scaler", **trait}]))
    value = right(parsed).components[0].traits[0]
    assert (value.name, value.properties) == ("manual-scaler", {"replicaCount": 3})
    assert value.steps_to("replicaCount") == steps
    assert told(parsed.warnings) == ([] if where is None else [("", f"{FIRST}.traits[0]{where}")])


def test_the_steps_to_an_absent_property_lead_to_its_expected_place(binding: Build) -> None:
    value = right(parse_application(binding(traits=[{"name": "a", "properties": {"b": {"c": 1}}}])))
    trait = value.components[0].traits[0]
    assert trait.steps_to() == ("properties",)
    assert trait.steps_to("x") == ("properties", "x")
    assert trait.steps_to("b", "c") == ("properties", "b", "c")


def test_a_trait_without_properties_is_valid(binding: Build) -> None:
    parsed = parse_application(binding(traits=[{"name": "empty", "properties": None}, {"name": "other"}]))
    assert [trait.properties for trait in right(parsed).components[0].traits] == [{}, {}]
    assert parsed.warnings == ()


def test_keys_next_to_properties_have_no_effect_and_are_reported(binding: Build) -> None:
    trait = {"name": "ingress", "properties": {"path": "/"}, "hostname": "a", "parameterValues": {"b": 1}}
    parsed = parse_application(binding(traits=[trait]))
    assert right(parsed).components[0].traits[0].properties == {"path": "/"}
    assert told(parsed.warnings) == [
        ("", f"{FIRST}.traits[0].parameterValues"),
        ("", f"{FIRST}.traits[0].hostname"),
    ]


@pytest.mark.parametrize("properties", [{"probe-method": "kube-get"}, [{"name": "probe-method", "value": "kube-get"}]])
def test_scope_properties_may_be_a_map_or_a_list(application: Build, properties: Any) -> None:
    scope = {"name": "health", "type": "core.oam.dev/v1alpha1.HealthScope", "properties": properties}
    parsed = parse_application(application(scopes=[scope]))
    assert right(parsed).scopes[0].properties == {"probe-method": "kube-get"}
    assert parsed.warnings == ()


def test_parameter_values_may_be_a_map_with_a_warning(binding: Build) -> None:
    parsed = parse_application(binding(parameterValues={"size": 3}))
    value = right(parsed).components[0]
    assert value.parameter_values == {"size": 3}
    assert value.parameter_steps == {"size": ("parameterValues", "size")}
    assert told(parsed.warnings) == [("", f"{FIRST}.parameterValues")]


def test_the_last_of_two_values_for_a_parameter_is_used_with_a_warning(binding: Build) -> None:
    values = [{"name": "a", "value": 1}, {"name": "a", "value": 2}]
    parsed = parse_application(binding(parameterValues=values))
    assert right(parsed).components[0].parameter_values == {"a": 2}
    assert told(parsed.warnings) == [("", f"{FIRST}.parameterValues[1].name")]


def test_a_document_without_namespace_is_in_the_default_namespace(application: Build) -> None:
    document = application()
    del document["metadata"]["namespace"]
    assert right(parse_application(document)).metadata.namespace == "default"


def test_metadata_of_the_server_is_parsed(application: Build) -> None:
    document = application()
    document["metadata"] |= {
        "uid": "u",
        "generation": 7,
        "resourceVersion": "12",
        "labels": {"a": "b"},
        "annotations": {"version": "1.2.3"},
        "finalizers": ["f"],
        "deletionTimestamp": "2026-01-01T00:00:00Z",
    }
    value = right(parse_application(document)).metadata
    assert (value.uid, value.generation, value.resource_version) == ("u", 7, "12")
    assert (value.labels, value.version, value.finalizers, value.deleting) == ({"a": "b"}, "1.2.3", ("f",), True)


def test_a_document_without_version_annotation_is_version_0_1_0(application: Build) -> None:
    assert right(parse_application(application())).metadata.version == "0.1.0"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"variables": [{"name": "a", "value": 1}, {"name": "a", "value": 2}]}, ("AC-7", "$.spec.variables[1].name")),
        ({"variables": [{"name": "a", "value": [1]}]}, ("AC-7", "$.spec.variables[0].value")),
        ({"variables": [{"name": "a"}]}, ("AC-7", "$.spec.variables[0]")),
        ({"variables": [{"value": 1}]}, ("AC-7", "$.spec.variables[0]")),
        ({"variables": [{"name": "a b", "value": 1}]}, ("AC-10", "$.spec.variables[0].name")),
        ({"variables": {"a": 1}}, ("AC-7", "$.spec.variables")),
        ({"scopes": [{"name": "a"}]}, ("AC-12", "$.spec.scopes[0]")),
        ({"scopes": [{"name": "a", "type": "Health"}]}, ("MD-11", "$.spec.scopes[0].type")),
        ({"scopes": [{"name": "-a", "type": "a.b/v1.C"}]}, ("MD-2", "$.spec.scopes[0].name")),
        ({"scopes": [{"name": "a", "type": "a.b/v1.C"}] * 2}, ("AC-12", "$.spec.scopes[1].name")),
        ({"components": [5]}, ("", "$.spec.components[0]")),
        ({"components": 5}, ("", "$.spec.components")),
        (
            {"components": [{"componentName": "web", "instanceName": "a"}] * 2},
            ("AC-13", "$.spec.components[1].instanceName"),
        ),
    ],
)
def test_a_broken_rule_of_an_application_is_reported(
    application: Build, spec: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert told(parse_application(application(**spec)).problems) == [expected]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"componentName": None}, ("MD-1", FIRST)),
        ({"instanceName": None}, ("AC-13", FIRST)),
        ({"instanceName": "a" * 64}, ("AC-13", f"{FIRST}.instanceName")),
        ({"instanceName": "Front_1"}, ("AC-13", f"{FIRST}.instanceName")),
        ({"traits": [{"properties": {}}]}, ("AC-15", f"{FIRST}.traits[0]")),
        ({"traits": "a"}, ("AC-15", f"{FIRST}.traits")),
        ({"applicationScopes": [{}]}, ("AC-14", f"{FIRST}.applicationScopes[0]")),
        ({"parameterValues": [{"value": 1}]}, ("", f"{FIRST}.parameterValues[0]")),
        ({"parameterValues": "x"}, ("AC-12", f"{FIRST}.parameterValues")),
    ],
)
def test_a_broken_rule_of_a_binding_is_reported(
    binding: Build, fields: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert told(parse_application(binding(**fields)).problems) == [expected]


def test_variable_names_may_have_letters_of_any_language(application: Build) -> None:
    names = ["größe", "a.b-c_d", "値1"]
    document = application(variables=[{"name": name, "value": 1} for name in names])
    assert list(right(parse_application(document)).variables) == names


def test_a_scope_named_twice_in_a_binding_is_a_warning(binding: Build) -> None:
    parsed = parse_application(binding(applicationScopes=["a", "a"]))
    assert right(parsed).components[0].application_scopes == ("a", "a")
    assert told(parsed.warnings) == [("AC-14", f"{FIRST}.applicationScopes[1]")]


def test_an_unknown_key_of_a_binding_is_a_warning(binding: Build) -> None:
    parsed = parse_application(binding(parameterValue=[]))
    assert told(parsed.warnings) == [("", f"{FIRST}.parameterValue")]
    assert 'Did you mean "parameterValues"?' in parsed.warnings[0].message


@pytest.mark.parametrize("components", [{}, {"components": []}, {"components": [{"componentName": "web"}]}])
def test_a_misspelled_field_without_components_is_an_error_because_it_would_delete_all_instances(
    components: dict[str, Any],
) -> None:
    spec = {"componets": [{"componentName": "web", "instanceName": "shop-web"}], **components}
    parsed = parse_application(
        {
            "apiVersion": "core.oam.dev/v1alpha1",
            "kind": "ApplicationConfiguration",
            "metadata": {"name": "shop"},
            "spec": spec,
        }
    )
    rejected = [problem for problem in parsed.problems if problem.path == "$.spec.componets"]
    assert bool(rejected) == (not components)
