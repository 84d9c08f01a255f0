"""Traits of the specification (§5), from document to objects or problems."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rudr_py.api import Trait
from rudr_py.render.values.plan import Plan
from tests.conformance import oam

TRAIT = "$.spec.components[0].traits"
SERVER = oam.component("Server", oam.WEB)
STORAGE = oam.component(
    "Server",
    oam.WEB + "  resources: {volumes: [{name: data, mountPath: /data, sharingPolicy: Shared, disk: {required: 1G}}]}\n",
)

SCALER = "{name: manual-scaler, properties: {replicaCount: 3}}"
AUTO = "{name: auto-scaler, properties: {minimum: 2, cpu: 70}}"
INGRESS = "{name: ingress, properties: {hostname: shop.example.com}}"
VOLUME = '{name: volume-mounter, properties: {volumeName: data, storageClass: ""}}'
EMPTY = "{name: empty}"


def plan(*traits: str, component: str = SERVER) -> Plan:
    return oam.plan(component, oam.instance(traits="\n".join(f"- {trait}" for trait in traits)))


def spec(kind: str, plan: Plan, name: str = "front") -> dict[str, Any]:
    inner: dict[str, Any] = oam.objects(plan)[f"{kind}/{name}"]["spec"]
    return inner


@pytest.mark.parametrize(
    ("workload", "field"), [("Server", "replicas"), ("Worker", "replicas"), ("Task", "parallelism")]
)
@pytest.mark.parametrize("count", [0, 3])
def test_the_manual_scaler_sets_the_size_of_servers_workers_and_tasks(workload: str, field: str, count: int) -> None:
    text = oam.component(workload, oam.WEB if workload == "Server" else oam.MAIN)
    rendered = plan(f"{{name: manual-scaler, properties: {{replicaCount: {count}}}}}", component=text)
    assert spec("Job" if workload == "Task" else "Deployment", rendered).get(field) == count


def test_an_instance_has_any_number_of_traits() -> None:
    assert set(oam.objects(plan())) == {"ComponentInstance/web-front", "Deployment/front", "Service/front"}
    everything = oam.objects(plan(SCALER, INGRESS, VOLUME, EMPTY, component=STORAGE))
    assert {"Ingress/front-trait-ingress", "PersistentVolumeClaim/front-data"} <= set(everything)
    assert everything["Deployment/front"]["spec"]["replicas"] == 3


@pytest.mark.parametrize(
    ("traits", "names", "added"),
    [
        ((AUTO, INGRESS), ["auto-scaler", "ingress"], ["front-trait-autoscaler", "front-trait-ingress"]),
        ((INGRESS, AUTO), ["ingress", "auto-scaler"], ["front-trait-ingress", "front-trait-autoscaler"]),
    ],
)
def test_objects_of_traits_are_in_the_listed_order(traits: tuple[str, ...], names: list[str], added: list[str]) -> None:
    rendered = plan(*traits)
    assert [part.offer.name for part in rendered.instances[0].traits] == names
    assert [planned.ref.name for planned in rendered.manifests if "trait" in planned.ref.name] == added


def test_any_order_of_traits_gives_the_same_objects() -> None:
    first, second = oam.objects(plan(SCALER, INGRESS)), oam.objects(plan(INGRESS, SCALER))
    assert msgspec.json.encode(first, order="deterministic") == msgspec.json.encode(second, order="deterministic")


@pytest.mark.parametrize("traits", [(SCALER, AUTO), (AUTO, SCALER)])
def test_two_traits_that_scale_are_refused(traits: tuple[str, str]) -> None:
    rendered = plan(*traits)
    assert oam.refused(rendered) == [("TR-4", f"{TRAIT}[1]")]
    assert "manual-scaler" in rendered.problems[0].message
    assert "auto-scaler" in rendered.problems[0].message


@pytest.mark.parametrize("name", ["manual-scaler", "ManualScaler"])
def test_a_trait_cannot_be_attached_twice(name: str) -> None:
    rendered = plan(SCALER, SCALER.replace("manual-scaler", name))
    assert ("TR-5", f"{TRAIT}[1].name") in oam.refused(rendered)


@pytest.mark.parametrize(
    ("trait", "problem"),
    [
        ("{name: ingres}", ("TR-8", f"{TRAIT}[0].name")),
        (
            "{name: ingress, properties: {hostname: a.example.com, servicePort: 81}}",
            ("TR-8", f"{TRAIT}[0].properties.servicePort"),
        ),
        (
            '{name: volume-mounter, properties: {volumeName: data, storageClass: ""}}',
            ("TR-8", f"{TRAIT}[0].properties.volumeName"),
        ),
        ("{name: auto-scaler, properties: {minimum: 5, maximum: 2}}", ("TR-8", f"{TRAIT}[0].properties.maximum")),
    ],
)
def test_an_unsatisfiable_trait_is_refused(trait: str, problem: tuple[str, str]) -> None:
    assert oam.refused(plan(trait)) == [problem]


@pytest.mark.parametrize(
    ("workload", "trait"),
    [
        ("Worker", INGRESS),
        ("SingletonWorker", INGRESS),
        ("Task", INGRESS),
        ("SingletonTask", INGRESS),
        ("SingletonServer", SCALER),
        ("SingletonTask", SCALER),
        ("Task", AUTO),
    ],
)
def test_a_trait_is_refused_on_a_workload_that_it_does_not_apply_to(workload: str, trait: str) -> None:
    text = oam.component(workload, oam.WEB if "Server" in workload else oam.MAIN)
    assert {rule for rule, _ in oam.refused(plan(trait, component=text))} == {"TR-14"}


@pytest.mark.parametrize(
    ("trait", "place"),
    [
        ("{name: manual-scaler}", ""),
        ("{name: manual-scaler, properties: {replicaCount: many}}", ".replicaCount"),
        ("{name: manual-scaler, properties: {replicaCount: -1}}", ".replicaCount"),
        ("{name: manual-scaler, properties: {replicaCount: 1, replicas: 2}}", ".replicas"),
        ("{name: manual-scaler, properties: [{name: replicaCount, value: many}]}", "[0].value"),
        ("{name: ingress, properties: {hostname: a, servicePort: http}}", ".servicePort"),
    ],
)
def test_invalid_properties_are_refused_at_their_place(trait: str, place: str) -> None:
    assert oam.refused(plan(trait)) == [("TR-17", f"{TRAIT}[0].properties{place}")]


def test_every_installed_trait_can_be_used() -> None:
    bindings = {
        "manual-scaler": SCALER,
        "auto-scaler": AUTO,
        "ingress": INGRESS,
        "volume-mounter": VOLUME,
        "empty": EMPTY,
    }
    offered = {offer.name for offer in oam.catalog().offers() if isinstance(offer.type, Trait)}
    assert set(bindings) == offered
    kinds = {"auto-scaler": "HorizontalPodAutoscaler", "ingress": "Ingress", "volume-mounter": "PersistentVolumeClaim"}
    without = oam.objects(plan(component=STORAGE))
    for name, trait in bindings.items():
        objects = oam.objects(plan(trait, component=STORAGE))
        assert (objects == without) == (name == "empty")
        assert {key.partition("/")[0] for key in set(objects) - set(without)} == (
            {kinds[name]} if name in kinds else set()
        )


def test_the_auto_scaler_targets_the_deployment_and_is_refused_for_tasks() -> None:
    for workload, text in (("Server", SERVER), ("Worker", oam.component("Worker", oam.MAIN))):
        rendered = plan(AUTO, component=text)
        scaler = spec("HorizontalPodAutoscaler", rendered, "front-trait-autoscaler")
        assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "front"}, workload
        assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 12)
        assert "replicas" not in spec("Deployment", rendered)
    refused = plan(AUTO, component=oam.component("Task", oam.MAIN))
    assert {rule for rule, _ in oam.refused(refused)} == {"TR-14"}


def test_an_error_in_a_list_of_properties_is_reported_at_its_line() -> None:
    traits = "- name: manual-scaler\n  properties:\n  - name: replicaCount\n    value: many"
    (problem,) = oam.plan(oam.instance(traits=traits), SERVER).problems
    assert problem.location is not None
    line = oam.instance(traits=traits).splitlines()[problem.location.line - 1]
    assert line.strip() == "value: many"


@pytest.mark.parametrize("value", ["3", '"[fromVariable(size)]"'])
def test_a_simple_value_is_the_only_property_of_a_trait(value: str) -> None:
    text = oam.instance(traits=f"- {{name: manual-scaler, properties: {value}}}")
    rendered = oam.plan(SERVER, text.replace("components:", "variables: [{name: size, value: 3}]\n  components:"))
    assert spec("Deployment", rendered)["replicas"] == 3
    (warning,) = rendered.warnings
    assert warning.path == f"{TRAIT}[0].properties"
    assert 'write a map with "replicaCount"' in warning.message


@pytest.mark.parametrize("value", ["text", "5", "[1, 2]", "false"])
def test_a_simple_value_is_refused_by_a_trait_with_several_properties(value: str) -> None:
    rendered = plan(f"{{name: ingress, properties: {value}}}")
    assert oam.refused(rendered) == [("TR-19", f"{TRAIT}[0].properties")]
    assert "hostname" in rendered.problems[0].message


def test_a_simple_value_of_the_wrong_type_is_refused_at_its_place() -> None:
    assert oam.refused(plan("{name: manual-scaler, properties: many}")) == [("TR-17", f"{TRAIT}[0].properties")]
