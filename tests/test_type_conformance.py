"""Each type of each package has a conformance suite, and its objects match the schemas that their servers have.

The suites are those of tests/builtin and plugins/*/tests, and run there. This module checks that none is missing.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rudr_py.api import properties
from rudr_py.catalog import Catalog
from rudr_py.model.application import Application
from rudr_py.model.component import Component
from rudr_py.model.parse import documents as parse
from rudr_py.render import render
from rudr_py.render.values.inputs import Inputs
from rudr_py.render.values.plan import Plan
from rudr_py.testing import checks, rendering
from rudr_py.testing.checks import Case
from tests import own_packages, own_suites, schema_values, upstream_crds

ROOT = Path(__file__).parents[1] / "examples"
EXAMPLES = [*sorted(ROOT.glob("*.yaml")), *sorted((ROOT / "three-tier").glob("*.yaml")), *own_packages.EXAMPLES]
"""Documents that are applied as they are."""

TYPES = sorted({case.setup.type_.name for case in own_suites.cases()})


@functools.cache
def _catalog() -> Catalog:
    return own_packages.everything().catalog


def _cases(name: str) -> list[Case]:
    return [case for case in own_suites.cases() if case.setup.type_.name == name]


def _rejections(plan: Plan) -> Iterator[str]:
    for planned in plan.manifests:
        reason = upstream_crds.rejection(planned.body)
        if reason:
            yield f"{planned.ref}: {reason}"


def test_every_type_of_every_package_has_a_conformance_suite() -> None:
    assert sorted({offer.name for offer in _catalog().offers()}) == TYPES


@pytest.mark.parametrize("name", TYPES)
def test_a_type_is_checked_against_an_old_a_middle_and_the_newest_release(name: str) -> None:
    releases = {release for case in _cases(name) for release in case.releases}
    assert releases >= set(checks.RELEASES)


@pytest.mark.parametrize("name", TYPES)
def test_the_objects_of_the_suite_are_accepted_without_an_unknown_field(name: str) -> None:
    assert [reason for case in _cases(name) for reason in _rejections(case.plan())] == []


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_objects_of_an_example_are_accepted_without_an_unknown_field(path: Path) -> None:
    read = [parse.parse(document) for document in own_packages.documents(path)]
    beside = [
        parse.parse(document) for other in path.parent.glob("*.yaml") for document in own_packages.documents(other)
    ]
    components = {parsed.value.metadata.name: parsed for parsed in beside if isinstance(parsed.value, Component)}
    for parsed in read:
        if isinstance(parsed.value, Application):
            inputs = Inputs(
                application=parsed.value, parsed=parsed, components=components, now=datetime(2026, 3, 1, tzinfo=UTC)
            )
            plan = render.render(inputs, _catalog())
            assert (plan.problems, list(_rejections(plan))) == ((), [])


def _check_any_properties(data: st.DataObject, name: str) -> None:
    """Properties that the type accepts give objects that the server accepts."""
    case = data.draw(st.sampled_from(_cases(name)))
    schema = properties.schema(case.setup.type_.properties)
    drawn: dict[str, Any] = data.draw(
        schema_values.changed(schema, case.setup.properties, fixed=PASSED_ON.get(name, frozenset()))
    )
    setup = rendering.RenderSetup(**{**_fields(case.setup), "properties": drawn})
    plan = rendering.plan(setup, _catalog_of(name))
    if not plan.problems:
        assert list(_rejections(plan)) == []


def _fields(setup: rendering.RenderSetup) -> dict[str, Any]:
    return {field: getattr(setup, field) for field in setup.__struct_fields__}


@functools.cache
def _catalog_of(name: str) -> Catalog:
    return _cases(name)[0].catalog()


PASSED_ON = {"monitoring.coreos.com/v1.Prometheus": {"spec"}, "placement": {"affinity"}}
"""Properties that are parts of an object, which only the API server validates, by type."""


@pytest.mark.parametrize("name", TYPES)
@settings(max_examples=15, suppress_health_check=schema_values.SUPPRESSED)
@given(data=st.data())
def test_any_accepted_properties_give_objects_that_are_accepted(name: str, data: st.DataObject) -> None:
    _check_any_properties(data, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", TYPES)
@settings(max_examples=300, suppress_health_check=schema_values.SUPPRESSED)
@given(data=st.data())
def test_many_accepted_properties_give_objects_that_are_accepted(name: str, data: st.DataObject) -> None:
    _check_any_properties(data, name)


MONITORING, KEDA = "monitoring.coreos.com/v1", "keda.sh/v1alpha1"
INVERTED = {"scaleTargetRef": {"name": "web"}, "minReplicaCount": 3, "maxReplicaCount": 2}


@pytest.mark.parametrize(
    ("api_version", "kind", "spec", "reason"),
    [
        (MONITORING, "ServiceMonitor", {"selector": {}, "endpoints": [{"pth": "/"}]}, "spec.endpoints[0].pth"),
        (MONITORING, "ServiceMonitor", {"selector": {}, "endpoints": [{"interval": "30"}]}, "interval"),
        (MONITORING, "PodMonitor", {"podMetricsEndpoints": []}, "spec.selector"),
        (KEDA, "ScaledObject", {**INVERTED, "triggers": [{"type": "cpu", "metadata": {}}]}, "maxReplicaCount"),
    ],
    ids=["unknown field", "pattern", "required field", "CEL rule"],
)
def test_an_object_that_the_definition_of_its_kind_excludes_is_rejected(
    api_version: str, kind: str, spec: Any, reason: str
) -> None:
    body = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "a"}, "spec": spec}
    assert reason in upstream_crds.rejection(body)
