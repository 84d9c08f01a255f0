"""Parameters and variables put in: what wins, what is unset, what is wrong and where."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.errors import Problem
from rudr_py.model.application import ComponentBinding, ScopeBinding, Steps, TraitBinding
from rudr_py.model.component import Component, ConfigFile, Container, EnvVar, Parameter, Setting
from rudr_py.model.identity import Metadata
from rudr_py.model.resolve import Resolved, resolve, substitute, substitute_properties

PATH = "$.spec.components[0]"


def component(*parameters: Parameter, **fields: Any) -> Component:
    container = Container(name="main", image="nginx:1", **fields)
    return Component(
        metadata=Metadata(name="web"),
        workload_type="core.oam.dev/v1alpha1.Server",
        parameters=parameters,
        containers=(container,),
    )


def binding(**values: Any) -> ComponentBinding:
    steps: dict[str, Steps] = {name: ("parameterValues", index, "value") for index, name in enumerate(values)}
    return ComponentBinding(component_name="web", instance_name="front", parameter_values=values, parameter_steps=steps)


def run(subject: Component, used: ComponentBinding, **variables: Any) -> Resolved:
    return resolve(subject, used, variables, path=PATH)


def env(result: Resolved) -> dict[str, str | None]:
    return {entry.name: entry.value for entry in result.component.containers[0].env}


def told(problems: tuple[Problem, ...]) -> list[tuple[str, str]]:
    return [(problem.rule, problem.path) for problem in problems]


def test_a_value_takes_precedence_over_the_default() -> None:
    subject = component(Parameter(name="a", default="d"), env=(EnvVar(name="A", from_param="a"),))
    assert env(run(subject, binding(a="v"))) == {"A": "v"}
    assert env(run(subject, binding())) == {"A": "d"}


def test_from_param_takes_precedence_over_value_even_if_empty() -> None:
    subject = component(Parameter(name="a"), env=(EnvVar(name="A", value="x", from_param="a"),))
    assert env(run(subject, binding(a=""))) == {"A": ""}


def test_an_unset_parameter_leaves_the_value_or_removes_the_variable() -> None:
    entries = (EnvVar(name="A", value="x", from_param="a"), EnvVar(name="B", from_param="a"))
    files = (ConfigFile(path="/a", value="x", from_param="a"), ConfigFile(path="/b", from_param="a"))
    resolved = run(component(Parameter(name="a"), env=entries, config=files), binding())
    assert env(resolved) == {"A": "x"}
    assert resolved.component.containers[0].config == (ConfigFile(path="/a", value="x"),)
    assert (resolved.parameters, resolved.problems, resolved.warnings) == ({}, (), ())


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("string", "x", "x"),
        ("number", 5, "5"),
        ("number", 0.5, "0.5"),
        ("boolean", True, "true"),
        ("array", [1, "ä"], '[1,"ä"]'),
        ("object", {"b": 1, "a": None}, '{"a":null,"b":1}'),
    ],
)
def test_a_value_becomes_text_in_env_and_files(kind: str, value: Any, text: str) -> None:
    subject = component(
        Parameter(name="a", type=kind),
        env=(EnvVar(name="A", from_param="a"),),
        config=(ConfigFile(path="/a", from_param="a"),),
    )
    resolved = run(subject, binding(a=value))
    assert env(resolved) == {"A": text}
    assert resolved.component.containers[0].config == (ConfigFile(path="/a", value=text),)
    assert resolved.parameters == {"a": value}


def test_the_resolved_component_has_no_references_to_parameters() -> None:
    subject = component(Parameter(name="a", default="d"), env=(EnvVar(name="A", from_param="a"),))
    assert [entry.from_param for entry in run(subject, binding()).component.containers[0].env] == [""]


def test_a_required_parameter_without_value_is_reported_at_the_binding() -> None:
    resolved = run(component(Parameter(name="a", required=True)), binding())
    assert told(resolved.problems) == [("PA-3", f"{PATH}.parameterValues")]
    assert 'component "web"' in resolved.problems[0].message


def test_null_is_the_same_as_no_value() -> None:
    resolved = run(component(Parameter(name="a", required=True), Parameter(name="b")), binding(a=None, b=None))
    assert told(resolved.problems) == [("PA-3", f"{PATH}.parameterValues[0].value")]


@pytest.mark.parametrize(
    ("kind", "value"),
    [("number", "5"), ("string", 5), ("boolean", "true"), ("number", True), ("null", 0), ("array", {}), ("object", [])],
)
def test_a_value_of_another_type_is_reported_at_the_value(kind: str, value: Any) -> None:
    resolved = run(component(Parameter(name="a", type=kind)), binding(a=value))
    assert told(resolved.problems) == [("PA-5", f"{PATH}.parameterValues[0].value")]


def test_a_value_for_an_undeclared_parameter_is_a_warning_with_a_suggestion() -> None:
    resolved = run(component(Parameter(name="target")), binding(tarket="x"))
    assert resolved.problems == ()
    assert told(resolved.warnings) == [("PA-7", f"{PATH}.parameterValues[0].value")]
    assert 'Did you mean "target"?' in resolved.warnings[0].message


def test_a_setting_prefers_its_parameter_to_its_value() -> None:
    settings = (
        Setting(name="image", value="old", from_param="image", required=True),
        Setting(name="plain", value={"a": 1}, type="object"),
        Setting(name="unset", from_param="other"),
    )
    subject = Component(
        metadata=Metadata(name="fn"),
        workload_type="openfaas.com/v1alpha2.Function",
        parameters=(Parameter(name="image"), Parameter(name="other")),
        settings=settings,
    )
    resolved = run(subject, binding(image="new"))
    assert resolved.settings == {"image": "new", "plain": {"a": 1}}
    assert [(setting.name, setting.value, setting.from_param) for setting in resolved.component.settings] == [
        ("image", "new", ""),
        ("plain", {"a": 1}, ""),
    ]


def test_a_required_setting_without_value_is_reported_in_the_component() -> None:
    subject = Component(
        metadata=Metadata(name="fn"),
        workload_type="openfaas.com/v1alpha2.Function",
        parameters=(Parameter(name="image"),),
        settings=(Setting(name="image", from_param="image", required=True),),
    )
    resolved = run(subject, binding())
    assert told(resolved.problems) == [("WS-3", "$.spec.workloadSettings[0]")]
    assert resolved.problems[0].document == "componentschematic/fn"


def test_a_variable_in_a_parameter_value_keeps_its_type() -> None:
    resolved = run(component(Parameter(name="n", type="number")), binding(n="[fromVariable(count)]"), count=3)
    assert (resolved.parameters, resolved.problems) == ({"n": 3}, ())


def test_an_undefined_variable_is_reported_once_with_a_suggestion() -> None:
    resolved = run(component(Parameter(name="n", type="number")), binding(n="[fromVariable(cuont)]"), count=3)
    assert told(resolved.problems) == [("AC-8", f"{PATH}.parameterValues[0].value")]
    assert 'Did you mean "count"?' in resolved.problems[0].message


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("[fromVariable(a)]", 5),
        ("[fromVariable( a )]", 5),
        ("x[fromVariable(a)]y[fromVariable(b-c.d)]", "x5yz"),
        ("[fromVariable(flag)]!", "true!"),
        ({"k": ["[fromVariable(a)]", 1, None]}, {"k": [5, 1, None]}),
        ({"[fromVariable(a)]": 1}, {"[fromVariable(a)]": 1}),
        ("[fromvariable(a)]", "[fromvariable(a)]"),
        ("plain", "plain"),
    ],
)
def test_variables_are_replaced_alone_and_inside_text(value: Any, expected: Any) -> None:
    assert substitute(value, {"a": 5, "b-c.d": "z", "flag": True}, "$") == (expected, ())


def test_a_value_that_looks_like_a_reference_is_not_followed() -> None:
    variables = {"a": "[fromVariable(b)]", "b": "secret"}
    assert substitute("[fromVariable(a)] and [fromVariable(a)]", variables, "$")[0] == (
        "[fromVariable(b)] and [fromVariable(b)]"
    )


def test_every_undefined_variable_is_reported_with_its_path() -> None:
    value = {"a": ["[fromVariable(x)]"], "b": "[fromVariable(y)]-[fromVariable(z)]"}
    result, problems = substitute(value, {}, "$.p")
    assert result == value
    assert told(problems) == [("AC-9", "$.p.a[0]"), ("AC-9", "$.p.b"), ("AC-9", "$.p.b")]


def test_variables_in_properties_are_replaced_and_reported_with_the_exact_path() -> None:
    trait = TraitBinding(
        name="ingress",
        properties={"hostname": "www.[fromVariable(domain)]", "path": "[fromVariable(nope)]"},
        property_steps={"hostname": ("parameterValues", 0, "value"), "path": ("parameterValues", 1, "value")},
        properties_key="parameterValues",
    )
    result, problems = substitute_properties(trait, {"domain": "a.example"}, "$.t")
    assert result == {"hostname": "www.a.example", "path": "[fromVariable(nope)]"}
    assert told(problems) == [("AC-9", "$.t.parameterValues[1].value")]
    scope = ScopeBinding(name="s", type="a.b/v1.C", properties={"id": "[fromVariable(domain)]"})
    assert substitute_properties(scope, {"domain": "d"}, "$.s") == ({"id": "d"}, ())


texts = st.text(alphabet="[]()fromVariable xy", max_size=40)


@given(value=texts, variables=st.dictionaries(st.text(alphabet="xy ", max_size=3), texts, max_size=3))
def test_any_text_is_either_replaced_or_reported(value: str, variables: dict[str, str]) -> None:
    result, problems = substitute(value, variables, "$")
    assert isinstance(result, str)
    assert not problems or result == value


@pytest.mark.parametrize(
    "text", ["[fromVariable(" + " " * 300_000, "[fromVariable(" * 20_000, "[fromVariable(" + "a " * 99_999]
)
def test_a_reference_that_does_not_end_is_text(text: str) -> None:
    # a quadratic pattern takes minutes for these
    assert substitute(text, {"a": 1}, "$") == (text, ())


def test_spaces_around_the_name_in_a_reference_are_ignored() -> None:
    assert substitute("[fromVariable(" + " " * 50_000 + "a\t\n)]", {"a": 1}, "$") == (1, ())
