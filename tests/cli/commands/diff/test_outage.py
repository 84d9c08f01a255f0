"""Which changes of an application are announced as an outage, on values."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.cli.commands.diff import remarks
from rudr_py.model.parse import documents
from rudr_py.render import render
from rudr_py.render.values.inputs import Inputs
from rudr_py.render.values.plan import Plan
from tests import own_packages
from tests.render.test_applicability import NOW

CATALOG = own_packages.everything().catalog
SERVER = "core.oam.dev/v1alpha1.Server"


def document(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "core.oam.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def planned(**instances: str) -> Plan:
    """The plan of an application with these instances, each with its component."""
    container = {"name": "web", "image": "registry.example/web:1.0.0"}
    bindings = [{"componentName": component, "instanceName": name} for name, component in instances.items()]
    parsed: Any = documents.parse(document("ApplicationConfiguration", "site", {"components": bindings}))
    components: Any = {
        name: documents.parse(document("ComponentSchematic", name, {"workloadType": SERVER, "containers": [container]}))
        for name in instances.values()
    }
    plan = render.render(Inputs(application=parsed.value, parsed=parsed, components=components, now=NOW), CATALOG)
    assert not plan.problems
    return plan


def live(workload: str = SERVER, **instances: str) -> dict[str, Any]:
    entries = [{"name": name, "component": component, "workload": workload} for name, component in instances.items()]
    return {"status": {"instances": entries}}


def test_a_new_component_with_a_new_instance_name_is_an_outage_with_the_way_around_it() -> None:
    text = remarks.outage(live(site1="page1"), planned(site2="page2"))
    assert text.startswith("the deletion of site1 does not wait until site2 is ready, which is an outage")
    assert "keep the instanceName site1 and change its componentName to page2, or set the annotation" in text


def test_a_new_instance_name_of_the_same_component_is_an_outage() -> None:
    text = remarks.outage(live(site1="page"), planned(site2="page"))
    assert text.endswith("keep the instanceName site1, or set the annotation rudr.oam.dev/removal: after-ready")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (live(site1="page1"), planned(site1="page2")),
        (live(site1="page1"), planned(site1="page1", site2="page2")),
        (live(site1="page1", site2="page2"), planned(site1="page1")),
        (live(), planned(site1="page1")),
        ({}, planned(site1="page1")),
        (live("core.oam.dev/v1alpha1.Task", site1="page1"), planned(site2="page2")),
    ],
)
def test_other_changes_are_no_outage(before: dict[str, Any], after: Plan) -> None:
    assert remarks.outage(before, after) == ""
