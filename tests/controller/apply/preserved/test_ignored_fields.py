"""The body that is applied to a live object whose fields are left to other managers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind, Ref
from rudr_py.controller.apply import desired
from rudr_py.controller.apply.preserved import ignored_fields
from rudr_py.render.values.plan import PlannedObject, Pointer

DOCUMENT = {
    "data": {"a": "1", "b": "2"},
    "spec": {"rules": [{"host": "h", "paths": ["/"]}], "containers": [{"name": "web", "image": "web:1"}]},
}
LIVE = {
    "data": {"a": "9", "b": "9"},
    "spec": {
        "rules": [{"host": "other", "paths": ["/", "/x"]}],
        "containers": [{"name": "side", "image": "side:1"}, {"name": "web", "image": "web:9"}],
    },
}
PATHS: Pointer = ("spec", "rules", 0, "paths")


def test_a_field_that_is_reached_through_maps_is_given_up() -> None:
    result = ignored_fields.over(DOCUMENT, LIVE, [("data", "a")])
    assert result == {**DOCUMENT, "data": {"b": "2"}}


def test_a_field_inside_a_list_has_its_live_value_and_its_neighbours_do_not() -> None:
    result = ignored_fields.over(DOCUMENT, LIVE, [PATHS])
    assert result["spec"]["rules"] == [{"host": "h", "paths": ["/", "/x"]}]


def test_a_named_item_of_a_list_is_the_same_in_another_order() -> None:
    result = ignored_fields.over(DOCUMENT, LIVE, [("spec", "containers", {"name": "web"}, "image")])
    assert result["spec"]["containers"] == [{"name": "web", "image": "web:9"}]


def test_a_field_that_another_manager_removed_stays_removed() -> None:
    live = {"spec": {"rules": [{"host": "h"}]}}
    assert ignored_fields.over(DOCUMENT, live, [PATHS])["spec"]["rules"] == [{"host": "h"}]


@pytest.mark.parametrize("live", [{}, {"spec": {}}, {"spec": {"rules": []}}, {"spec": {"rules": "text"}}])
def test_the_planned_value_remains_where_the_live_object_has_no_such_item(live: dict[str, Any]) -> None:
    assert ignored_fields.over(DOCUMENT, live, [PATHS]) == DOCUMENT


def test_the_document_itself_is_not_changed() -> None:
    before = msgspec.json.encode(DOCUMENT)
    ignored_fields.over(DOCUMENT, LIVE, [PATHS, ("data", "a")])
    assert msgspec.json.encode(DOCUMENT) == before


def test_a_live_object_covers_a_document_of_which_it_has_every_value() -> None:
    assert ignored_fields.covers({"a": [{"b": 1}], "c": 2}, {"a": [{"b": 1}]})
    assert not ignored_fields.covers({"a": [{"b": 1}, {}]}, {"a": [{"b": 1}]})
    assert not ignored_fields.covers({"a": 1}, {"a": 1, "b": None})


def test_ignored_values_are_not_part_of_the_hash_and_all_others_are() -> None:
    def planned(colour: str, size: str) -> PlannedObject:
        metadata = {"name": "settings", "namespace": "shop", "labels": {}}
        kind = Kind("v1", "ConfigMap")
        document = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
        body = {**document, "data": {"colour": colour, "size": size}}
        return PlannedObject(
            ref=Ref(kind, "settings"), body=body, instance="", made_by="test", ignored=(("data", "colour"),)
        )

    green = desired.complete(planned("green", "s"), None)
    assert desired.complete(planned("red", "s"), None).hash == green.hash
    assert desired.complete(planned("green", "m"), None).hash != green.hash
    assert green.document["data"] == {"colour": "green", "size": "s"}
    assert green.over({}).document["data"] == {"size": "s"}
