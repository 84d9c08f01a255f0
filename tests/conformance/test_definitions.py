"""Definitions as objects of the cluster (§5, §7): Trait objects restrict traits, WorkloadType objects admit kinds."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from rudr_py.api import Scope, Trait
from rudr_py.model.definition import ScopeDefinition, TraitDefinition
from rudr_py.model.parse import documents
from rudr_py.render import definitions
from tests.conformance import kubernetes_schemas, oam

SERVER = oam.component("Server", oam.WEB)
SCALER = "- {name: manual-scaler, properties: {replicaCount: 9}}"
SCHEMA = '{"type": "object", "properties": {"replicaCount": {"type": "integer", "maximum": 5}}}'
ROBOTS = """
group: acme.example
version: v1
names: {kind: Robot, singular: robot, plural: robots}
settings:
- {name: arms, type: number, required: true}
- {name: colour, default: red}
"""
PROPERTY = "$.spec.components[0].traits[0].properties.replicaCount"


def robot(settings: str, parameters: str = "[]") -> str:
    return oam.component("acme.example/v1.Robot", f"parameters: {parameters}\nworkloadSettings: {settings}")


@pytest.mark.parametrize("schema", [f"'{SCHEMA}'", SCHEMA])
def test_properties_are_checked_against_the_trait_object_of_the_cluster(schema: str) -> None:
    definition = oam.definition("Trait", "manual-scaler", f'{{appliesTo: ["*"], properties: {schema}}}')
    assert oam.refused(oam.plan(SERVER, oam.instance(traits=SCALER), definition)) == [("TR-17", PROPERTY)]


def test_a_trait_object_without_a_schema_lets_properties_pass() -> None:
    definition = oam.definition("Trait", "manual-scaler", '{appliesTo: ["*"]}')
    assert oam.objects(oam.plan(SERVER, oam.instance(traits=SCALER), definition))


def test_a_trait_object_of_the_cluster_limits_the_workloads_of_its_trait() -> None:
    definition = oam.definition("Trait", "manual-scaler", "{appliesTo: [core.oam.dev/v1alpha1.Worker]}")
    refused = oam.refused(oam.plan(SERVER, oam.instance(traits=SCALER), definition))
    assert {rule for rule, _ in refused} == {"TR-14"}


def test_a_kind_is_admitted_only_by_a_workload_type_object() -> None:
    text = robot("[{name: arms, value: 2}]")
    admitted = oam.plan(text, oam.instance(), oam.definition("WorkloadType", "robots", ROBOTS))
    body = oam.objects(admitted)["Robot/front"]
    assert (body["apiVersion"], body["spec"]) == ("acme.example/v1", {"arms": 2, "colour": "red"})
    assert oam.refused(oam.plan(text, oam.instance())) == [("CO-13", "$.spec.workloadType")]


@pytest.mark.parametrize(
    "settings", ["[]", "[{name: arms, value: 2}, {name: legs, value: 2}]", "[{name: arms, value: two}]"]
)
def test_a_component_must_use_exactly_the_settings_of_its_type(settings: str) -> None:
    plan = oam.plan(robot(settings), oam.instance(), oam.definition("WorkloadType", "robots", ROBOTS))
    assert {rule for rule, _ in oam.refused(plan)} == {"WT-3"}


def test_a_parameter_overrides_the_value_of_a_setting() -> None:
    text = robot("[{name: arms, value: 2, fromParam: arms}]", "[{name: arms, type: number}]")
    application = oam.instance(values="- {name: arms, value: 4}")
    objects = oam.objects(oam.plan(text, application, oam.definition("WorkloadType", "robots", ROBOTS)))
    assert objects["Robot/front"]["spec"]["arms"] == 4


def test_a_setting_named_spec_is_the_spec_with_parameters_substituted() -> None:
    definition = oam.definition("WorkloadType", "robots", ROBOTS.partition("settings:")[0])
    text = robot("[{name: spec, value: {arms: {fromParam: arms}, legs: 2}}]", "[{name: arms, type: number}]")
    objects = oam.objects(oam.plan(text, oam.instance(values="- {name: arms, value: 4}"), definition))
    assert objects["Robot/front"]["spec"] == {"arms": 4, "legs": 2}


@pytest.mark.parametrize(
    ("group", "kind"),
    [
        ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
        ("apiextensions.k8s.io", "CustomResourceDefinition"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
        ("certificates.k8s.io", "CertificateSigningRequest"),
        ("core.oam.dev", "Trait"),
    ],
)
def test_kinds_that_grant_permissions_are_never_admitted(group: str, kind: str) -> None:
    definition = oam.definition("WorkloadType", "wicked", f"{{group: {group}, version: v1, names: {{kind: {kind}}}}}")
    text = oam.component(f"{group}/v1.{kind}", "workloadSettings: [{name: spec, value: {}}]")
    assert oam.refused(oam.plan(text, oam.instance(), definition)) == [("CO-13", "$.spec.workloadType")]


def published() -> list[dict[str, Any]]:
    return list(definitions.publish(oam.catalog(), "rudr"))


def test_every_installed_type_is_published_as_a_valid_object() -> None:
    kinds = []
    for document in published():
        parsed = documents.parse(document)
        assert (parsed.problems, parsed.warnings) == ((), ())
        assert not kubernetes_schemas.refusals(document, kubernetes_schemas.VERSIONS[0])
        kinds.append(document["kind"])
    assert sorted(kinds) == sorted(
        "Trait"
        if isinstance(offer.type, Trait)
        else "ApplicationScope"
        if isinstance(offer.type, Scope)
        else "WorkloadType"
        for offer in oam.catalog().offers()
    )


def test_a_published_trait_has_the_workloads_and_schema_of_its_type() -> None:
    values = {trait.metadata.name: trait for trait in map(_trait, published()) if trait is not None}
    for offer in oam.catalog().offers():
        if isinstance(offer.type, Trait):
            value = values[offer.name]
            assert value.applies_to
            assert value.properties == json.loads(json.dumps(offer.schema))
            jsonschema.Draft202012Validator.check_schema(value.properties)
    scaled = ("Server", "Task", "Worker")
    assert values["manual-scaler"].applies_to == tuple(f"core.oam.dev/v1alpha1.{kind}" for kind in scaled)
    assert values["empty"].applies_to == ("*",)


def test_a_published_trait_names_the_workload_types_that_it_applies_to() -> None:
    applies_to = {
        document["metadata"]["name"]: {name.rpartition(".")[2] for name in document["spec"]["appliesTo"]}
        for document in published()
        if document["kind"] == "Trait"
    }
    assert applies_to == {
        "manual-scaler": {"Server", "Worker", "Task"},
        "auto-scaler": {"Server", "Worker"},
        "ingress": {"Server", "SingletonServer"},
        "volume-mounter": {"Server", "SingletonServer", "Worker", "SingletonWorker", "Task", "SingletonTask"},
        "empty": {"*"},
    }


def test_a_published_scope_has_type_overlap_and_parameters() -> None:
    parsed = (documents.parse(document).value for document in published())
    scopes = {value.type: value for value in parsed if isinstance(value, ScopeDefinition)}
    network = scopes["core.oam.dev/v1alpha1.NetworkScope"]
    assert not network.allow_component_overlap
    assert {parameter.name for parameter in network.parameters if parameter.required} == {"network-id", "subnet-id"}
    health = scopes["core.oam.dev/v1alpha1.HealthScope"]
    assert health.allow_component_overlap
    assert {parameter.name for parameter in health.parameters if parameter.required} == {
        "probe-method",
        "probe-endpoint",
    }


def test_published_definitions_do_not_change_rendered_objects() -> None:
    texts = SERVER, oam.instance(traits=SCALER)
    published_texts = [json.dumps(document) for document in published()]
    assert oam.objects(oam.plan(*texts, *published_texts)) == oam.objects(oam.plan(*texts))


def _trait(document: dict[str, Any]) -> TraitDefinition | None:
    value = documents.parse(document).value
    return value if isinstance(value, TraitDefinition) else None
