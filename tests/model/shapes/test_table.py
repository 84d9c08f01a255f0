"""Every old shape of the table, read by the parser: the same value or objects as today's spelling, and a warning."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.model.document import Parsed
from rudr_py.model.parse import documents as parse
from rudr_py.model.parse import yaml_file
from rudr_py.model.shapes.releases import RELEASES
from rudr_py.model.shapes.table import SHAPES
from rudr_py.render.values.plan import Plan
from tests.conformance import kubernetes_schemas, oam
from tests.model.shapes.old_shapes import OLD_SHAPES

READ = [shape.id for shape in SHAPES if shape.reading == "read" and shape.id != "trait-schema"]
"""A list instead of a schema is no deviation that the parser warns of: Rudr's own charts have it."""

RENDERED = [shape.id for shape in SHAPES if shape.kinds in (("ApplicationConfiguration",), ("ComponentSchematic",))]


def parsed(text: str) -> Parsed[Any]:
    (document,) = yaml_file.load(text, "a.yaml")
    return parse.parse(document.value, document.positions)


def plan(name: str, text: str) -> Plan:
    return oam.plan(text, OLD_SHAPES[name].beside)


def test_every_row_has_an_example_and_a_release() -> None:
    assert [shape.id for shape in SHAPES] == list(dict.fromkeys(shape.id for shape in SHAPES))
    assert {shape.id for shape in SHAPES} == OLD_SHAPES.keys()
    assert {shape.release for shape in SHAPES} == set(RELEASES)


@pytest.mark.parametrize("name", OLD_SHAPES)
def test_the_spelling_of_today_has_no_warning(name: str) -> None:
    result = parsed(OLD_SHAPES[name].today)
    assert (result.problems, result.warnings) == ((), ())


@pytest.mark.parametrize("name", READ)
def test_an_old_shape_is_read_with_a_warning_that_names_the_spelling_of_today(name: str) -> None:
    result = parsed(OLD_SHAPES[name].old)
    assert result.problems == ()
    messages = [warning.message for warning in (result.warnings or plan(name, OLD_SHAPES[name].old).warnings)]
    assert messages
    assert all("write" in message or "move" in message for message in messages)
    assert all(warning.location is not None for warning in result.warnings)


@pytest.mark.parametrize("name", [name for name in READ if name in RENDERED and name != "settings-map"])
def test_an_old_shape_renders_to_the_objects_of_the_spelling_of_today(name: str) -> None:
    shape = OLD_SHAPES[name]
    assert oam.objects(plan(name, shape.old)) == oam.objects(plan(name, shape.today))


@pytest.mark.parametrize("name", [name for name in READ if name not in RENDERED or name == "settings-map"])
def test_an_old_shape_of_a_definition_is_the_value_of_the_spelling_of_today(name: str) -> None:
    shape = OLD_SHAPES[name]
    assert parsed(shape.old).value == parsed(shape.today).value


@pytest.mark.parametrize("name", [shape.id for shape in SHAPES if shape.reading == "ignored"])
def test_a_field_that_no_release_read_is_a_warning(name: str) -> None:
    result = parsed(OLD_SHAPES[name].old)
    assert result.problems == ()
    assert result.warnings


@pytest.mark.parametrize("name", [shape.id for shape in SHAPES if shape.reading == "refused"])
def test_a_refused_shape_is_one_error_that_names_what_to_write(name: str) -> None:
    result = parsed(OLD_SHAPES[name].old)
    problems = result.problems or plan(name, OLD_SHAPES[name].old).problems
    assert len(problems) == 1
    assert "core.oam.dev/v1alpha1" in problems[0].message or "use lower-case" in problems[0].message


@pytest.mark.parametrize("name", [shape.id for shape in SHAPES if shape.reading != "refused"])
def test_the_schema_of_the_kind_accepts_an_old_shape(name: str) -> None:
    (document,) = yaml_file.load(OLD_SHAPES[name].old, "a.yaml")
    if "hydra" not in document.value["apiVersion"]:
        validator = kubernetes_schemas.own(document.value["kind"])
        assert [error.message for error in validator.iter_errors({**document.value, "metadata": {}})] == []


@pytest.mark.parametrize(
    ("kind", "spec", "path"),
    [
        (
            "ApplicationConfiguration",
            {"components": [{"name": "a", "componentName": "b", "instanceName": "c"}]},
            "$.spec.components[0].name",
        ),
        (
            "ComponentSchematic",
            {
                "workloadType": "Worker",
                "containers": [{"name": "a", "image": "a:1"}],
                "parameters": [{"name": "a", "type": "string", "value": "b", "default": "c"}],
            },
            "$.spec.parameters[0].value",
        ),
    ],
)
def test_two_spellings_with_different_values_are_one_error_at_the_old_one(
    kind: str, spec: dict[str, Any], path: str
) -> None:
    document = {"apiVersion": "core.oam.dev/v1alpha1", "kind": kind, "metadata": {"name": "a"}, "spec": spec}
    result = parse.parse(document)
    assert [problem.path for problem in result.problems] == [path]
    assert path not in [warning.path for warning in result.warnings]


def test_two_spellings_with_the_same_value_are_a_warning() -> None:
    binding = {"name": "a", "componentName": "a", "instanceName": "c"}
    document = {
        "apiVersion": "core.oam.dev/v1alpha1",
        "kind": "ApplicationConfiguration",
        "metadata": {"name": "a"},
        "spec": {"components": [binding]},
    }
    result = parse.parse(document)
    assert result.problems == ()
    assert [warning.message for warning in result.warnings] == ['"name" repeats "componentName"; remove "name"']
    assert document["spec"] == {"components": [binding]}, "the document itself stays as it is"


def test_an_error_in_an_old_shape_has_the_place_as_written() -> None:
    text = OLD_SHAPES["component-name"].old.replace("name: web", "name: wbe")
    (problem,) = oam.plan(text, OLD_SHAPES["component-name"].beside).problems
    assert problem.path == "$.spec.components[0].name"
    assert problem.location is not None
    assert problem.location.line == 6


def test_nothing_else_is_hidden_behind_an_old_shape() -> None:
    text = OLD_SHAPES["component-name"].old.replace("instanceName: front", "instanceName: Front_\n    whatever: 1")
    result = parsed(text)
    assert [problem.path for problem in result.problems] == ["$.spec.components[0].instanceName"]
    assert [warning.path for warning in result.warnings] == [
        "$.spec.components[0].name",
        "$.spec.components[0].whatever",
    ]


def test_a_kind_of_hydra_is_never_the_document_of_another_api() -> None:
    for kind in ("Configuration", "OperationalConfiguration", "Component", "Trait", "ApplicationModel", "Whatever"):
        document = {"apiVersion": "core.hydra.io/v1alpha1", "kind": kind}
        assert parse.concerns_oam(document)
        (problem,) = parse.parse(document).problems
        assert "core.hydra.io is the name of OAM before October 2019" in problem.message


def test_a_workload_type_of_hydra_in_a_document_of_today_is_one_error_with_the_type_of_today() -> None:
    text = oam.component("Server", oam.WEB).replace("core.oam.dev/v1alpha1.Server", "core.hydra.io/v1alpha1.Singleton")
    (problem,) = oam.plan(text, oam.instance()).problems
    assert problem.path == "$.spec.workloadType"
    assert "write core.oam.dev/v1alpha1.SingletonServer" in problem.message


@pytest.mark.parametrize(
    ("api_version", "concerned"),
    [
        ("core.oam.dev/v1alpha1", True),
        ("core.oam.dev/v1beta1", True),
        ("core.oma.dev/v1alpha1", True),
        ("v1alpha1", True),
        ("ros.example.com/v1alpha1", False),
        ("v1.example.com/v1", False),
    ],
)
def test_a_kind_of_oam_in_a_foreign_group_is_the_document_of_another_api(api_version: str, concerned: bool) -> None:
    assert parse.concerns_oam({"apiVersion": api_version, "kind": "ApplicationConfiguration"}) is concerned
