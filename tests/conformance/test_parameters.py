"""Parameters, variables and workload settings (§3, §6), from document to object."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.model.parse import component, yaml_file
from tests.conformance import oam

COMPONENT = oam.component(
    "Worker",
    """
    parameters:
    - {name: greeting, type: string, required: true}
    - {name: level, type: number, default: 3}
    - {name: debug, type: boolean}
    containers:
    - name: main
      image: example/main:1
      env:
      - {name: GREETING, fromParam: greeting}
      - {name: LEVEL, fromParam: level}
      - {name: DEBUG, fromParam: debug}
    """,
)


def application(
    value: str, trait: str = "", variables: str = "[{name: who, value: world}, {name: count, value: 2}]"
) -> str:
    return oam.application(
        f"""
        variables: {variables}
        components:
        - componentName: web
          instanceName: front
          parameterValues: [{{name: greeting, value: {value}}}]
          traits: [{trait}]
        """
    )


def env(*documents: str) -> dict[str, Any]:
    return {entry["name"]: entry.get("value", "") for entry in oam.container(oam.plan(*documents))["env"]}


def test_a_required_parameter_without_a_value_is_refused() -> None:
    assert oam.refused(oam.plan(COMPONENT, oam.instance())) == [("PA-3", "$.spec.components[0].parameterValues")]


def test_an_optional_parameter_without_a_value_is_unset() -> None:
    assert env(COMPONENT, oam.instance(values="- {name: greeting, value: hi}")) == {"GREETING": "hi", "LEVEL": "3"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [('"[fromVariable(who)]"', "world"), ('"hello [fromVariable(who)] [fromVariable(count)]!"', "hello world 2!")],
)
def test_a_variable_reaches_the_container_through_a_parameter(value: str, expected: str) -> None:
    assert env(COMPONENT, application(value))["GREETING"] == expected


def test_an_undefined_variable_is_refused_at_its_place() -> None:
    plan = oam.plan(COMPONENT, application('"[fromVariable(whom)]"'))
    assert oam.refused(plan) == [("AC-8", "$.spec.components[0].parameterValues[0].value")]
    assert '"who"' in plan.problems[0].message


def test_a_variable_is_substituted_in_properties_of_traits() -> None:
    trait = '{name: manual-scaler, properties: {replicaCount: "[fromVariable(count)]"}}'
    objects = oam.objects(oam.plan(COMPONENT, application("hi", trait)))
    assert objects["Deployment/front"]["spec"]["replicas"] == 2


def test_an_undefined_variable_in_a_property_is_refused_at_its_place() -> None:
    trait = '{name: manual-scaler, properties: [{name: replicaCount, value: "[fromVariable(counts)]"}]}'
    plan = oam.plan(COMPONENT, application("hi", trait))
    assert oam.refused(plan) == [("AC-9", "$.spec.components[0].traits[0].properties[0].value")]


@pytest.mark.parametrize("field", ["workloadSettings", "settings"])
def test_workload_settings_of_an_application_are_ignored_with_a_warning(field: str) -> None:
    spec = f"components: [{{componentName: web, instanceName: front, {field}: [{{name: arms, value: 2}}]}}]"
    plan = oam.plan(oam.component("Worker", oam.MAIN), oam.application(spec))
    assert [warning.path for warning in plan.warnings] == [f"$.spec.components[0].{field}"]
    assert oam.objects(plan) == oam.objects(oam.plan(oam.component("Worker", oam.MAIN), oam.instance()))


def test_a_setting_needs_no_type() -> None:
    text = oam.component("acme.example/v1.Robot", "workloadSettings: [{name: arms, value: 2}]")
    (document,) = yaml_file.load(text, "robot.yaml")
    parsed = component.parse_component(document.value)
    assert parsed.problems == ()
    assert parsed.value is not None
    assert [(setting.name, setting.type, setting.value) for setting in parsed.value.settings] == [("arms", "string", 2)]
