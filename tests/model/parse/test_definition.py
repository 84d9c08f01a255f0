"""Reading the definitions and the objects that Rudr wrote."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rudr_py.model.component import Parameter, Setting
from rudr_py.model.definition import (
    ComponentInstance,
    HealthScope,
    ScopeDefinition,
    TraitDefinition,
    WorkloadTypeDefinition,
)
from rudr_py.model.identity import Metadata
from rudr_py.model.parse import documents

SCHEMA = {"type": "object", "required": ["replicaCount"]}


def document(kind: str, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": "core.oam.dev/v1alpha1", "kind": kind, "metadata": {"name": "it"}, **fields}


def right(kind: str, **fields: Any) -> Any:
    parsed = documents.parse(document(kind, **fields))
    assert parsed.problems == ()
    assert parsed.warnings == ()
    return parsed.value


def problems(kind: str, **spec: Any) -> list[tuple[str, str]]:
    result = documents.parse(document(kind, spec=spec)).problems
    return [(problem.rule, problem.path) for problem in result]


@pytest.mark.parametrize("properties", [SCHEMA, json.dumps(SCHEMA)])
def test_the_schema_of_a_trait_is_text_or_a_map(properties: Any) -> None:
    value = right("Trait", spec={"appliesTo": ["core.oam.dev/v1alpha1.Server"], "properties": properties})
    assert value == TraitDefinition(
        metadata=Metadata(name="it"), applies_to=("core.oam.dev/v1alpha1.Server",), properties=SCHEMA
    )


def test_a_trait_applies_to_all_workload_types_by_default() -> None:
    assert right("Trait", spec={"properties": ""}) == TraitDefinition(metadata=Metadata(name="it"), applies_to=("*",))


@pytest.mark.parametrize("properties", ["{,}", "[]", "5", '{"a": 1e999}', "[" * 100_000, '{"a": "\\ud800"}', 5])
def test_an_invalid_schema_is_reported(properties: Any) -> None:
    assert problems("Trait", properties=properties) == [("TR-16", "$.spec.properties")]


@pytest.mark.parametrize("key", ["settings", "workloadSettings"])
def test_a_workload_type_is_parsed(key: str) -> None:
    names = {"kind": "Function", "singular": "function", "plural": "functions"}
    spec = {"group": "openfaas.com", "version": "v1alpha2", "names": names, key: [{"name": "image", "required": True}]}
    result = documents.parse(document("WorkloadType", spec=spec)).value
    assert result == WorkloadTypeDefinition(
        metadata=Metadata(name="it"),
        group="openfaas.com",
        version="v1alpha2",
        kind="Function",
        singular="function",
        plural="functions",
        settings=(Setting(name="image", required=True),),
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("int", "integer"),
        ("String", "string"),
        ("list", "array"),
        ("float", "number"),
        ("object", "object"),
        ("x", "x"),
    ],
)
def test_a_setting_of_a_json_schema_has_the_type_that_is_meant(written: str, read: str) -> None:
    schema = {"type": "object", "properties": {"a": {"type": written}}}
    spec = {"group": "openfaas.com", "names": {"kind": "Function"}, "settings": schema}
    parsed = documents.parse(document("WorkloadType", spec=spec))
    assert isinstance(parsed.value, WorkloadTypeDefinition)
    assert parsed.value.settings == (Setting(name="a", type=read),)


@pytest.mark.parametrize("key", ["default", "value"])
def test_the_value_of_a_setting_of_a_workload_type_is_its_default(key: str) -> None:
    names = {"kind": "Function"}
    spec = {"group": "openfaas.com", "names": names, "settings": [{"name": "image", key: "busybox"}]}
    parsed = documents.parse(document("WorkloadType", spec=spec))
    assert parsed.warnings == ()
    assert isinstance(parsed.value, WorkloadTypeDefinition)
    assert parsed.value.settings == (Setting(name="image", value="busybox"),)


def test_a_workload_type_requires_group_and_kind() -> None:
    assert problems("WorkloadType") == [("WT-2", "$.spec"), ("WT-2", "$.spec")]
    assert problems("WorkloadType", group="g", names={"kind": "function"}) == [("WT-2", "$.spec.names.kind")]


def test_a_scope_is_parsed_with_the_types_of_the_core_definitions() -> None:
    parameters = [{"name": "probe-timeout", "type": "integer", "required": False}]
    spec = {"type": "core.oam.dev/v1.NetworkScope", "allowComponentOverlap": True, "parameters": parameters}
    assert right("ApplicationScope", spec=spec) == ScopeDefinition(
        metadata=Metadata(name="it"),
        type="core.oam.dev/v1.NetworkScope",
        allow_component_overlap=True,
        parameters=(Parameter(name="probe-timeout", type="integer"),),
    )


def test_a_broken_rule_of_a_scope_is_reported() -> None:
    assert problems("ApplicationScope") == [("SC-7", "$.spec")]
    assert problems("ApplicationScope", type="Network") == [("MD-11", "$.spec.type")]
    twice = [{"name": "a", "type": "string"}] * 2
    assert problems("ApplicationScope", type="a.b/v1.C", parameters=twice) == [("SC-10", "$.spec.parameters[1].name")]


@pytest.mark.parametrize(("status", "health"), [("healthy", "healthy"), (None, ""), ({"conditions": []}, "")])
def test_the_status_of_a_component_instance_is_bare_text(status: Any, health: str) -> None:
    value = right("ComponentInstance", spec={"traits": []}, status=status)
    assert value == ComponentInstance(metadata=Metadata(name="it"), traits=(), health=health)


def test_a_health_scope_is_parsed() -> None:
    spec = {"probeMethod": "kube-get", "probeEndpoint": ".status", "probeInterval": 60, "healthThresholdPercentage": 50}
    assert right("HealthScope", spec=spec) == HealthScope(
        metadata=Metadata(name="it"),
        probe_method="kube-get",
        probe_endpoint=".status",
        probe_interval=60,
        health_threshold_percentage=50.0,
    )
    assert problems("HealthScope") == [("SC-13", "$.spec"), ("SC-13", "$.spec")]
    wrong = {"probeMethod": "m", "probeEndpoint": "e", "failureRateThreshold": "5"}
    assert problems("HealthScope", **wrong) == [("SC-13", "$.spec.failureRateThreshold")]


@pytest.mark.parametrize(
    ("kind", "meant"), [("Component", "ComponentSchematic"), ("ApplicationConfig", "ApplicationConfiguration")]
)
def test_an_unknown_kind_is_reported_with_a_suggestion(kind: str, meant: str) -> None:
    parsed = documents.parse(document(kind, spec={}))
    assert parsed.value is None
    assert [problem.path for problem in parsed.problems] == ["$.kind"]
    assert f'Did you mean "{meant}"?' in parsed.problems[0].message


def test_a_document_of_another_group_is_not_an_oam_document() -> None:
    assert documents.is_oam({"apiVersion": "core.oam.dev/v1alpha2"})
    assert not documents.is_oam({"apiVersion": "v1"})
    assert not documents.is_oam({"apiVersion": ["core.oam.dev/v1alpha1"]})
