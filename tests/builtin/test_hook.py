"""The door: what the standard package offers, under which names, and that the order of traits does not matter."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from typing import Any

import jsonschema
import msgspec
import pytest

from rudr_py import builtin
from rudr_py.api import Trait, Type, WorkloadType
from rudr_py.catalog import Catalog, offer
from rudr_py.model.parse.application import parse_application
from rudr_py.model.parse.component import parse_component
from rudr_py.render import render
from rudr_py.render.values.inputs import Inputs

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TYPES: list[Type[Any]] = list(builtin.rudr_register_types())
COMPONENT = {
    "apiVersion": "core.oam.dev/v1alpha1",
    "kind": "ComponentSchematic",
    "metadata": {"name": "nginx-v1"},
    "spec": {
        "workloadType": "core.oam.dev/v1alpha1.Server",
        "containers": [
            {
                "name": "nginx",
                "image": "nginx:1.27",
                "ports": [{"name": "http", "containerPort": 80}],
                "resources": {"volumes": [{"name": "data", "mountPath": "/data", "sharingPolicy": "Shared"}]},
            }
        ],
    },
}
TRAITS: list[dict[str, Any]] = [
    {"name": "auto-scaler", "properties": {"minimum": 2, "cpu": 60}},
    {"name": "ingress", "properties": {"hostname": "shop.example.com"}},
    {"name": "volume-mounter", "properties": {"volumeName": "data", "storageClass": "fast"}},
    {"name": "empty", "properties": {"anything": True}},
]


def _catalog() -> Catalog:
    def named(kind: type[Any]) -> dict[str, Any]:
        return {
            name: offer(type_, package="rudr-py")
            for type_ in TYPES
            if isinstance(type_, kind)
            for name in (type_.name, *type_.aliases)
        }

    return Catalog(workloads=named(WorkloadType), traits=named(Trait))


def _render(traits: list[dict[str, Any]]) -> Any:
    document = {
        "apiVersion": "core.oam.dev/v1alpha1",
        "kind": "ApplicationConfiguration",
        "metadata": {"name": "store"},
        "spec": {"components": [{"componentName": "nginx-v1", "instanceName": "web", "traits": traits}]},
    }
    parsed = parse_application(document)
    assert parsed.value is not None
    components = {"nginx-v1": parse_component(COMPONENT)}
    inputs = Inputs(application=parsed.value, parsed=parsed, components=components, now=NOW)
    return render.render(inputs, _catalog())


def test_all_standard_workloads_and_traits_are_registered() -> None:
    core = ("Server", "SingletonServer", "Worker", "SingletonWorker", "Task", "SingletonTask")
    traits = ("manual-scaler", "auto-scaler", "ingress", "volume-mounter", "empty")
    assert {type_.name for type_ in TYPES} >= {*(f"core.oam.dev/v1alpha1.{kind}" for kind in core), *traits}


def test_names_and_aliases_of_types_are_unique() -> None:
    names = [name for type_ in TYPES for name in (type_.name, *type_.aliases)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("type_", TYPES, ids=lambda type_: type_.name)
def test_every_type_has_a_schema_and_a_description(type_: Type[Any]) -> None:
    schema = offer(type_, package="rudr-py").schema
    jsonschema.Draft202012Validator.check_schema(schema)
    assert type(type_).__doc__


@pytest.mark.parametrize(
    "type_",
    [type_ for type_ in TYPES if isinstance(type_.properties, type)],
    ids=lambda type_: type_.name,
)
def test_every_property_is_described_and_unknown_properties_are_rejected(type_: Type[Any]) -> None:
    schema = offer(type_, package="rudr-py").schema
    assert schema["additionalProperties"] is False
    for name, node in schema["properties"].items():
        assert "description" in node, name
        assert name not in type_.renamed_properties
    assert set(type_.renamed_properties.values()) <= set(schema["properties"])


def test_the_order_of_traits_changes_nothing() -> None:
    plans = [_render(list(traits)) for traits in itertools.permutations(TRAITS)]
    assert not plans[0].problems

    def objects(plan: Any) -> list[bytes]:
        return sorted(msgspec.json.encode(manifest.body, order="deterministic") for manifest in plan.manifests)

    assert all(objects(plan) == objects(plans[0]) for plan in plans)


def test_retained_claims_are_applied_before_the_pods_that_mount_them() -> None:
    kinds = [manifest.ref.kind.kind for manifest in _render(TRAITS).manifests]
    assert kinds.index("PersistentVolumeClaim") < kinds.index("Deployment")


def test_former_property_names_and_aliases_work() -> None:
    old = [
        {"name": "ManualScaler", "properties": {"replicaCount": 3}},
        {"name": "Ingress", "properties": {"hostname": "shop.example.com", "service_port": 80}},
    ]
    plan = _render(old)
    assert not plan.problems
    (deployment,) = (manifest for manifest in plan.manifests if manifest.ref.kind.kind == "Deployment")
    assert deployment.body["spec"]["replicas"] == 3


def test_two_scalers_on_one_instance_are_refused() -> None:
    plan = _render([TRAITS[0], {"name": "manual-scaler", "properties": {"replicaCount": 3}}])
    assert plan.problems
    assert not plan.manifests
