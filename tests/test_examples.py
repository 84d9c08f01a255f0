"""The examples render without a warning to the golden objects.

To update the golden files intentionally, run with RUDR_UPDATE_GOLDEN=1 and check the difference: a change of a pod
template restarts the pods of every user at the next release.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import yaml

from rudr_py.catalog import Catalog
from rudr_py.model.application import Application
from rudr_py.model.component import Component
from rudr_py.model.document import Document, Parsed
from rudr_py.model.kinds import APPLICATION, COMPONENT
from rudr_py.model.parse import documents as parse
from rudr_py.model.parse import yaml_file
from rudr_py.plugins import entry_points, loading
from rudr_py.render import render, revisions
from rudr_py.render.values.inputs import Inputs
from rudr_py.render.values.plan import Plan

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
GOLDEN = ROOT / "tests" / "golden" / "examples"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
KINDS = {"core.oam.dev/v1alpha1.Server", "core.oam.dev/v1alpha1.Worker", "core.oam.dev/v1alpha1.Task"}

ONCE = "a1283db688cbff14ce017ea8"
"""The digest of the inputs of the example's Task; another digest runs all Tasks again at the next release."""


@pytest.fixture(name="catalog", scope="module")
def _catalog() -> Catalog:
    return loading.load((), entry_points.standard()).catalog


@pytest.fixture(name="documents", scope="module")
def _documents() -> list[Document]:
    return [document for path in EXAMPLES for document in yaml_file.load(path.read_bytes(), path.name)]


@pytest.fixture(name="components", scope="module")
def _components(documents: list[Document]) -> dict[str, Parsed[Component]]:
    read = [parse.parse(document.value, document.positions) for document in documents]
    return {parsed.value.metadata.name: parsed for parsed in read if isinstance(parsed.value, Component)}


def _plan(document: Document, components: dict[str, Parsed[Component]], catalog: Catalog) -> Plan:
    parsed = parse.parse(document.value, document.positions)
    assert isinstance(parsed.value, Application)
    return render.render(Inputs(application=parsed.value, parsed=parsed, components=components, now=NOW), catalog)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_starts_with_a_two_line_comment_and_has_no_warning(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert [line.startswith("# ") for line in lines[:3]] == [True, True, False]
    for document in yaml_file.load(path.read_bytes(), path.name):
        parsed = parse.parse(document.value, document.positions)
        assert (parsed.problems, parsed.warnings) == ((), ())


def test_the_examples_use_server_worker_and_task(components: dict[str, Parsed[Component]]) -> None:
    assert {parsed.value.workload_type for parsed in components.values() if parsed.value} == KINDS


@pytest.mark.parametrize("name", ["shop", "preview"])
def test_an_example_renders_to_the_golden_objects_without_a_warning(
    name: str, documents: list[Document], components: dict[str, Parsed[Component]], catalog: Catalog
) -> None:
    (document,) = (
        candidate
        for candidate in documents
        if candidate.value["kind"] == "ApplicationConfiguration" and _name(candidate) == name
    )
    plan = _plan(document, components, catalog)
    assert (plan.problems, plan.warnings) == ((), ())
    text = yaml.safe_dump_all([planned.body for planned in plan.manifests], sort_keys=True, width=120)
    golden = GOLDEN / f"{name}.yaml"
    if os.environ.get("RUDR_UPDATE_GOLDEN"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text(text)
    assert text == golden.read_text()


def test_a_task_does_not_run_again_because_of_a_new_release(
    documents: list[Document], components: dict[str, Parsed[Component]], catalog: Catalog
) -> None:
    (document,) = (candidate for candidate in documents if _name(candidate) == "shop")
    plan = _plan(document, components, catalog)
    assert [planned.inputs_digest for planned in plan.manifests if planned.inputs_digest] == [ONCE]


def test_every_example_is_an_application_or_used_by_one(documents: list[Document]) -> None:
    used = {
        binding["componentName"]
        for document in documents
        if document.value["kind"] == "ApplicationConfiguration"
        for binding in document.value["spec"]["components"]
    }
    existing = {_name(document) for document in documents if document.value["kind"] == "ComponentSchematic"}
    assert used == existing


def _name(document: Document) -> str:
    return str(document.value["metadata"]["name"])


def test_components_of_a_revision_render_to_the_same_objects_and_inputs(
    documents: list[Document], components: dict[str, Parsed[Component]], catalog: Catalog
) -> None:
    """A pinned component has the parts of its document that a revision keeps: all but annotations without an effect."""
    kept = [revisions.kept(document.value) for document in documents if document.value["kind"] == COMPONENT.kind]
    pinned = {document["metadata"]["name"]: parse.parse(document) for document in kept}
    applications = [document for document in documents if document.value["kind"] == APPLICATION.kind]
    for document in applications:
        plans = _plan(document, components, catalog), _plan(document, pinned, catalog)
        live, released = ([msgspec.structs.replace(one, uncopied={}) for one in plan.manifests] for plan in plans)
        assert live == released
        assert live
    assert applications
