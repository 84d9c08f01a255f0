"""The schema for editors accepts valid documents, and rejects errors at their paths."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import jsonschema
import pytest
from click.testing import Result

from rudr_py import catalog
from rudr_py.api import Trait
from rudr_py.catalog import Catalog, Offer
from rudr_py.cli.commands.schema import editor_schema, json_schema
from rudr_py.cli.types import facts
from rudr_py.model.parse import yaml_file
from rudr_py.plugins.loading import LoadedPlugins
from tests.cli.schemas import SCHEMAS, VALUES

Invoke = Callable[..., Result]

ROOT = Path(__file__).parents[4]
FOLDERS = (ROOT / "examples", ROOT / "plugins")
EXAMPLES = sorted(
    path
    for folder in FOLDERS
    for path in folder.rglob("*.yaml")
    if "apiVersion: core.oam.dev" in path.read_text() and "{{" not in path.read_text()
)
RUDR = ROOT / ".." / "shared" / "rudr-examples"
VARIABLE = "[fromVariable(x)]"


@pytest.fixture(name="check", scope="module")
def _check(everything: Catalog) -> Callable[[Any], list[str]]:
    """The paths of a document that the schema rejects."""
    schema = editor_schema.schema(everything)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    return lambda document: sorted({error.json_path for error in validator.iter_errors(document)})


def application(**spec: Any) -> dict[str, Any]:
    return oam("ApplicationConfiguration", spec)


def oam(kind: str, spec: Any, **more: Any) -> dict[str, Any]:
    return {"apiVersion": "core.oam.dev/v1alpha1", "kind": kind, "metadata": {"name": "a"}, "spec": spec, **more}


def trait(name: str, **more: Any) -> dict[str, Any]:
    return application(components=[{"componentName": "a", "instanceName": "a", "traits": [{"name": name, **more}]}])


def scope(kind: str, properties: Any) -> dict[str, Any]:
    return application(scopes=[{"name": "a", "type": f"core.oam.dev/v1alpha1.{kind}", "properties": properties}])


def component(workload: str = "core.oam.dev/v1alpha1.Server", **container: Any) -> dict[str, Any]:
    complete = {"name": "a", "image": "a:1", **container}
    return oam("ComponentSchematic", {"workloadType": workload, "containers": [complete]})


def function(*settings: dict[str, Any], workload: str = "openfaas.com/v1alpha2.Function") -> dict[str, Any]:
    return oam("ComponentSchematic", {"workloadType": workload, "workloadSettings": list(settings)})


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_examples_of_the_project_are_valid(check: Callable[[Any], list[str]], path: Path) -> None:
    for document in yaml_file.load(path.read_bytes(), path.name):
        assert check(document.value) == []


@pytest.mark.parametrize("path", sorted(RUDR.rglob("*.yaml")), ids=lambda path: str(path.relative_to(RUDR)))
def test_the_examples_of_rudr_are_valid_except_for_unknown_keys(check: Callable[[Any], list[str]], path: Path) -> None:
    for document in yaml_file.load(path.read_bytes(), path.name):
        assert all(place.endswith(".traits[0]") for place in check(document.value))


def test_the_example_of_every_type_is_valid(check: Callable[[Any], list[str]], everything: Catalog) -> None:
    for offer in everything.offers():
        example = facts.explain(offer, everything).example
        assert example is not None
        if "traits" in example:
            assert check(trait(**example["traits"][0])) == []
        elif "scopes" in example:
            assert check(application(**example)) == []
        else:
            container = {"name": "a", "image": "a:1"}
            assert check(oam("ComponentSchematic", {"containers": [container], **example})) == []


@pytest.mark.parametrize(
    "document",
    [
        trait("ingress", properties={"hostname": "a.b", "servicePort": VARIABLE, "pathType": VARIABLE}),
        trait("ingress", properties={"rules": [{"paths": [{"servicePort": VARIABLE}]}]}),
        trait("ingress", properties={"service_port": 80, "hostname": "a"}),
        trait("manual-scaler", properties={"replicaCount": VARIABLE}),
        trait("manual-scaler", properties={"replica_count": 2}),
        trait("manual-scaler", parameterValues=[{"name": "replicaCount", "value": 2}]),
        trait("ManualScaler", properties={"replicaCount": 2}),
        trait("auto-scaler"),
        trait("auto-scaler", properties=None),
        trait("auto-scaler", properties={"cpu": None, "minReplicas": 1}),
        trait("cron-hpa", properties={"jobs": [{"name": "a", "schedule": "@daily", "targetSize": VARIABLE}]}),
        trait("service-monitor", properties={"interval": VARIABLE, "labels": {"a": VARIABLE}}),
        scope("Health", {"probe-method": "kube-get", "probe-endpoint": ".status", "probe-timeout": VARIABLE}),
        scope("HealthScope", [{"name": "probe-method", "value": "tcp"}, {"name": "probeEndpoint", "value": ":80"}]),
        application(components=None, scopes=None, variables=[{"name": "x", "value": 3}]),
        application(
            components=[
                {
                    "componentName": "a",
                    "instanceName": "a",
                    "parameterValues": [{"name": "a", "value": {"b": [1]}}],
                    "applicationScopes": ["a"],
                }
            ]
        ),
        component(env=[{"name": "A", "fromParam": "a"}], config=[{"path": "/a", "fromParam": "a"}]),
        component(resources={"cpu": {"required": 0.5}, "memory": {"required": "64Mi"}}),
        component("example.org/v1.Other"),
        function({"name": "image", "value": "a:1"}, {"name": "requests", "value": {"cpu": "100m"}}),
        function({"name": "readOnlyRootFilesystem", "fromParam": "closed"}),
        oam("ComponentInstance", {"traits": []}, status="healthy"),
        oam("Trait", {"appliesTo": ["*"], "properties": "{}"}, status={}),
        oam("WorkloadType", {"group": "g", "version": "v1", "names": {"kind": "K", "singular": "k", "plural": "ks"}}),
        oam("ApplicationScope", {"type": "a", "parameters": [{"name": "p", "type": "double", "required": "Y"}]}),
        oam("HealthScope", {"probeMethod": "tcp", "probeEndpoint": ":80"}),
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": "b"}},
        {"apiVersion": "example.org/v1", "kind": "Trait", "anything": 1},
    ],
)
def test_a_valid_document_is_accepted(check: Callable[[Any], list[str]], document: dict[str, Any]) -> None:
    assert check(document) == []


BINDING = "$.spec.components[0]"
TRAIT = f"{BINDING}.traits[0]"


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({**application(), "kind": "ApplicationConfig"}, "$.kind"),
        ({**application(), "apiVersion": "core.oam.dev/v1alpha2"}, "$.apiVersion"),
        ({**application(), "apiVersion": "core.oam.de/v1alpha1"}, "$.apiVersion"),
        ({"kind": "ApplicationConfiguration"}, "$"),
        ({**application(), "sepc": {}}, "$"),
        ({**application(), "metadata": {}}, "$.metadata"),
        (application(component=[]), "$.spec"),
        (application(components=[{"componentName": "a"}]), BINDING),
        (application(components=[{"componentName": "a", "instanceName": "A_b"}]), f"{BINDING}.instanceName"),
        (application(variables=[{"name": "a", "value": {}}]), "$.spec.variables[0].value"),
        (trait("ingres"), f"{TRAIT}.name"),
        (trait("ingress", property={}), TRAIT),
        (trait("ingress", properties={"hots": "a"}), f"{TRAIT}.properties"),
        (trait("ingress", properties={"pathType": "prefix"}), f"{TRAIT}.properties.pathType"),
        (trait("ingress", properties={"servicePort": 0}), f"{TRAIT}.properties.servicePort"),
        (trait("ingress", properties={"servicePort": "80"}), f"{TRAIT}.properties.servicePort"),
        (trait("ingress", properties={"service_port": "80"}), f"{TRAIT}.properties.service_port"),
        (trait("ingress", properties={"rules": [{"paths": []}]}), f"{TRAIT}.properties.rules[0].paths"),
        (trait("manual-scaler"), TRAIT),
        (trait("manual-scaler", properties={}), f"{TRAIT}.properties"),
        (trait("cron-hpa", properties={"jobs": [{"name": "a"}]}), f"{TRAIT}.properties.jobs[0]"),
        (scope("Helth", {}), "$.spec.scopes[0].type"),
        (scope("Health", {"probe-method": "udp", "probe-endpoint": "a"}), "$.spec.scopes[0].properties"),
        (scope("Health", [{"name": "probe-timout", "value": 3}]), "$.spec.scopes[0].properties[0].name"),
        (scope("Health", [{"name": "probe-timeout", "value": "a"}]), "$.spec.scopes[0].properties[0].value"),
        (component("core.oam.dev/v1alpha1.Servr"), "$.spec.workloadType"),
        (oam("ComponentSchematic", {"workloadType": "core.oam.dev/v1alpha1.Server"}), "$.spec"),
        (component("core.oam.dev/v1alpha1.Worker", ports=[{"name": "a", "containerPort": 1}]), "$.spec.containers[0]"),
        (component(ports=[{"name": "a", "containerPort": 70000}]), "$.spec.containers[0].ports[0].containerPort"),
        (component(config=[{"path": "/a"}]), "$.spec.containers[0].config[0]"),
        (component(livenessProbe={"httpGet": {"port": 1}, "tcpSocket": {"port": 1}}), "$.spec.containers[0].liveness"),
        (component(imag="a"), "$.spec.containers[0]"),
        (function({"name": "imgae", "value": "a"}), "$.spec.workloadSettings[0].name"),
        (function({"name": "readOnlyRootFilesystem", "value": "yes"}), "$.spec.workloadSettings[0].value"),
        (function(workload="monitoring.coreos.com/v1.Prometheus"), "$.spec.workloadSettings"),
        (oam("ComponentSchematic", {"workloadType": "monitoring.coreos.com/v1.Prometheus"}), "$.spec"),
        (trait(""), f"{TRAIT}.name"),
    ],
)
def test_an_error_is_reported_at_its_path(
    check: Callable[[Any], list[str]], document: dict[str, Any], place: str
) -> None:
    places = check(document)
    assert places
    assert all(one.startswith(place) for one in places)


@hypothesis.given(SCHEMAS, VALUES)
@hypothesis.example({"anyOf": [{"type": "null"}, {"type": "null"}]}, None)
@hypothesis.example({"anyOf": [{"type": "string", "const": "a"}, {"type": "null"}]}, None)
@hypothesis.example({"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]}, None)
@hypothesis.example({"minimum": 3, "anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}, 2)
def test_the_converted_schema_accepts_the_same_values(schema: dict[str, Any], value: Any) -> None:
    turned = {**json_schema.of_type(schema), "definitions": {"variable": json_schema.VARIABLE}}
    jsonschema.Draft7Validator.check_schema(turned)
    taken = jsonschema.Draft202012Validator(schema).is_valid(value)
    assert jsonschema.Draft7Validator(turned).is_valid(value) == taken


@hypothesis.given(SCHEMAS)
def test_the_converted_schema_accepts_variables_for_scalars(schema: dict[str, Any]) -> None:
    inside = {"type": "object", "properties": {"it": schema}}
    turned = {**json_schema.of_type(inside), "definitions": {"variable": json_schema.VARIABLE}}
    scalar = not {"object", "array", "null"} & _kinds(schema)
    assert not scalar or jsonschema.Draft7Validator(turned).is_valid({"it": VARIABLE})


def _kinds(schema: dict[str, Any]) -> set[Any]:
    return {schema.get("type")}.union(*map(_kinds, schema.get("anyOf", ())))


def test_keywords_of_later_drafts_are_converted_to_draft_07() -> None:
    later = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Properties",
        "type": "object",
        "properties": {
            "pair": {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "items": False},
            "either": {"anyOf": [{"enum": ["a", "b"]}, {"type": "null"}], "default": None},
            "on": {"type": "boolean"},
        },
        "dependentRequired": {"on": ["pair"]},
        "unevaluatedProperties": False,
    }
    converted = json_schema.of_type(later)
    jsonschema.Draft7Validator.check_schema(converted)
    validator = jsonschema.Draft7Validator({**converted, "definitions": {"variable": json_schema.VARIABLE}})
    assert validator.is_valid({"pair": [1, "a"], "either": None, "on": True})
    assert validator.is_valid({"pair": [VARIABLE, "a"], "either": VARIABLE, "on": VARIABLE})
    for wrong in ({"on": True}, {"pair": [1, "a", 2]}, {"pair": ["a", "a"]}, {"either": "c"}, {"on": "yes"}):
        assert not validator.is_valid(wrong)
    assert "$schema" not in converted


def test_names_are_escaped_in_patterns() -> None:
    class Odd(Trait[Any]):
        """A trait with special characters in its name."""

        name = "a.b+c"
        aliases = ("x^]",)
        properties = {"type": "object", "additionalProperties": False}  # noqa: RUF012 - a declaration is never changed

    offer: Offer[Trait[Any]] = catalog.offer(Odd(), package="odd 1")
    schema = editor_schema.schema(Catalog(traits={"a.b+c": offer}))
    validator = jsonschema.Draft7Validator(schema)
    assert validator.is_valid(trait("a.b+c"))
    assert validator.is_valid(trait("x^]"))
    assert not validator.is_valid(trait("aXb+c"))
    assert not validator.is_valid(scope("Health", {}))
    assert not validator.is_valid(trait("x^]", properties={"a": 1}))


def test_the_command_prints_the_schema(invoke: Invoke, everything: Catalog) -> None:
    printed = invoke("schema", obj=LoadedPlugins(catalog=everything))
    assert json.loads(printed.stdout) == json.loads(json.dumps(editor_schema.schema(everything)))
