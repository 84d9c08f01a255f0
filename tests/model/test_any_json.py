"""No JSON value whatever makes a reader raise, and every finding has a path that leads somewhere."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.model import resolve
from rudr_py.model.application import Application
from rudr_py.model.component import Component
from rudr_py.model.parse import documents

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**70, -(2**64), 80, 0, "", "a", "Y", "\ud800", "0.5", "128Mi"])
    | st.floats()
    | st.text(max_size=10)
)
FIELDS = [
    "apiVersion",
    "kind",
    "metadata",
    "spec",
    "status",
    "name",
    "namespace",
    "labels",
    "annotations",
    "workloadType",
    "osType",
    "os",
    "arch",
    "parameters",
    "containers",
    "workloadSettings",
    "image",
    "resources",
    "cmd",
    "args",
    "env",
    "config",
    "ports",
    "livenessProbe",
    "readinessProbe",
    "imagePullSecret",
    "cpu",
    "memory",
    "gpu",
    "volumes",
    "extended",
    "required",
    "mountPath",
    "disk",
    "ephemeral",
    "value",
    "fromParam",
    "path",
    "containerPort",
    "protocol",
    "exec",
    "command",
    "httpGet",
    "httpHeaders",
    "port",
    "tcpSocket",
    "successThreshold",
    "type",
    "default",
    "components",
    "componentName",
    "instanceName",
    "parameterValues",
    "traits",
    "properties",
    "applicationScopes",
    "scopes",
    "variables",
    "appliesTo",
    "group",
    "names",
    "settings",
    "probeMethod",
]
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=3), inner),
    max_leaves=20,
)

FULL_COMPONENT: dict[str, Any] = {
    "apiVersion": "core.oam.dev/v1alpha1",
    "kind": "ComponentSchematic",
    "metadata": {"name": "web", "labels": {"a": "b"}, "generation": 1},
    "spec": {
        "workloadType": "core.oam.dev/v1alpha1.Server",
        "osType": "linux",
        "arch": "amd64",
        "parameters": [{"name": "p", "type": "string", "required": False, "default": "x", "description": "d"}],
        "workloadSettings": [{"name": "s", "type": "string", "value": 1, "fromParam": "p", "required": True}],
        "containers": [
            {
                "name": "main",
                "image": "nginx:1",
                "cmd": ["a"],
                "args": ["b"],
                "env": [{"name": "A", "value": "1", "fromParam": "p"}],
                "config": [{"path": "/a", "value": "x", "fromParam": "p"}],
                "ports": [{"name": "http", "containerPort": 80, "protocol": "TCP"}],
                "livenessProbe": {"exec": {"command": ["a"]}, "successThreshold": 1},
                "readinessProbe": {"httpGet": {"path": "/", "port": 80, "httpHeaders": [{"name": "a", "value": "b"}]}},
                "resources": {
                    "cpu": {"required": 0.5},
                    "memory": {"required": "128"},
                    "gpu": {"required": 1},
                    "extended": [{"name": "a.b/v1.C", "required": "1"}],
                    "volumes": [{"name": "v", "mountPath": "/v", "disk": {"required": "5M", "ephemeral": False}}],
                },
            }
        ],
    },
}
FULL_APPLICATION: dict[str, Any] = {
    "apiVersion": "core.oam.dev/v1alpha1",
    "kind": "ApplicationConfiguration",
    "metadata": {"name": "shop"},
    "spec": {
        "variables": [{"name": "v", "value": 1}],
        "scopes": [{"name": "s", "type": "a.b/v1.C", "properties": [{"name": "a", "value": 1}]}],
        "components": [
            {
                "componentName": "web",
                "instanceName": "front",
                "parameterValues": [{"name": "p", "value": "[fromVariable(v)]"}],
                "traits": [{"name": "t", "properties": {"a": "x[fromVariable(v)]"}}],
                "applicationScopes": ["s"],
            }
        ],
    },
}
DOCUMENTS = [
    FULL_COMPONENT,
    FULL_APPLICATION,
    {**FULL_COMPONENT, "kind": "Trait", "spec": {"appliesTo": ["*"], "properties": "{}"}},
    {**FULL_COMPONENT, "kind": "WorkloadType", "spec": {"group": "g", "names": {"kind": "K"}, "settings": []}},
    {**FULL_COMPONENT, "kind": "ApplicationScope", "spec": {"type": "a.b/v1.C", "parameters": []}},
    {**FULL_COMPONENT, "kind": "ComponentInstance", "spec": {"traits": []}, "status": "healthy"},
    {**FULL_COMPONENT, "kind": "HealthScope", "spec": {"probeMethod": "m", "probeEndpoint": "e", "probeTimeout": 1}},
]


def places(value: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The steps to every value inside `value`."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    result = [above]
    for step, below in inner:
        result += places(below, (*above, step))
    return result


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """A document that is right but for one place, which holds anything or is gone."""
    document = copy.deepcopy(draw(st.sampled_from(DOCUMENTS)))
    *above, last = draw(st.sampled_from(places(document)[1:]))
    target = document
    for step in above:
        target = target[step]
    if draw(st.booleans()):
        target[last] = draw(values)
    else:
        del target[last]
    return document


def check(document: Any) -> Any:
    parsed = documents.parse(document)
    assert all(problem.path.startswith("$") for problem in (*parsed.problems, *parsed.warnings))
    assert parsed.value is not None or parsed.problems
    return parsed


@given(values)
def test_any_value_is_parsed_or_reported(document: Any) -> None:
    check(document)


@given(st.sampled_from(sorted(documents.READERS)), values)
def test_any_spec_is_parsed_or_reported(kind: str, spec: Any) -> None:
    check({"apiVersion": "core.oam.dev/v1alpha1", "kind": kind, "metadata": {"name": "a"}, "spec": spec})


@given(damaged())
def test_a_damaged_document_is_parsed_or_reported(document: Any) -> None:
    check(document)


@given(damaged(), damaged())
def test_a_parsed_document_is_resolved_or_reported(first: Any, second: Any) -> None:
    component, application = check(first).value, check(second).value
    if not isinstance(component, Component):
        component = documents.parse(FULL_COMPONENT).value
    if not isinstance(application, Application):
        application = documents.parse(FULL_APPLICATION).value
    for binding in application.components:
        resolved = resolve.resolve(component, binding, application.variables)
        assert all(entry.from_param == "" for container in resolved.component.containers for entry in container.env)
        for trait in binding.traits:
            resolve.substitute_properties(trait, application.variables, "$")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document["kind"]))
def test_the_undamaged_documents_are_valid(document: Any) -> None:
    parsed = documents.parse(document)
    assert (parsed.problems, parsed.warnings) == ((), ())


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (deep(50_000), "deeper"),
        (2**64, "64 bits"),
        (-(10**4000), "64 bits"),
        (float("nan"), "finite"),
        ("a\ud800", "half a character"),
        ({1: 2}, "key"),
        (b"bytes", "bytes"),
    ],
)
def test_values_that_json_cannot_represent_are_reported(value: Any, word: str) -> None:
    document = copy.deepcopy(FULL_APPLICATION)
    document["spec"]["components"][0]["traits"][0]["properties"] = {"a": value}
    parsed = documents.parse(document)
    assert parsed.value is None
    assert [word in problem.message for problem in parsed.problems] == [True]
    assert parsed.problems[0].path.startswith("$.spec.components[0].traits[0].properties.a")


@pytest.mark.parametrize("kind", ["\ud800", "Component\udfff", "Server\ud800"])
def test_a_kind_with_half_a_character_is_reported_without_it(kind: str) -> None:
    parsed = documents.parse({"apiVersion": "core.oam.dev/v1alpha1", "kind": kind, "metadata": {"name": "a"}})
    assert parsed.problems
    assert all(problem.message.isprintable() for problem in parsed.problems)
