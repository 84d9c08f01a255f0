"""Documents of several files as applications with components."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from rudr_py.catalog import Catalog
from rudr_py.cli.documents.workspace import Workspace, skipped_message
from rudr_py.model.parse import yaml_file

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Make = Callable[..., str]


def _gather(*documents: str, namespace: str = "default") -> Workspace:
    return Workspace.parse(yaml_file.load("---\n".join(documents), "x.yaml"), namespace=namespace)


def test_documents_are_grouped_by_kind(component: Make, application: Make) -> None:
    workspace = _gather(component(), application(), "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n")
    assert [application.value.metadata.name for application in workspace.applications] == ["app"]
    assert [str(key) for key in workspace.components] == ["default/web"]
    assert [document.value["kind"] for document in workspace.others] == ["Deployment"]
    assert workspace.problems == ()


def test_a_shared_instance_name_is_a_warning_at_the_second_application(component: Make, application: Make) -> None:
    other = application(name="other").replace("other-instance", "app-instance")
    (warning,) = _gather(component(), application(), other).warnings
    assert 'application "app" also has an instance "app-instance"' in warning.message
    assert warning.path == "$.spec.components[0].instanceName"
    elsewhere = other.replace("  name: other\n", "  name: other\n  namespace: elsewhere\n", 1)
    assert _gather(component(), application(), elsewhere).warnings == ()


def test_a_skipped_document_is_printed_with_its_location() -> None:
    (other,) = _gather("a: &x 1\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n").others
    message = skipped_message(other)
    assert message.startswith("x.yaml:1:1: ")
    assert all(part in message for part in ("Deployment", '"d"', "apps/v1"))


@pytest.mark.parametrize(
    "document",
    [
        "a: 1\n",
        "kind: ComponentSchematic\nmetadata: {name: x}\n",
        "apiVersion: core.oam.de/v1alpha1\nkind: ComponentSchematic\nmetadata: {name: x}\n",
        "apiVersion: core.oam.dev/v1alpha1\nkind: Componentschematic\n",
        "apiVersion: core.oam.dev/v1beta1\nkind: Application\nmetadata: {name: x}\n",
        "apiVersion: 1\nkind: []\n",
    ],
)
def test_a_document_with_a_misspelled_kind_is_an_error(document: str) -> None:
    workspace = _gather(document)
    assert workspace.others == ()
    assert len(workspace.problems) > 0


def test_documents_without_a_namespace_get_the_default(component: Make, application: Make) -> None:
    placed = component("mine").replace("name: mine", "name: mine\n  namespace: own")
    workspace = _gather(component(), placed, application(), namespace="given")
    assert sorted(map(str, workspace.components)) == ["given/web", "own/mine"]
    assert workspace.applications[0].value.metadata.namespace == "given"


def test_an_application_sees_the_components_of_its_own_namespace_only(component: Make, application: Make) -> None:
    elsewhere = component().replace("name: web", "name: web\n  namespace: other")
    workspace = _gather(elsewhere, application())
    plan = workspace.plan(workspace.applications[0], Catalog(), NOW)
    assert any('"web"' in problem.message for problem in plan.problems)


def test_the_second_document_of_one_name_is_an_error_that_points_at_the_first(component: Make) -> None:
    (problem,) = _gather(component(), component()).problems
    assert "x.yaml:4:9" in problem.message
    assert problem.location is not None
    assert problem.location.line > 4


def test_an_unused_component_is_checked_against_the_catalog(component: Make) -> None:
    (problem,) = _gather(component()).unused_component_problems(Catalog())
    assert str(problem.location) == "x.yaml:6:17"
    assert problem.rule == "CO-13"
