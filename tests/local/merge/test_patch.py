"""JSON merge patch and JSON patch: results, properties and errors."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.local.merge import patch
from rudr_py.local.merge.errors import PatchError

values = st.recursive(
    st.booleans() | st.integers(0, 2) | st.sampled_from("ab"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
documents = st.dictionaries(st.sampled_from("abc"), values, max_size=3)
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
operations = st.fixed_dictionaries(
    {
        "op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "burn"]),
        "path": st.text("/abc0-~", max_size=5),
    },
    optional={"value": junk, "from": st.text("/abc0", max_size=4)},
)


def test_null_removes_and_lists_are_replaced() -> None:
    doc = {"spec": {"a": 1, "l": [1, 2]}, "x": {"y": 1}}
    assert patch.merge_patch(doc, {"spec": {"a": None, "l": [3]}, "x": 4}) == {"spec": {"l": [3]}, "x": 4}


def test_null_never_enters_a_map_but_stays_in_a_list() -> None:
    assert patch.merge_patch({}, {"new": {"a": None, "b": [None]}}) == {"new": {"b": [None]}}


def test_a_merge_patch_must_be_a_map() -> None:
    with pytest.raises(PatchError) as caught:
        patch.merge_patch({}, [1])
    assert caught.value.status == 400


@given(documents, documents)
def test_a_merge_patch_without_null_is_idempotent_and_changes_no_argument(doc: Any, change: Any) -> None:
    before = repr((doc, change))
    once = patch.merge_patch(doc, change)
    assert patch.merge_patch(once, change) == once
    assert repr((doc, change)) == before


@given(documents)
def test_an_empty_merge_patch_changes_nothing(doc: Any) -> None:
    assert patch.merge_patch(doc, {}) == doc


@given(documents)
def test_a_document_merged_into_an_empty_one_is_unchanged(doc: Any) -> None:
    assert patch.merge_patch({}, doc) == doc


def test_json_patch_does_its_operations_in_order() -> None:
    doc = {"spec": {"replicas": 3}, "list": [1]}
    change = [
        {"op": "test", "path": "/spec/replicas", "value": 3},
        {"op": "replace", "path": "/spec/replicas", "value": 1},
        {"op": "add", "path": "/list/-", "value": 2},
        {"op": "remove", "path": "/list/0"},
    ]
    assert patch.json_patch(doc, change) == {"spec": {"replicas": 1}, "list": [2]}
    assert doc == {"spec": {"replicas": 3}, "list": [1]}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/a", "value": 9},
        {"op": "remove", "path": "/none"},
        {"op": "add", "path": "/none/deep", "value": 1},
        {"op": "add", "path": "/a/b", "value": 1},
        {"op": "burn", "path": "/a"},
        {"op": "add", "path": "no-slash", "value": 1},
    ],
)
def test_an_operation_that_does_not_fit_is_a_422_without_details(operation: dict[str, Any]) -> None:
    with pytest.raises(PatchError) as caught:
        patch.json_patch({"a": 1}, [operation])
    assert (caught.value.status, caught.value.reason) == (422, "Invalid")
    assert caught.value.message == "the server rejected our request due to an error in our request"


@pytest.mark.parametrize("change", [{}, "x", None, [1], [[]]])
def test_a_patch_that_is_not_a_list_of_operations_is_malformed(change: Any) -> None:
    with pytest.raises(PatchError) as caught:
        patch.json_patch({}, change)
    assert caught.value.status == 400


def test_too_many_operations_are_too_large() -> None:
    with pytest.raises(PatchError) as caught:
        patch.json_patch({}, [{"op": "test", "path": "", "value": {}}] * 10001)
    assert caught.value.status == 413


@given(documents, st.lists(operations, max_size=3))
def test_json_patch_raises_only_patch_errors(doc: Any, change: Any) -> None:
    with contextlib.suppress(PatchError):
        patch.json_patch(doc, change)
