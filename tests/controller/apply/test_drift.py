"""The sentence that says who changed a field of ours."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.controller.apply import drift
from rudr_py.local.merge.apply import apply
from rudr_py.local.merge.managed_fields import Write
from rudr_py.local.schema.builtin import builtin_schema

Document = dict[str, Any]

WANTED: Document = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "settings", "namespace": "shop", "labels": {"a": "1"}},
    "data": {"colour": "green", "size": "big"},
}


def applied(live: Document | None, document: Document, manager: str) -> Document:
    node = builtin_schema("1.36").node("v1", "ConfigMap")
    assert node is not None
    return apply(live, document, Write(manager=manager, api_version="v1", node=node), force=True)


@pytest.fixture
def live() -> Document:
    return applied(None, WANTED, "rudr")


def test_nothing_is_told_of_an_object_that_is_ours_in_all_we_want(live: Document) -> None:
    assert drift.told(live, WANTED) == ""
    foreign = {**WANTED, "metadata": {"name": "settings"}, "data": {"theirs": "yes"}}
    assert drift.told(applied(live, foreign, "kubectl"), WANTED) == ""


def test_the_manager_and_the_field_are_named(live: Document) -> None:
    other = {**WANTED, "metadata": {"name": "settings"}, "data": {"colour": "red"}}
    assert drift.told(applied(live, other, "kubectl-edit"), WANTED) == "kubectl-edit had changed data.colour"


def test_a_field_that_is_not_there_any_more_is_named_without_a_manager(live: Document) -> None:
    mine = live["metadata"]["managedFields"][0]["fieldsV1"]
    del mine["f:data"]["f:size"]
    assert drift.told(live, WANTED) == "somebody had removed data.size"


def test_changes_and_removals_are_told_together(live: Document) -> None:
    other = {**WANTED, "metadata": {"name": "settings"}, "data": {"colour": "red"}}
    changed = applied(live, other, "kubectl-edit")
    for entry in changed["metadata"]["managedFields"]:
        if entry["manager"] == "rudr":
            del entry["fieldsV1"]["f:metadata"]
    assert drift.told(changed, WANTED) == "kubectl-edit had changed data.colour; somebody had removed metadata"


def test_a_scale_by_the_subresource_has_a_manager_too() -> None:
    wanted = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 3}}
    scaled = {"manager": "kubectl", "operation": "Update", "subresource": "scale"}
    entries = [
        {"manager": "rudr", "operation": "Apply", "fieldsV1": {"f:spec": {}}},
        {**scaled, "fieldsV1": {"f:spec": {"f:replicas": {}}}},
    ]
    document = {**wanted, "metadata": {"name": "web", "managedFields": entries}}
    entries[0]["fieldsV1"] = {"f:spec": {".": {}}}
    assert drift.told(document, wanted) == "kubectl had changed spec.replicas"


def test_many_fields_are_counted_not_listed() -> None:
    data = {f"key{number:02}": "x" for number in range(20)}
    wanted = {**WANTED, "data": data}
    live = applied(None, wanted, "rudr")
    other = {**WANTED, "metadata": {"name": "settings"}, "data": dict.fromkeys(data, "y")}
    assert drift.told(applied(live, other, "bot"), wanted).endswith("data.key07 and 12 more")
