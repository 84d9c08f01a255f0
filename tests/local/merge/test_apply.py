"""Server-side apply: ownership, conflicts, removal, and properties that hold for any object."""

from __future__ import annotations

import contextlib
import copy
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.errors import ApiError
from rudr_py.local.merge import apply as merging
from rudr_py.local.merge import fieldset, managed_fields, typed
from rudr_py.local.merge.apply import ApplyConflict, TypedError
from rudr_py.local.merge.errors import PatchError
from rudr_py.local.merge.managed_fields import Write
from rudr_py.local.schema.defaulting import defaulter
from rudr_py.local.schema.node import SchemaNode

MakeWrite = Callable[..., Write]


def body(**spec: Any) -> dict[str, Any]:
    """A Widget; without arguments it has no spec."""
    identity = {"apiVersion": "example.dev/v1", "kind": "Widget", "metadata": {"name": "w"}}
    return {**identity, "spec": spec} if spec else identity


def web(replicas: int | None = None, **container: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "c", "image": "nginx:1", **container}]},
        },
    }
    if replicas is not None:
        spec["replicas"] = replicas
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def owners(obj: dict[str, Any], path: str) -> list[str]:
    """The managers that own a field, as `name/operation`."""
    return [
        f"{entry['manager']}/{entry['operation']}"
        for entry in obj["metadata"].get("managedFields", [])
        if path in fieldset.paths(entry["fieldsV1"])
    ]


def entry_of(obj: dict[str, Any], manager: str) -> dict[str, Any]:
    return next(entry for entry in obj["metadata"]["managedFields"] if entry["manager"] == manager)


def updated(live: dict[str, Any] | None, new: dict[str, Any], write: Write) -> dict[str, Any]:
    """An update as the server executes it: the new object with its managedFields."""
    result = copy.deepcopy(new)
    result.setdefault("metadata", {})["managedFields"] = managed_fields.update(live, new, write)
    return result


def test_an_apply_without_change_returns_the_live_object_times_included(by: MakeWrite) -> None:
    first = merging.apply(None, body(size=1, parts=[{"name": "a"}]), by("rudr", second=1), force=True)
    assert merging.apply(first, body(size=1, parts=[{"name": "a"}]), by("rudr", second=9), force=True) == first


def test_a_change_moves_the_time_of_the_appliers_entry(by: MakeWrite) -> None:
    first = merging.apply(None, body(size=1), by("rudr", second=1), force=True)
    second = merging.apply(first, body(size=2), by("rudr", second=9), force=True)
    assert entry_of(second, "rudr")["time"] == "2026-11-23T10:00:09Z"


def test_two_different_values_give_the_same_entry(by: MakeWrite) -> None:
    first = merging.apply(None, body(size=1), by("rudr"), force=True)
    two = merging.apply(None, body(size=2), by("rudr"), force=True)
    assert entry_of(first, "rudr") == entry_of(two, "rudr")


def test_an_edit_by_another_manager_removes_the_field_from_the_entry(by: MakeWrite) -> None:
    live = merging.apply(None, body(size=1, color="red"), by("rudr"), force=True)
    changed = {**live, "spec": {"size": 5, "color": "red"}}
    after = updated(live, changed, by("kubectl-edit", second=5))
    assert owners(after, ".spec.size") == ["kubectl-edit/Update"]
    assert owners(after, ".spec.color") == ["rudr/Apply"]
    assert entry_of(after, "rudr")["time"] == "2026-11-23T10:00:00Z"


def test_a_removal_by_another_manager_removes_the_field_from_the_entry(by: MakeWrite) -> None:
    live = merging.apply(None, body(size=1, color="red"), by("rudr"), force=True)
    after = updated(live, {**live, "spec": {"color": "red"}}, by("kubectl-edit"))
    assert entry_of(after, "rudr")["fieldsV1"] == {"f:spec": {"f:color": {}}}
    assert [entry["manager"] for entry in after["metadata"]["managedFields"]] == ["rudr"]


def test_a_field_of_another_manager_and_a_status_change_do_not_change_the_entry(by: MakeWrite) -> None:
    live = merging.apply(None, body(size=1), by("rudr"), force=True)
    foreign = updated(live, {**live, "spec": {"size": 1, "color": "red"}}, by("hand"))
    status = by(
        "kubelet", subresource="status", reset=managed_fields.reset_fields("status", custom=True, has_status=True)
    )
    after = updated(foreign, {**foreign, "status": {"phase": "Ready"}}, status)
    assert entry_of(after, "rudr") == entry_of(live, "rudr")
    assert entry_of(after, "kubelet")["subresource"] == "status"


def test_a_field_without_an_owner_is_removed_and_defaulted(deployment: SchemaNode) -> None:
    write = Write(manager="rudr", api_version="apps/v1", node=deployment, time="2026-11-23T10:00:00Z")
    live = merging.apply(None, web(replicas=5), write, force=True)
    defaulter.default(live, deployment)
    after = merging.apply(live, web(), write, force=True)
    assert "replicas" not in after["spec"]
    defaulter.default(after, deployment)
    assert after["spec"]["replicas"] == 1
    assert owners(after, ".spec.replicas") == []


def test_an_apply_that_only_adds_an_owner_has_no_time(by: MakeWrite) -> None:
    live = merging.apply(None, body(size=5), by("rudr"), force=True)
    shared = merging.apply(live, body(size=5), by("other"), force=True)
    assert "time" not in entry_of(shared, "other")
    changed = merging.apply(shared, body(size=6), by("other"), force=True)
    assert entry_of(changed, "other")["time"]


def test_a_field_can_be_handed_over_through_a_second_manager(by: MakeWrite) -> None:
    live = merging.apply(None, body(size=5, color="red"), by("rudr"), force=True)
    handed = merging.apply(live, body(size=5), by("rudr-handover"), force=False)
    assert owners(handed, ".spec.size") == ["rudr-handover/Apply", "rudr/Apply"]
    dropped = merging.apply(handed, body(color="red"), by("rudr"), force=True)
    assert dropped["spec"] == {"size": 5, "color": "red"}
    assert owners(dropped, ".spec.size") == ["rudr-handover/Apply"]
    taken = merging.apply(dropped, body(size=7, color="red"), by("rudr"), force=True)
    back = merging.apply(taken, body(), by("rudr-handover"), force=True)
    assert back["spec"] == {"size": 7, "color": "red"}
    assert owners(back, ".spec.size") == ["rudr/Apply"]


def test_an_object_created_by_post_keeps_removed_keys_in_a_second_entry(by: MakeWrite) -> None:
    created = updated(None, body(labels={"a": "1", "b": "2"}), by("rudr"))
    applied = merging.apply(created, body(labels={"a": "1", "b": "2"}), by("rudr", second=1), force=True)
    assert owners(applied, ".spec.labels.b") == ["rudr/Apply", "rudr/Update"]
    after = merging.apply(applied, body(labels={"a": "1"}), by("rudr", second=2), force=True)
    assert after["spec"]["labels"] == {"a": "1", "b": "2"}
    assert owners(after, ".spec.labels.b") == ["rudr/Update"]


def test_fields_without_any_manager_belong_to_before_first_apply(by: MakeWrite) -> None:
    untracked = body(size=1, color="red")
    after = merging.apply(untracked, body(size=1), by("rudr"), force=True)
    assert owners(after, ".spec.color") == ["before-first-apply/Update"]
    assert owners(after, ".spec.size") == ["rudr/Apply", "before-first-apply/Update"]


def test_an_entry_without_fields_is_removed(by: MakeWrite) -> None:
    live = merging.apply(None, body(size=1), by("old"), force=True)
    after = merging.apply(live, body(size=2), by("new"), force=True)
    assert [entry["manager"] for entry in after["metadata"]["managedFields"]] == ["new"]


def test_appliers_come_first_then_older_entries(by: MakeWrite) -> None:
    live = updated(None, body(size=1, color="red"), by("zoe", second=1))
    live = merging.apply(live, body(color="blue"), by("bob", second=5), force=True)
    live = merging.apply(live, body(labels={"a": "1"}), by("amy", second=3), force=True)
    entries = [(entry["manager"], entry["operation"]) for entry in live["metadata"]["managedFields"]]
    assert entries == [("amy", "Apply"), ("bob", "Apply"), ("zoe", "Update")]


def test_a_conflict_names_the_manager_and_the_field(by: MakeWrite) -> None:
    live = merging.apply(None, body(size=1), by("hpa"), force=True)
    with pytest.raises(ApplyConflict) as caught:
        merging.apply(live, body(size=2), by("rudr"), force=False)
    assert caught.value.message == 'Apply failed with 1 conflict: conflict with "hpa": .spec.size'
    assert caught.value.conflicts == (('"hpa"', ".spec.size"),)
    assert (caught.value.status, caught.value.reason) == (409, "Conflict")
    assert caught.value.causes[0].field == ".spec.size"
    assert caught.value.causes[0].message == 'conflict with "hpa"'


def test_several_conflicts_are_grouped_by_manager(by: MakeWrite) -> None:
    live = merging.apply(None, body(size=1), by("hpa"), force=True)
    live = updated(live, {**live, "spec": {"size": 1, "color": "red", "labels": {"a": "1"}}}, by("hand"))
    with pytest.raises(ApplyConflict) as caught:
        merging.apply(live, body(size=2, color="blue", labels={"a": "2"}), by("rudr"), force=False)
    assert caught.value.message == (
        'Apply failed with 3 conflicts: conflicts with "hand" using example.dev/v1:\n'
        "- .spec.color\n- .spec.labels.a\n"
        'conflicts with "hpa":\n- .spec.size'
    )


def test_equal_values_are_co_owned_without_a_conflict(by: MakeWrite) -> None:
    live = merging.apply(None, body(size=1), by("hpa"), force=True)
    after = merging.apply(live, body(size=1), by("rudr"), force=False)
    assert owners(after, ".spec.size") == ["rudr/Apply", "hpa/Apply"]


def test_a_co_owned_field_is_kept_when_one_owner_stops_applying_it(by: MakeWrite) -> None:
    live = merging.apply(None, body(size=1), by("hpa"), force=True)
    live = merging.apply(live, body(size=1, color="red"), by("rudr"), force=True)
    after = merging.apply(live, body(color="red"), by("rudr"), force=True)
    assert after["spec"] == {"size": 1, "color": "red"}


def test_removing_a_struct_removes_the_defaults_below_it(deployment: SchemaNode) -> None:
    write = Write(manager="rudr", api_version="apps/v1", node=deployment)
    probe = {"httpGet": {"path": "/", "port": 80}}
    live = merging.apply(None, web(livenessProbe=probe), write, force=True)
    defaulter.default(live, deployment)
    after = merging.apply(live, web(), write, force=True)
    assert "livenessProbe" not in after["spec"]["template"]["spec"]["containers"][0]


def test_a_struct_with_a_part_of_another_manager_keeps_that_part(by: MakeWrite) -> None:
    live = merging.apply(None, body(inner={"x": "1"}), by("rudr"), force=True)
    live = merging.apply(live, body(inner={"y": "2"}), by("other"), force=True)
    after = merging.apply(live, body(), by("rudr"), force=True)
    assert after["spec"] == {"inner": {"y": "2"}}


def test_an_atomic_map_is_replaced_as_a_whole(by: MakeWrite) -> None:
    live = merging.apply(None, body(whole={"a": "1", "b": "2"}), by("rudr"), force=True)
    after = merging.apply(live, body(whole={"c": "3"}), by("rudr"), force=True)
    assert after["spec"] == {"whole": {"c": "3"}}
    assert entry_of(after, "rudr")["fieldsV1"] == {"f:spec": {"f:whole": {}}}


def test_items_of_a_set_have_separate_owners(by: MakeWrite) -> None:
    live = merging.apply(None, body(tags=["a", "b"]), by("rudr"), force=True)
    live = merging.apply(live, body(tags=["c"]), by("other"), force=True)
    after = merging.apply(live, body(tags=["b"]), by("rudr"), force=True)
    assert after["spec"]["tags"] == ["b", "c"]


def test_an_absent_list_key_with_a_default_is_the_default(by: MakeWrite) -> None:
    ports: list[dict[str, Any]] = [{"port": 80}, {"port": 80, "protocol": "UDP"}]
    live = merging.apply(None, body(parts=[{"name": "a", "ports": ports}]), by("rudr"), force=True)
    named = [{"port": 80, "protocol": "TCP", "note": "x"}]
    after = merging.apply(live, body(parts=[{"name": "a", "ports": named}]), by("other"), force=True)
    assert after["spec"]["parts"][0]["ports"] == [
        {"port": 80, "protocol": "TCP", "note": "x"},
        {"port": 80, "protocol": "UDP"},
    ]


def test_unknown_fields_of_a_preserving_map_merge_key_by_key(by: MakeWrite) -> None:
    live = merging.apply(None, body(free={"a": {"x": 1}, "l": [1]}), by("rudr"), force=True)
    live = merging.apply(live, body(free={"a": {"y": [{"name": "p"}]}}), by("other"), force=True)
    assert live["spec"]["free"] == {"a": {"x": 1, "y": [{"name": "p"}]}, "l": [1]}
    after = merging.apply(live, body(), by("rudr"), force=True)
    assert after["spec"]["free"] == {"a": {"y": [{"name": "p"}]}}


def test_an_untyped_field_may_change_from_a_map_to_a_scalar(by: MakeWrite) -> None:
    live = merging.apply(None, body(free={"a": {"x": 1}}), by("rudr"), force=True)
    after = merging.apply(live, body(free={"a": 3}), by("rudr"), force=True)
    assert after["spec"]["free"] == {"a": 3}


def test_identity_and_server_set_fields_are_never_owned(by: MakeWrite) -> None:
    applied = body(size=1)
    applied["metadata"] |= {"namespace": "n", "uid": "u", "resourceVersion": "3", "labels": {"a": "b"}}
    live = merging.apply(None, applied, by("rudr"), force=True)
    assert entry_of(live, "rudr")["fieldsV1"] == {"f:metadata": {"f:labels": {"f:a": {}}}, "f:spec": {"f:size": {}}}


def test_status_is_owned_through_the_status_endpoint_only(by: MakeWrite) -> None:
    main = by("rudr", reset=managed_fields.reset_fields("", custom=True, has_status=True))
    live = merging.apply(None, {**body(size=1), "status": {"phase": "x"}}, main, force=True)
    assert entry_of(live, "rudr")["fieldsV1"] == {"f:spec": {"f:size": {}}}
    door = by("status", subresource="status", reset=managed_fields.reset_fields("status", custom=True, has_status=True))
    after = merging.apply(live, {**body(size=9), "status": {"phase": "y"}}, door, force=True)
    assert entry_of(after, "status")["fieldsV1"] == {"f:status": {"f:phase": {}}}


def test_an_undeclared_field_cannot_be_typed(deployment: SchemaNode) -> None:
    write = Write(manager="rudr", api_version="apps/v1", node=deployment)
    applied = web()
    applied["spec"]["bogus"] = 1
    with pytest.raises(TypedError) as caught:
        merging.apply(None, applied, write, force=True)
    assert caught.value.status == 500
    assert caught.value.message == (
        "failed to create typed patch object (/web; apps/v1, Kind=Deployment): "
        ".spec.bogus: field not declared in schema"
    )


def test_managed_fields_in_the_body_are_rejected(by: MakeWrite) -> None:
    applied = body()
    applied["metadata"]["managedFields"] = [{"manager": "x"}]
    with pytest.raises(PatchError, match=r"^metadata\.managedFields must be nil$"):
        merging.apply(None, applied, by("rudr"), force=True)


def test_a_version_other_than_that_of_the_path_is_rejected(by: MakeWrite) -> None:
    with pytest.raises(PatchError, match=r"Specified patch version: example\.dev/v1, expected: example\.dev/v2"):
        merging.apply(None, body(), by("rudr", api_version="example.dev/v2"), force=True)


def test_kubectl_owns_the_fields_that_it_applied_client_side(by: MakeWrite) -> None:
    created = body(size=1)
    last = '{"apiVersion":"example.dev/v1","kind":"Widget","metadata":{"name":"w"},"spec":{"size":1}}'
    created["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": last}
    live = updated(None, created, by("kubectl-client-side-apply"))
    with pytest.raises(ApplyConflict):
        merging.apply(live, body(size=2), by("other"), force=False)
    after = merging.apply(live, body(size=2), by("kubectl"), force=False)
    annotation = after["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]
    assert after["spec"]["size"] == 2
    assert '"size":2' in annotation


def test_converting_an_update_entry_in_managed_fields_removes_dropped_fields(by: MakeWrite) -> None:
    live = merging.apply(body(size=1, color="red"), body(size=1), by("rudr"), force=True)
    edited = copy.deepcopy(live)
    for entry in edited["metadata"]["managedFields"]:
        if entry["manager"] == "before-first-apply":
            entry |= {"manager": "rudr", "operation": "Apply"}
    edited["metadata"]["managedFields"] = [
        entry for entry in edited["metadata"]["managedFields"] if "f:color" in entry["fieldsV1"]["f:spec"]
    ]
    edited["metadata"]["managedFields"] = managed_fields.update(live, edited, by("rudr"))
    assert owners(edited, ".spec.color") == ["rudr/Apply"]
    after = merging.apply(edited, body(size=1), by("rudr"), force=True)
    assert after["spec"] == {"size": 1}


def test_an_apply_without_changes_returns_the_live_object(by: MakeWrite) -> None:
    live = merging.apply(None, body(parts=[{"name": "a"}], labels={"a": "1"}, args=["x"]), by("rudr"), force=True)
    assert (
        merging.apply(live, body(parts=[{"name": "a"}], args=["x"], labels={"a": "1"}), by("rudr"), force=True) is live
    )
    other = merging.apply(live, body(labels={"a": "1"}), by("other"), force=True)
    assert other is not live
    assert owners(other, ".spec.labels.a") == ["other/Apply", "rudr/Apply"]


def test_the_result_of_a_change_shares_nothing_with_the_live_object(by: MakeWrite) -> None:
    live = merging.apply(None, body(parts=[{"name": "a"}], labels={"a": "1"}), by("rudr"), force=True)
    before = copy.deepcopy(live)
    after = merging.apply(live, body(parts=[{"name": "a"}], labels={"a": "1"}, size=2), by("rudr"), force=True)
    after["spec"]["parts"][0]["name"] = "z"
    after["spec"]["labels"]["q"] = "z"
    after["metadata"]["managedFields"][0]["fieldsV1"]["f:x"] = {}
    assert live == before


def test_an_apply_without_change_of_a_deployment_is_cheap(deployment: SchemaNode) -> None:
    write = Write(manager="rudr", api_version="apps/v1", node=deployment, time="2026-11-23T10:00:00Z")
    live = merging.apply(None, web(env=[{"name": str(n), "value": "v"} for n in range(10)]), write, force=True)
    defaulter.default(live, deployment)
    applied = web(env=[{"name": str(n), "value": "v"} for n in range(10)])
    fastest = 1.0
    for _ in range(20):
        start = time.process_time()
        merging.apply(live, applied, write, force=True)
        fastest = min(fastest, time.process_time() - start)
    assert fastest < 0.002


message = st.sampled_from(["a", "b", "c", "d"])
parts = st.lists(
    st.fixed_dictionaries({"name": message}, optional={"value": message}),
    min_size=1,
    max_size=3,
    unique_by=lambda p: p["name"],
)
specs = st.fixed_dictionaries(
    {},
    optional={
        "size": st.integers(0, 3),
        "color": message,
        "inner": st.dictionaries(st.sampled_from(["x", "y"]), message, min_size=1),
        "labels": st.dictionaries(message, message, min_size=1, max_size=3),
        "whole": st.dictionaries(message, message, min_size=1, max_size=2),
        "tags": st.lists(message, min_size=1, max_size=3, unique=True),
        "args": st.lists(message, min_size=1, max_size=3),
        "parts": parts,
        "free": st.dictionaries(message, st.integers(0, 2) | st.dictionaries(message, message, min_size=1), min_size=1),
    },
)


def write_by(manager: str, node: SchemaNode, day: int = 23) -> Write:
    return Write(manager=manager, api_version="example.dev/v1", node=node, time=f"2026-11-{day}T10:00:00Z")


@given(specs, specs)
def test_apply_is_idempotent(widget: SchemaNode, first: dict[str, Any], second: dict[str, Any]) -> None:
    live = merging.apply(None, body(**first), write_by("other", widget), force=True)
    once = merging.apply(live, body(**second), write_by("rudr", widget), force=True)
    assert merging.apply(once, body(**second), write_by("rudr", widget, day=24), force=True) == once


@given(specs, specs)
def test_an_empty_apply_removes_exactly_the_fields_without_other_owners(
    widget: SchemaNode, ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    live = merging.apply(None, body(**ours), write_by("rudr", widget), force=True)
    both = merging.apply(live, body(**theirs), write_by("other", widget), force=True)
    left = merging.apply(both, body(), write_by("rudr", widget), force=True)
    assert left.get("spec", {}) == theirs
    assert [entry["manager"] for entry in left["metadata"].get("managedFields", [])] == (["other"] if theirs else [])


@given(specs, specs, specs)
def test_owned_fields_exist(
    widget: SchemaNode, first: dict[str, Any], second: dict[str, Any], third: dict[str, Any]
) -> None:
    live = merging.apply(None, body(**first), write_by("rudr", widget), force=True)
    edited = {**live, "spec": second} if second else {key: live[key] for key in live if key != "spec"}
    edited = {
        **edited,
        "metadata": {
            **live["metadata"],
            "managedFields": managed_fields.update(live, edited, write_by("hand", widget)),
        },
    }
    after = merging.apply(edited, body(**third), write_by("rudr", widget), force=True)
    there = typed.with_declared(typed.field_set(managed_fields.without_managed_fields(after), widget), widget)
    for entry in after["metadata"].get("managedFields", []):
        assert fieldset.difference(entry["fieldsV1"], there) == {}
    if third:
        assert typed.merge(after["spec"], third, widget.properties["spec"]) == after["spec"]


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=2),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["parts", "tags", "labels", "free", "name", "inner"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(junk, junk)
def test_invalid_objects_raise_only_api_errors(widget: SchemaNode, live: Any, applied: Any) -> None:
    stored: dict[str, Any] = {**body(), "spec": live}
    stored["metadata"] = {"name": "w", "managedFields": managed_fields.update(None, stored, write_by("hand", widget))}
    changed = {**body(), "spec": applied}
    managed_fields.update(stored, changed, write_by("hand", widget))
    with contextlib.suppress(ApiError):
        merging.apply(stored, changed, write_by("rudr", widget), force=True)


def test_a_live_object_that_cannot_be_typed_is_an_error(by: MakeWrite) -> None:
    live = body(parts=[None])
    with pytest.raises(TypedError, match=r"^failed to create typed live object \(/w; example\.dev/v1, Kind=Widget\)"):
        merging.apply(live, body(parts=[{"name": "a"}]), by("rudr"), force=True)


def test_an_owned_map_is_kept_when_its_last_part_is_removed(by: MakeWrite) -> None:
    live = merging.apply(None, body(inner={"x": "1"}), by("rudr"), force=True)
    live = merging.apply(live, body(inner={}), by("other"), force=True)
    after = merging.apply(live, body(), by("rudr"), force=True)
    assert "inner" not in after["spec"]
    assert owners(after, ".spec.inner") == ["other/Apply"]
