"""Objects that Kubernetes would reject are problems of the document, at the binding that adds them, all at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.api import Kind, Manifest, Rendered, Scope, ScopeContext, SetField, Trait, TraitContext
from rudr_py.catalog import Catalog
from rudr_py.render import render
from rudr_py.render.limits import check, syntax
from rudr_py.render.values.inputs import Inputs

CONFIG_MAP = Kind("v1", "ConfigMap")
SERVICE = Kind("v1", "Service")

COMPONENTS = """
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: leader}
spec:
  workloadType: core.oam.dev/v1alpha1.SingletonWorker
  containers: [{name: main, image: "registry.example/leader:1"}]
---
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: web}
spec:
  workloadType: core.oam.dev/v1alpha1.Server
  containers: [{name: main, image: "registry.example/web:1", ports: [{name: http, containerPort: 80}]}]
"""


class TwoVersions(Trait[dict[str, Any]]):
    """Adds an autoscaler in another version than the standard trait."""

    name = "two-versions"
    produces = (Kind("autoscaling/v1", "HorizontalPodAutoscaler"),)

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
        return Rendered(add=(Manifest(kind=self.produces[0], name=ctx.name("trait-autoscaler"), body={"spec": {}}),))


class LongLabel(Trait[dict[str, Any]]):
    """Sets a label of the instance's Service to a value of 64 characters."""

    name = "long-label"
    requires = frozenset({"service"})

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
        service = next(manifest.ref for manifest in ctx.manifests if manifest.kind == SERVICE)
        return Rendered(edit=(SetField(service, ("metadata", "labels", "team"), "x" * 64),))


class Large(Scope[dict[str, Any]]):
    """Adds a ConfigMap of more than 1 MiB."""

    name = "acme.dev/v1.Large"
    produces = (CONFIG_MAP,)

    def render(self, ctx: ScopeContext[dict[str, Any]]) -> Rendered:
        body = {"data": {"a": "x" * (2**20 + 1)}}
        return Rendered(add=(Manifest(kind=CONFIG_MAP, name=ctx.name("large"), body=body),))


@pytest.fixture(name="problems")
def _problems(
    inputs: Callable[..., Inputs], application: Callable[..., str], catalog: Catalog
) -> Callable[..., list[tuple[str, str]]]:
    """The paths and messages of the problems of these bindings."""

    def problems(*bindings: dict[str, Any], types: Catalog = catalog, **spec: Any) -> list[tuple[str, str]]:
        document = application(*bindings, components=COMPONENTS, **spec)
        return [(problem.path, problem.message) for problem in render.render(inputs(document), types).problems]

    return problems


def instance(name: str, *traits: dict[str, Any], component: str = "leader") -> dict[str, Any]:
    return {"componentName": component, "instanceName": name, "traits": list(traits)}


def test_a_singleton_may_have_a_name_of_52_characters(problems: Callable[..., list[tuple[str, str]]]) -> None:
    assert problems(instance("a" * 52)) == []


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("a" * 53, "has 53 characters; at most 52 are allowed in the name of a StatefulSet"),
        ("a" * 63, "has 63 characters; at most 52 are allowed in the name of a StatefulSet"),
        ("a.b", "is not valid; use lower-case letters and digits, with - between them, without a dot"),
    ],
    ids=["53", "63", "dot"],
)
def test_a_singleton_with_a_name_that_its_pods_cannot_have_is_rejected(
    problems: Callable[..., list[tuple[str, str]]], name: str, rule: str
) -> None:
    ((path, message),) = problems(instance(name))
    assert path == "$.spec.components[0].instanceName"
    assert message.startswith(f'statefulset.apps/{name}: metadata.name "{name}" {rule}')
    assert message.endswith("; choose another instanceName")


def test_the_reported_length_of_a_name_is_more_than_the_limit() -> None:
    assert syntax.label("é" * 40).startswith("is not valid")
    assert syntax.label("é" * 64).startswith("has 64 characters; at most 63")


def test_a_server_may_have_a_name_of_63_characters(problems: Callable[..., list[tuple[str, str]]]) -> None:
    assert problems(instance("a" * 63, component="web")) == []


def test_the_problems_of_all_instances_and_traits_are_reported_at_once(
    problems: Callable[..., list[tuple[str, str]]],
) -> None:
    properties = {"hostname": "a.example", "path": "/a//b", "tlsSecretName": "A_b", "annotations": {"a b": "x"}}
    ingress = {"name": "ingress", "properties": properties}
    reported = problems(instance("a" * 53), instance("web", ingress, component="web"), instance("b.c"))
    trait = "$.spec.components[1].traits[0]"
    assert [path for path, _ in reported] == [
        "$.spec.components[0].instanceName",
        *[trait] * 3,
        "$.spec.components[2].instanceName",
    ]
    fields = [message.split(": ")[1].split(" ")[0] for path, message in reported if path == trait]
    assert fields == ["metadata.annotations", "spec.rules[0].http.paths[0].path", "spec.tls[0].secretName"]


def test_the_limits_are_checked_beside_other_problems_of_an_instance(
    problems: Callable[..., list[tuple[str, str]]],
) -> None:
    paths = [path for path, _ in problems(instance("a" * 53, {"name": "manual-scaler", "properties": {}}))]
    assert "$.spec.components[0].instanceName" in paths
    assert len(paths) > 1


def test_an_edited_object_is_checked_in_its_final_form(
    problems: Callable[..., list[tuple[str, str]]], with_types: Callable[..., Catalog]
) -> None:
    bindings = instance("web", {"name": "long-label"}, component="web")
    ((path, message),) = problems(bindings, types=with_types(LongLabel()))
    assert path == "$.spec.components[0]"
    assert message.startswith("service/web: metadata.labels[team]")


def test_an_object_of_a_scope_is_checked(
    problems: Callable[..., list[tuple[str, str]]], with_types: Callable[..., Catalog]
) -> None:
    scopes = [{"name": "all", "type": "acme.dev/v1.Large", "properties": {}}]
    ((path, message),) = problems(instance("leader"), types=with_types(Large()), scopes=scopes)
    assert path == "$.spec.scopes[0]"
    assert "data has 1048577 bytes" in message


def test_one_object_in_two_versions_of_its_api_is_rejected(
    problems: Callable[..., list[tuple[str, str]]], with_types: Callable[..., Catalog]
) -> None:
    scaler = {"name": "auto-scaler", "properties": {"minimum": 1, "maximum": 2}}
    bindings = instance("web", scaler, {"name": "two-versions"}, component="web")
    ((path, message),) = problems(bindings, types=with_types(TwoVersions()))
    assert path == "$.spec.components[0]"
    assert "which this instance already has" in message


@pytest.mark.parametrize("protocol", ["TCP", "UDP"])
def test_a_port_is_used_once_in_a_service_and_in_a_container(protocol: str) -> None:
    """Each with its protocol, as server-side apply identifies ports."""
    names = [{"name": "a"}, {"name": "b", "protocol": protocol}]
    service = {"ports": [{**name, "port": 80} for name in names]}
    containers = [{"name": "web", "ports": [{**name, "containerPort": 80} for name in names]}]
    metadata = {"name": "web"}
    bodies: list[dict[str, Any]] = [
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": service},
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": containers}},
    ]
    fields = [[violation.field for violation in check.violations(body)] for body in bodies]
    expected = [["spec.ports[1]"], ["spec.containers[0].ports[1]"]]
    assert fields == (expected if protocol == "TCP" else [[], []])
