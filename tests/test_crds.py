"""The CRDs are generated from the model, structural, and accept every document that Rudr accepted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rudr_py.model.crd_schemas import crds
from rudr_py.model.crd_schemas.nodes import PRESERVE
from rudr_py.model.parse import yaml_file
from tests import other_projects
from tests.conformance import kubernetes_schemas
from tests.other_projects import OtherKind

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / ".." / "shared" / "rudr-examples"
DOCUMENTS = {document["spec"]["names"]["kind"]: document for document in crds.documents()}


def schema_of(kind: str) -> dict[str, Any]:
    schema: dict[str, Any] = DOCUMENTS[kind]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


def refusals(document: dict[str, Any]) -> list[str]:
    validator = kubernetes_schemas.own(document["kind"])
    body = {**document, "metadata": {}}
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]


def oam(kind: str, spec: Any, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "core.oam.dev/v1alpha1", "kind": kind, "metadata": {"name": "a"}, "spec": spec, **more}


def nodes(schema: dict[str, Any], path: str = "$") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, node in schema.get("properties", {}).items():
        yield from nodes(node, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from nodes(schema[key], f"{path}[]")


def test_the_crd_files_are_current(tmp_path: Path) -> None:
    assert crds.main([str(tmp_path)]) == 0
    printed = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    kept = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "crds").iterdir()}
    assert kept == printed, "run: python -m rudr_py.model.crd_schemas.crds crds"


def test_a_file_parses_to_the_definition() -> None:
    for document in crds.documents():
        text = crds.to_yaml(document)
        assert yaml.safe_load(text) == document
        assert "&" not in text


def test_the_generator_requires_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert crds.main([]) == 2
    assert "DIR" in capsys.readouterr().err


RUDR_NAMES = {
    "applicationconfigurations.core.oam.dev": ("applicationconfiguration", {"cfg", "configuration", "configurations"}),
    "componentschematics.core.oam.dev": ("componentschematic", {"comp", "component", "components"}),
    "componentinstances.core.oam.dev": ("componentinstance", {"compinst"}),
    "healthscopes.core.oam.dev": ("healthscope", {"health"}),
    "applicationscopes.core.oam.dev": ("applicationscope", {"scope"}),
    "traits.core.oam.dev": ("trait", {"trait"}),
    "workloadtypes.core.oam.dev": ("workloadtype", {"workloadtype"}),
}


def names_of(*, legacy: bool) -> dict[str, tuple[str, set[str]]]:
    """Singular and short names by the name of the CRD."""
    documents = crds.documents(legacy_short_names=legacy)
    specs = {document["metadata"]["name"]: document["spec"]["names"] for document in documents}
    return {name: (names["singular"], set(names.get("shortNames", ()))) for name, names in specs.items()}


def test_on_request_the_names_include_those_of_rudr() -> None:
    names = names_of(legacy=True)
    assert {name: singular for name, (singular, _) in names.items()} == {n: s for n, (s, _) in RUDR_NAMES.items()}
    assert all(short <= names[name][1] for name, (_, short) in RUDR_NAMES.items())


def test_short_names_that_exist_by_default_exist_on_request_too() -> None:
    default, legacy = names_of(legacy=False), names_of(legacy=True)
    assert set(default) == set(legacy)
    for name, (singular, short) in default.items():
        assert {singular, *short} <= {legacy[name][0], *legacy[name][1]}


@pytest.mark.parametrize("kind", [kind for kind in other_projects.kinds() if kind.project == "KubeVela"], ids=str)
def test_no_default_name_is_one_of_kubevela(kind: OtherKind) -> None:
    assert not default_names() & kind.names


@pytest.mark.parametrize("project", sorted({kind.project for kind in other_projects.kinds()}))
def test_each_definition_has_a_name_and_a_short_name_that_no_other_project_has(project: str) -> None:
    foreign = {name for kind in other_projects.of_project(project) for name in kind.names}
    for name, (singular, short) in names_of(legacy=False).items():
        assert name.partition(".")[0] not in foreign
        assert {singular, *short} - foreign


def default_names() -> set[str]:
    """The plurals, singulars and short names by default."""
    names = names_of(legacy=False)
    plurals = {name.partition(".")[0] for name in names}
    return plurals | {name for singular, short in names.values() for name in (singular, *short)}


def test_names_of_two_definitions_differ() -> None:
    for legacy in (False, True):
        names = [name for singular, short in names_of(legacy=legacy).values() for name in {singular, *short}]
        assert len(names) == len(set(names))


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_definition_has_status_columns_and_a_category(kind: str) -> None:
    document = DOCUMENTS[kind]
    (version,) = document["spec"]["versions"]
    assert document["apiVersion"] == "apiextensions.k8s.io/v1"
    assert document["metadata"]["labels"] == {"app.kubernetes.io/part-of": "core.oam.dev"}
    assert (document["spec"]["group"], document["spec"]["scope"]) == ("core.oam.dev", "Namespaced")
    assert document["spec"]["names"]["categories"] == ["oam"]
    assert (version["name"], version["served"], version["storage"]) == ("v1alpha1", True, True)
    assert version["subresources"] == {"status": {}}
    assert version["additionalPrinterColumns"][-1] == {
        "name": "Age",
        "type": "date",
        "jsonPath": ".metadata.creationTimestamp",
    }


def test_an_application_shows_phase_ready_and_reason() -> None:
    columns = DOCUMENTS["ApplicationConfiguration"]["spec"]["versions"][0]["additionalPrinterColumns"]
    narrow = [(column["name"], column["jsonPath"]) for column in columns if not column.get("priority")]
    assert narrow[:3] == [
        ("Phase", ".status.phase"),
        ("Ready", '.status.conditions[?(@.type=="Ready")].status'),
        ("Reason", '.status.conditions[?(@.type=="Ready")].reason'),
    ]


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_a_schema_is_structural_and_explained(kind: str) -> None:
    for path, node in nodes(schema_of(kind)):
        assert "type" in node or node.get(PRESERVE) is True, path
        assert "$ref" not in node, path
        assert node.get("properties") != {}, (
            f"{path}: servers drop it, so that the live object differs from the applied one"
        )
        assert "default" not in node, f"{path}: a default would be drift for GitOps tools"
        assert not ("properties" in node and "additionalProperties" in node), path
        assert ("items" in node) == (node.get("type") == "array") or "type" not in node, path
        assert set(node.get("required", ())) <= set(node.get("properties", ())), path
        if path.count(".") and not path.endswith("[]") and path != "$.metadata":
            assert node["description"].endswith("."), path


def test_rules_between_fields_name_the_rule_of_the_specification() -> None:
    rules = {
        path: [rule["message"].rpartition("[")[2].rstrip("]") for rule in node["x-kubernetes-validations"]]
        for path, node in nodes(schema_of("ComponentSchematic"))
        if "x-kubernetes-validations" in node
    }
    container = "$.spec.containers[]"
    assert rules == {
        "$.spec": ["CO-1", "CO-10"],
        f"{container}.config[]": ["EN-6", "EN-3"],
        f"{container}.ports[]": ["PO-1"],
        f"{container}.livenessProbe": ["HP-1"],
        f"{container}.readinessProbe": ["HP-1"],
    }


def test_an_empty_field_is_stored_as_it_was_applied() -> None:
    spec = schema_of("ApplicationConfiguration")["properties"]["spec"]
    trait = spec["properties"]["components"]["items"]["properties"]["traits"]["items"]
    assert trait["properties"]["properties"]["nullable"] is True
    assert "nullable" not in trait["properties"]["name"]


def test_conditions_are_a_map_by_type() -> None:
    conditions = schema_of("ApplicationConfiguration")["properties"]["status"]["properties"]["conditions"]
    assert conditions["x-kubernetes-list-type"] == "map"
    assert conditions["x-kubernetes-list-map-keys"] == ["type"]


@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.yaml")), ids=lambda path: str(path.relative_to(EXAMPLES)))
def test_examples_of_rudr_pass_strict_validation(path: Path) -> None:
    for document in yaml_file.load(path.read_bytes(), path.name):
        assert refusals(document.value) == []


def traits(*bindings: dict[str, Any]) -> dict[str, Any]:
    component = {"componentName": "web", "instanceName": "front", "traits": list(bindings)}
    return oam("ApplicationConfiguration", {"components": [component]})


def containers(**fields: Any) -> dict[str, Any]:
    container = {"name": "main", "image": "nginx:1", **fields}
    return oam("ComponentSchematic", {"workloadType": "core.oam.dev/v1alpha1.Server", "containers": [container]})


SCOPE = {"name": "h", "type": "core.oam.dev/v1alpha1.HealthScope"}


@pytest.mark.parametrize(
    "document",
    [
        traits({"name": "manual-scaler", "properties": {"replicaCount": 3}}),
        traits({"name": "manual-scaler", "parameterValues": [{"name": "replicaCount", "value": 3}]}),
        traits({"name": "ingress", "parameterValues": {"hostname": "a", "path": "/"}}),
        traits({"name": "ingress", "properties": None, "hostname": "a"}),
        traits({"name": "ingress", "properties": {"service_port": 80, "tls_hosts": "a"}}),
        containers(resources={"cpu": {"required": "0.1"}, "memory": {"required": "128"}}),
        containers(resources={"cpu": {"required": 0.5}, "memory": {"required": "100MB"}}),
        containers(resources={"cpu": {"required": 1}, "memory": {"required": 64}}),
        containers(resources={"volumes": [{"name": "v", "mountPath": "/v", "disk": {"required": "5M"}}]}),
        containers(
            resources={"volumes": [{"name": "v", "mountPath": "/v", "disk": {"required": "5M", "ephemeral": "n"}}]}
        ),
        containers(env=None, config=None, cmd=None, args=None, livenessProbe=None, imagePullSecret=None),
        containers(whatever={"x": 1}, ports=[{"name": "a", "containerPort": 1, "hostPort": 2}]),
        oam("ComponentSchematic", {"workloadType": "core.oam.dev/v1alpha1.Task", "os": "linux", "containers": []}),
        oam(
            "ApplicationConfiguration", {"scopes": [{**SCOPE, "properties": [{"name": "probe-timeout", "value": 30}]}]}
        ),
        oam("ApplicationConfiguration", {"scopes": [{**SCOPE, "properties": {"healthThresholdPercentage": 1.5}}]}),
        oam("ApplicationConfiguration", {"variables": None, "scopes": None, "components": None}),
        oam("ApplicationConfiguration", {"variables": [{"name": "a", "value": 1}, {"name": "b", "value": "x"}]}),
        oam("ApplicationScope", {"type": "a", "parameters": [{"name": "p", "type": "string", "required": "Y"}]}),
        oam("ApplicationScope", {"type": "a", "parameters": [{"name": "p", "type": "double", "required": True}]}),
        oam("Trait", {"appliesTo": ["*"], "properties": "{}"}),
        oam("Trait", {"appliesTo": ["*"], "properties": {"type": "object"}}),
        oam("Trait", {}),
        oam("WorkloadType", {"group": "g", "version": "v1", "names": {"kind": "K", "singular": "k", "plural": "ks"}}),
        oam("ComponentInstance", {"traits": []}, status="healthy"),
        oam("ComponentInstance", {"traits": None}),
        oam("HealthScope", {"probeMethod": "kube-get", "probeEndpoint": ".status", "failureRateThreshold": 0}),
    ],
)
def test_every_supported_shape_passes_strict_validation(document: dict[str, Any]) -> None:
    assert refusals(document) == []


@pytest.mark.parametrize(
    "document",
    [
        oam("ComponentSchematic", {"containers": []}),
        containers(name=None),
        containers(ports=[{"name": "a", "containerPort": 70000}]),
        containers(ports=[{"name": "a", "containerPort": 80, "protocol": "HTTP"}]),
        containers(env=[{"name": "A", "value": 1}]),
        traits({"properties": {}}),
        oam("HealthScope", {"probeMethod": "kube-get"}),
    ],
)
def test_documents_that_rudr_could_not_read_are_refused_by_the_server(document: dict[str, Any]) -> None:
    assert refusals(document) != []


def test_the_status_written_by_the_controller_passes_validation() -> None:
    status = {
        "phase": "synced",
        "components": {"web": {"deployment/front": "running"}},
        "observedGeneration": 3,
        "conditions": [
            {
                "type": "Ready",
                "status": "True",
                "reason": "Ready",
                "message": "",
                "observedGeneration": 3,
                "lastTransitionTime": "2026-01-01T00:00:00Z",
            }
        ],
        "instances": [
            {
                "name": "front",
                "component": "web",
                "workload": "core.oam.dev/v1alpha1.Server",
                "state": "ready",
                "reason": "Available",
                "show": {"replicas": 1},
                "traits": [{"name": "ingress", "state": "ready", "reason": "There", "show": {"host": "a"}}],
                "anything": {"later": 1},
            }
        ],
        "warnings": ["$.spec: a warning"],
        "resources": [{"apiVersion": "apps/v1", "kind": "Deployment", "name": "front", "uid": "u", "digest": "d"}],
    }
    assert refusals(oam("ApplicationConfiguration", {"components": []}, status=status)) == []


def test_the_status_of_a_health_scope_is_that_of_rudr() -> None:
    members = [{"name": "web-front", "instanceName": "front", "status": "healthy"}]
    status = {"components": members, "lastAggregateTimestamp": "2026-01-01T00:00:00Z"}
    spec = {"probeMethod": "kube-get", "probeEndpoint": ".status"}
    assert refusals(oam("HealthScope", spec, status=status)) == []
