"""The managedFields after creates, updates and patches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.local.merge import fieldset, managed_fields
from rudr_py.local.merge.managed_fields import Write
from rudr_py.local.schema.node import SchemaNode

MakeWrite = Callable[..., Write]

junk = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["f:spec", "f:size", "f:parts", 'k:{"name":"a"}', "k:1", "k:{", 'v:"x"', "i:0", ".", "z:1", "x"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def widget_of(managed: Any = None, **spec: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": "w"}
    if managed is not None:
        metadata["managedFields"] = managed
    return {"apiVersion": "example.dev/v1", "kind": "Widget", "metadata": metadata, "spec": spec}


def test_a_create_owns_every_field_and_the_maps_that_it_creates(by: MakeWrite) -> None:
    managed = managed_fields.update(None, widget_of(size=1, labels={"a": "1"}), by("hand"))
    assert managed == [
        {
            "manager": "hand",
            "operation": "Update",
            "apiVersion": "example.dev/v1",
            "time": "2026-11-23T10:00:00Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:spec": {".": {}, "f:labels": {".": {}, "f:a": {}}, "f:size": {}}},
        }
    ]


def test_an_update_without_change_keeps_the_entries(by: MakeWrite) -> None:
    managed = managed_fields.update(None, widget_of(size=1), by("hand"))
    live = widget_of(managed, size=1)
    assert managed_fields.update(live, widget_of(size=1), by("other", second=9)) == managed


def test_an_update_by_the_same_manager_joins_its_entry_and_renews_the_time(by: MakeWrite) -> None:
    live = widget_of(managed_fields.update(None, widget_of(size=1), by("hand")), size=1)
    managed = managed_fields.update(live, widget_of(size=1, color="red"), by("hand", second=9))
    assert [entry["time"] for entry in managed] == ["2026-11-23T10:00:09Z"]
    assert fieldset.paths(managed[0]["fieldsV1"]) == [".spec", ".spec.color", ".spec.size"]


def test_an_update_that_only_removes_fields_keeps_the_time(by: MakeWrite) -> None:
    live = widget_of(managed_fields.update(None, widget_of(size=1, color="red"), by("hand")), size=1, color="red")
    managed = managed_fields.update(live, widget_of(size=1), by("hand", second=9))
    assert [entry["time"] for entry in managed] == ["2026-11-23T10:00:00Z"]


def test_an_object_without_tracking_stays_untracked(by: MakeWrite) -> None:
    assert managed_fields.update(widget_of(size=1), widget_of(size=2), by("hand")) == []


@pytest.mark.parametrize("emptied", [[], [{}]])
def test_emptying_managed_fields_ends_tracking(by: MakeWrite, emptied: list[Any]) -> None:
    live = widget_of(managed_fields.update(None, widget_of(size=1), by("hand")), size=1)
    assert managed_fields.update(live, widget_of(emptied, size=1), by("hand")) == []


def test_malformed_managed_fields_of_a_request_are_ignored(by: MakeWrite) -> None:
    managed = managed_fields.update(None, widget_of(size=1), by("hand"))
    broken = [{"manager": "x", "operation": "Apply", "apiVersion": "v1", "fieldsType": "Else", "fieldsV1": {}}]
    assert managed_fields.update(widget_of(managed, size=1), widget_of(broken, size=1), by("hand")) == managed


@given(junk)
def test_any_managed_fields_of_a_client_are_handled(widget: SchemaNode, fields: Any) -> None:
    write = Write(manager="hand", api_version="example.dev/v1", node=widget, time="2026-11-23T10:00:00Z")
    entry = {"manager": "x", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "time": fields}
    edited = widget_of([{**entry, "fieldsV1": fields}], size=1)
    managed = managed_fields.update(widget_of(size=1), edited, write)
    assert managed_fields.encode(managed_fields.decode(managed)) == managed
    managed_fields.update(edited, widget_of(size=2, parts=[{"name": "a"}]), write)


def test_managed_fields_cannot_be_edited_through_a_subresource(by: MakeWrite) -> None:
    managed = managed_fields.update(None, widget_of(size=1), by("hand"))
    edited = [{**managed[0], "manager": "thief"}]
    write = by("hand", subresource="status")
    assert managed_fields.update(widget_of(managed, size=1), widget_of(edited, size=1), write) == managed


def test_a_write_without_time_creates_an_entry_without_time(by: MakeWrite) -> None:
    live = widget_of(managed_fields.update(None, widget_of(size=1), by("hand")), size=1)
    scale = Write(manager="hpa", api_version="example.dev/v1", node=by("x").node, subresource="scale")
    managed = managed_fields.update(live, widget_of(size=2), scale)
    assert managed[0] == {
        "manager": "hpa",
        "operation": "Update",
        "apiVersion": "example.dev/v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:size": {}}},
        "subresource": "scale",
    }


def test_more_than_ten_updaters_are_folded_into_ancient_changes(by: MakeWrite) -> None:
    live = widget_of(managed_fields.update(None, widget_of(size=0), by("m0")), size=0)
    for number in range(1, 13):
        spec: dict[str, Any] = {**live["spec"], "labels": {str(n): "x" for n in range(number)}}
        managed = managed_fields.update(live, widget_of(**spec), by(f"m{number}", second=number))
        live = widget_of(managed, **spec)
    managers = [entry["manager"] for entry in live["metadata"]["managedFields"]]
    assert managers == ["ancient-changes", *(f"m{number}" for number in range(4, 13))]


def test_objects_that_differ_in_times_alone_are_the_same(by: MakeWrite) -> None:
    early = widget_of(managed_fields.update(None, widget_of(size=1), by("hand", second=1)), size=1)
    late = widget_of(managed_fields.update(None, widget_of(size=1), by("hand", second=9)), size=1)
    assert managed_fields.same_but_times(early, late)
    assert not managed_fields.same_but_times(early, widget_of(early["metadata"]["managedFields"], size=2))
    other = widget_of(managed_fields.update(None, widget_of(size=1), by("else", second=1)), size=1)
    assert not managed_fields.same_but_times(early, other)


def test_each_endpoint_resets_the_fields_that_it_does_not_write() -> None:
    assert managed_fields.reset_fields("", custom=True, has_status=True) == (("status",),)
    assert managed_fields.reset_fields("", custom=True, has_status=False) == ()
    assert managed_fields.reset_fields("status", custom=True, has_status=True) == (("metadata",), ("spec",))
    assert managed_fields.reset_fields("status", custom=False, has_status=True) == (("metadata", "labels"), ("spec",))
