"""Which package a type is of is kept in status, and told when the package is gone; it is never forgotten too early."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py import catalog as catalogs
from rudr_py.api import Rendered, Scope, Trait, WorkloadType
from rudr_py.catalog import Catalog, PluginState, State
from rudr_py.model.application import Application
from rudr_py.model.document import Parsed
from rudr_py.model.identity import Metadata
from rudr_py.render import render as rendering
from rudr_py.render.status import status
from rudr_py.render.status.conditions import SyncState
from rudr_py.render.values.inputs import NOTHING, Inputs
from rudr_py.render.values.plan import Plan

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DONE = SyncState(state="True", reason="Applied")
BEFORE = {"cron": "acme 1.0", "acme.example/v1.Job": "acme 1.0", "acme.example/v1.Team": "acme 1.0"}

Make = Callable[..., Any]


class Cron(Trait[Any]):
    name = "cron-trait"
    aliases = ("cron",)

    def render(self, ctx: object) -> Rendered:
        return Rendered()


class Job(WorkloadType[Any]):
    name = "acme.example/v1.Job"

    def render(self, ctx: object) -> Rendered:
        return Rendered()


class Team(Scope[Any]):
    name = "acme.example/v1.Team"

    def render(self, ctx: object) -> Rendered:
        return Rendered()


TEXT = """
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: nightly}
spec:
  workloadType: acme.example/v1.Job
  containers: [{name: web, image: "registry.example/web:1"}]
---
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationConfiguration
metadata: {name: app}
spec:
  scopes: [{name: team, type: acme.example/v1.Team}]
  components:
  - componentName: nightly
    instanceName: nightly
    traits: [{name: cron, properties: {}}, {name: empty, properties: {}}]
"""


@pytest.fixture(name="full")
def _full(with_types: Make) -> Catalog:
    """The types of `acme 1.0`; one of them is used by its alias."""
    installed: Catalog = with_types(Cron(), Job(), Team())
    cron = installed.traits["cron-trait"]
    return msgspec.structs.replace(installed, traits={**installed.traits, "cron": cron})


@pytest.fixture(name="read")
def _read(inputs: Make) -> Inputs:
    result: Inputs = inputs(TEXT, now=NOW, packages=BEFORE)
    return result


def _built(plan: Plan, read: Inputs, before: Any = None) -> dict[str, Any]:
    return status.status(plan, read, NOTHING, DONE, status.read_previous(before))


def test_the_status_lists_packages_of_types_that_are_not_built_in(read: Inputs, full: Catalog) -> None:
    built = _built(rendering.render(read, full), read)
    types = ["acme.example/v1.Job", "acme.example/v1.Team", "cron"]
    assert built["packages"] == [{"name": "acme", "version": "1.0", "types": types}]
    assert status.read_previous(built).packages == BEFORE


def test_an_application_with_built_in_types_only_has_no_packages(
    application: Make, web: Make, inputs: Make, catalog: Catalog
) -> None:
    read = inputs(application(web({"name": "empty", "properties": {}})), now=NOW)
    assert "packages" not in _built(rendering.render(read, catalog), read)


def test_a_type_of_a_missing_package_is_reported_with_the_package_to_install(read: Inputs, catalog: Catalog) -> None:
    plan = rendering.render(read, catalog)
    for path in ("$.spec.workloadType", "$.spec.components[0].traits[0].name", "$.spec.scopes[0].type"):
        (problem,) = (problem for problem in plan.problems if problem.path == path)
        assert "was provided by acme 1.0, which is not installed now" in problem.message
        assert "pip install acme" in problem.message
    assert plan.packages == BEFORE


def test_without_a_previous_status_no_package_is_named(inputs: Make, catalog: Catalog) -> None:
    plan = rendering.render(inputs(TEXT, now=NOW), catalog)
    assert plan.problems
    assert all("was provided by" not in problem.message for problem in plan.problems)


@pytest.mark.parametrize(
    ("state", "version", "types", "reported"),
    [
        ("loaded", "2.0", (), "but the installed acme 2.0 does not provide it; run: pip install 'acme==1.0'"),
        ("failed", "1.0", (), 'the trait "cron" cannot be used: acme is broken'),
        ("disabled", "1.0", (), 'the trait "cron" cannot be used: acme is broken'),
        ("quarantined", "1.0", ("cron",), "cannot be used: acme is broken"),
    ],
)
def test_an_installed_package_without_the_type_is_reported_with_its_state(
    state: State, version: str, types: tuple[str, ...], reported: str, read: Inputs, catalog: Catalog
) -> None:
    error = "" if state == "loaded" else "acme is broken"
    plugin = PluginState(name="acme", package="acme", version=version, state=state, types=types, error=error)
    plan = rendering.render(read, msgspec.structs.replace(catalog, plugins=(*catalog.plugins, plugin)))
    (problem,) = (problem for problem in plan.problems if problem.path.endswith("traits[0].name"))
    assert reported in problem.message
    assert problem.message.count("acme is broken") == (state != "loaded")
    assert ("pip install" in problem.message) == (state == "loaded")


def test_a_type_of_another_package_is_recorded_with_the_new_package(read: Inputs, full: Catalog) -> None:
    offer = catalogs.offer(Cron(), package="other 3")
    plan = rendering.render(read, msgspec.structs.replace(full, traits={**full.traits, "cron": offer}))
    assert plan.packages == {**BEFORE, "cron": "other 3"}


def test_packages_of_unused_types_are_removed(read: Inputs, catalog: Catalog, inputs: Make) -> None:
    text = TEXT.replace("{name: cron, properties: {}}, ", "")
    plan = rendering.render(inputs(text, now=NOW, packages=BEFORE), catalog)
    assert plan.problems
    assert plan.packages == {name: package for name, package in BEFORE.items() if name != "cron"}


def test_the_package_of_a_missing_component_is_kept(inputs: Make, catalog: Catalog) -> None:
    text = TEXT.replace("metadata: {name: nightly}", "metadata: {name: daily}")
    assert rendering.render(inputs(text, now=NOW, packages=BEFORE), catalog).packages == BEFORE


def test_a_too_large_status_keeps_the_packages(read: Inputs, full: Catalog) -> None:
    built = _built(rendering.render(read, full), read)
    large = {**built, "warnings": ["x" * status.SIZE_LIMIT]}
    assert status.bounded(large, status.read_previous(None))["packages"] == built["packages"]


NAMES = st.text(st.characters(blacklist_categories=("Cs", "Zs")), min_size=1, max_size=5)


@given(st.dictionaries(NAMES, st.tuples(NAMES, NAMES).map(" ".join) | NAMES))
def test_written_packages_are_read_back(wanted: dict[str, str]) -> None:
    application = Application(metadata=Metadata(name="app"))
    empty = Inputs(application=application, parsed=Parsed(value=application), components={}, now=NOW)
    assert status.read_previous(_built(Plan(packages=wanted), empty)).packages == wanted


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(st.lists(st.dictionaries(st.sampled_from(("name", "version", "types")), JSON)))
def test_any_packages_of_a_status_are_read_or_ignored(entries: list[dict[str, Any]]) -> None:
    packages_read = status.read_previous({"packages": entries}).packages
    assert all(isinstance(text, str) for pair in packages_read.items() for text in pair)
