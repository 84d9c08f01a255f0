"""What is found wrong before any type is called: every mistake, in which document, and where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from rudr_py.api import Rendered, WorkloadContext, WorkloadType
from rudr_py.catalog import Catalog
from rudr_py.render import prepare
from rudr_py.render.prepare import PrepareResult
from rudr_py.render.values.inputs import Inputs

Text = Callable[..., str]
Web = Callable[..., dict[str, Any]]
Read = Callable[..., Inputs]

AT = "$.spec.components[0]"


class Sized(WorkloadType[dict[str, Any]]):
    """A workload type with settings."""

    name = "acme.example/v1.Sized"
    properties: ClassVar[dict[str, Any]] = {
        "type": "object",
        "required": ["size"],
        "properties": {"size": {"type": "integer", "minimum": 1}, "note": {"type": "string"}},
        "additionalProperties": False,
    }

    def render(self, ctx: WorkloadContext[dict[str, Any]]) -> Rendered:
        del ctx
        return Rendered()


SIZED = """
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata:
  name: sized
spec:
  workloadType: acme.example/v1.Sized
  parameters:
  - {{name: size, type: number, default: 0}}
  containers:
  - {{name: main, image: x}}
  workloadSettings: {settings}
"""


def _places(result: PrepareResult) -> list[tuple[str, str, str]]:
    missing = (result.missing_problem,) if result.missing_problem else ()
    return [(problem.document, problem.path, problem.rule) for problem in (*missing, *result.problems)]


def test_a_valid_binding_is_prepared_with_resolved_values_and_without_warnings(
    inputs: Read, application: Text, web: Web, catalog: Catalog
) -> None:
    binding = web({"name": "manual-scaler", "properties": {"replicaCount": "[fromVariable(n)]"}})
    result = prepare.prepare(inputs(application(binding, variables=[{"name": "n", "value": 3}])), catalog, 0)
    assert (result.problems, result.warnings, result.missing_problem) == ((), (), None)
    assert result.instance is not None
    assert result.instance.parameters == {"greeting": "hello", "size": 1}
    assert result.instance.component.containers[0].env[0].value == "hello"
    assert result.instance.traits[0].properties == {"replicaCount": 3}
    assert result.instance.workload.name == "core.oam.dev/v1alpha1.Server"


def test_a_binding_is_checked_even_without_its_component(
    inputs: Read, application: Text, web: Web, catalog: Catalog
) -> None:
    binding = web(
        {"name": "ingres"},
        {"name": "manual-scaler", "properties": {"replicaCount": "three"}},
        componentName="webb",
        greeting="[fromVariable(nobody)]",
    )
    result = prepare.prepare(inputs(application(binding)), catalog, 0)
    assert result.instance is None
    assert result.missing_problem is not None
    assert '"webb" does not exist in this namespace. Did you mean "web"?' in result.missing_problem.message
    assert _places(result) == [
        ("", f"{AT}.componentName", ""),
        ("", f"{AT}.parameterValues[0].value", "AC-8"),
        ("", f"{AT}.traits[0].name", "TR-8"),
        ("", f"{AT}.traits[1].properties.replicaCount", "TR-17"),
    ]


def test_problems_of_the_component_name_its_document_and_hide_no_other_problem(
    inputs: Read, application: Text, catalog: Catalog
) -> None:
    broken = (
        SIZED.format(settings="[]").replace("image: x", "").replace("acme.example/v1.Sized", "acme.example/v1.Sizd")
    )
    binding = {
        "componentName": "sized",
        "instanceName": "a",
        "parameterValues": [{"name": "size", "value": "big"}],
        "traits": [{"name": "nothing-like-it"}],
    }
    result = prepare.prepare(inputs(application(binding, components=broken)), catalog, 0)
    assert _places(result) == [
        ("componentschematic/sized", "$.spec.containers[0]", "CN-2"),
        ("", f"{AT}.parameterValues[0].value", "PA-5"),
        ("componentschematic/sized", "$.spec.workloadType", "CO-13"),
        ("", f"{AT}.traits[0].name", "TR-8"),
    ]


def test_values_of_an_invalid_parameter_are_not_reported(inputs: Read, application: Text, catalog: Catalog) -> None:
    broken = SIZED.format(settings="[]").replace("type: number, default: 0", "type: nmber")
    binding = {"componentName": "sized", "instanceName": "a", "parameterValues": [{"name": "size", "value": 3}]}
    result = prepare.prepare(inputs(application(binding, components=broken)), catalog, 0)
    assert [(document, path) for document, path, _ in _places(result)] == [
        ("componentschematic/sized", "$.spec.parameters[0].type")
    ]


def test_a_problem_of_a_setting_has_the_path_of_its_value_or_parameter(
    inputs: Read, application: Text, with_types: Callable[..., Catalog]
) -> None:
    settings = (
        "[{name: note, type: number, value: 7}, {name: size, type: number, fromParam: size}, {name: sze, value: a}]"
    )
    binding = {"componentName": "sized", "instanceName": "a"}
    text = application(binding, components=SIZED.format(settings=settings))
    result = prepare.prepare(inputs(text), with_types(Sized()), 0)
    assert _places(result) == [
        ("componentschematic/sized", "$.spec.workloadSettings[2].value", "WS-3"),
        ("componentschematic/sized", "$.spec.workloadSettings[0].value", "WS-3"),
        ("componentschematic/sized", "$.spec.workloadSettings[1].fromParam", "WS-3"),
    ]


def test_a_missing_setting_is_reported_at_the_list_of_settings(
    inputs: Read, application: Text, with_types: Callable[..., Catalog]
) -> None:
    binding = {"componentName": "sized", "instanceName": "a"}
    text = application(binding, components=SIZED.format(settings="[]"))
    result = prepare.prepare(inputs(text), with_types(Sized()), 0)
    assert _places(result) == [("componentschematic/sized", "$.spec.workloadSettings", "WS-3")]


def test_a_trait_is_allowed_once_and_only_on_a_workload_type_that_it_applies_to(
    inputs: Read, application: Text, catalog: Catalog
) -> None:
    scaler = {"name": "manual-scaler", "properties": {"replicaCount": 1}}
    ingress = {"name": "ingress", "properties": {"hostname": "a.example"}}
    binding = {
        "componentName": "queue",
        "instanceName": "q",
        "traits": [scaler, ingress, {**scaler, "name": "ManualScaler"}],
    }
    result = prepare.prepare(inputs(application(binding)), catalog, 0)
    assert _places(result) == [("", f"{AT}.traits[1].name", "TR-14"), ("", f"{AT}.traits[2].name", "TR-5")]
    assert "does not apply to core.oam.dev/v1alpha1.Worker" in result.problems[0].message
    assert 'the trait "manual-scaler" is attached twice' in result.problems[1].message


def test_an_undefined_variable_is_one_problem_and_hides_no_other(
    inputs: Read, application: Text, web: Web, catalog: Catalog
) -> None:
    traits = (
        {"name": "auto-scaler", "properties": {"minimum": "[fromVariable(low)]", "cpu": 0}},
        {"name": "volume-mounter", "properties": {"storageClass": "[fromVariable(v)]"}},
    )
    result = prepare.prepare(inputs(application(web(*traits))), catalog, 0)
    assert _places(result) == [
        ("", f"{AT}.traits[0].properties.minimum", "AC-9"),
        ("", f"{AT}.traits[0].properties.cpu", "TR-17"),
        ("", f"{AT}.traits[1].properties.storageClass", "AC-9"),
        ("", f"{AT}.traits[1].properties", "TR-17"),
    ]


def test_deprecated_and_misplaced_properties_are_accepted_with_a_warning(
    inputs: Read, application: Text, web: Web, catalog: Catalog
) -> None:
    trait = {"name": "manual-scaler", "parameterValues": {"replica_count": 3}}
    read = inputs(application(web(trait)))
    result = prepare.prepare(read, catalog, 0)
    assert result.instance is not None
    assert result.instance.traits[0].properties == {"replicaCount": 3}
    assert [warning.path for warning in result.warnings] == [f"{AT}.traits[0].parameterValues.replica_count"]


def test_a_value_for_an_unknown_parameter_is_a_warning(inputs: Read, application: Text, catalog: Catalog) -> None:
    binding = {"componentName": "queue", "instanceName": "q", "parameterValues": [{"name": "x", "value": 1}]}
    result = prepare.prepare(inputs(application(binding)), catalog, 0)
    assert result.instance is not None
    assert [warning.rule for warning in result.warnings] == ["PA-7"]
