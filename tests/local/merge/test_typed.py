"""Operations on typed values: merge, comparison and removal."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.local.merge import elements, fieldset, typed
from rudr_py.local.merge.typed import FieldComparison
from rudr_py.local.schema.node import DEDUCED, OPAQUE, SchemaNode
from rudr_py.local.storage.cloning import clone

KEYED = SchemaNode(
    type="array",
    list_type="map",
    list_keys=("name",),
    items=SchemaNode(type="object", properties={"name": SchemaNode(type="string"), "v": SchemaNode(type="string")}),
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from("ab"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
maps = st.dictionaries(st.sampled_from("abc"), anything, max_size=3)


def named(*names: str) -> list[dict[str, str]]:
    return [{"name": name} for name in names]


@pytest.mark.parametrize(
    ("live", "applied", "merged"),
    [
        ("ab", "xb", "axb"),
        ("ab", "x", "abx"),
        ("1a2", "21", "a21"),
        ("1a2b", "21", "a2b1"),
        ("abc", "cxa", "bcxa"),
        ("", "ba", "ba"),
    ],
)
def test_applied_items_keep_their_order_and_live_items_their_position(live: str, applied: str, merged: str) -> None:
    assert typed.merge(named(*live), named(*applied), KEYED) == named(*merged)


def test_an_opaque_value_is_replaced_and_owned_as_a_whole() -> None:
    assert typed.merge({"a": 1}, {"b": 2}, OPAQUE) == {"b": 2}
    assert typed.field_set({"x": {"a": 1}}, SchemaNode(type="object", properties={"x": OPAQUE})) == {"f:x": {}}


def test_true_is_not_one() -> None:
    assert not elements.same({"a": [True]}, {"a": [1]})
    assert typed.compare({"a": True}, {"a": 1}, DEDUCED).modified == {"f:a": {}}


def test_duplicate_items_are_owned_as_a_whole() -> None:
    node = SchemaNode(type="object", properties={"l": KEYED})
    twice = {"l": [{"name": "a", "v": "1"}, {"name": "a", "v": "2"}]}
    assert typed.field_set(twice, node) == {"f:l": {'k:{"name":"a"}': {}}}
    once = {"l": [{"name": "a", "v": "1"}]}
    comparison = typed.compare(once, twice, node)
    assert comparison.added == {"f:l": {'k:{"name":"a"}': {}}}
    assert typed.compare(twice, once, node).removed == {"f:l": {'k:{"name":"a"}': {}}}


def test_empty_and_null_are_distinct() -> None:
    node = SchemaNode(type="object", properties={"l": KEYED})
    assert typed.compare({"l": []}, {"l": None}, node).modified == {"f:l": {}}
    assert typed.compare({}, {"l": []}, node).added == {"f:l": {}}


@given(maps, maps)
def test_a_merged_value_contains_the_applied_one(live: dict[str, Any], applied: dict[str, Any]) -> None:
    merged = typed.merge(live, applied, DEDUCED)
    assert elements.same(typed.merge(merged, applied, DEDUCED), merged)


@given(maps)
def test_equal_values_have_no_differences(value: dict[str, Any]) -> None:
    assert typed.compare(value, clone(value), DEDUCED) == FieldComparison({}, {}, {})


@given(maps, maps)
def test_fields_added_in_one_direction_are_removed_in_the_other(left: dict[str, Any], right: dict[str, Any]) -> None:
    forth, back = typed.compare(left, right, DEDUCED), typed.compare(right, left, DEDUCED)
    assert (forth.added, forth.modified, forth.removed) == (back.removed, back.modified, back.added)


@given(maps)
def test_removing_all_fields_leaves_nothing(value: dict[str, Any]) -> None:
    every = typed.compare(elements.ABSENT, value, DEDUCED).added
    assert not value or typed.remove(value, every, DEDUCED) is None
    assert fieldset.difference(typed.field_set(value, DEDUCED), every) == {}


def test_a_field_that_became_atomic_is_owned_as_a_whole() -> None:
    node = SchemaNode(
        type="object",
        properties={
            "m": SchemaNode(type="object", map_type="atomic"),
            "l": SchemaNode(type="array"),
            "k": KEYED,
            "free": DEDUCED,
        },
    )
    written: dict[str, Any] = {
        "f:m": {"f:a": {}},
        "f:l": {".": {}, 'v:"x"': {}},
        "f:k": {'k:{"name":"a"}': {"f:v": {}}},
        "f:free": {"f:a": {}},
        "f:gone": {"f:a": {}},
    }
    assert typed.reconcile_with_schema(written, node) == {**written, "f:m": {}, "f:l": {}}
    assert typed.reconcile_with_schema(written["f:k"], KEYED) is written["f:k"]
