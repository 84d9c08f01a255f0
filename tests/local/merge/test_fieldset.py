"""Sets of fields: union, difference, intersection, and their encoding."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.local.merge import fieldset
from rudr_py.local.merge.fieldset import Fields

names = st.sampled_from(["f:a", "f:b", 'k:{"name":"c"}', 'k:{"name":"d"}', 'v:"x"', "i:0"])


def entries(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    def entry(pair: tuple[bool, Fields]) -> Fields:
        member, below = pair
        return {".": {}, **below} if member and below else below

    return st.dictionaries(names, st.tuples(st.booleans(), children).map(entry), max_size=3)


field_sets: st.SearchStrategy[Fields] = st.recursive(st.just({}), entries, max_leaves=8)


@given(field_sets)
def test_an_encoded_set_can_be_decoded(fields: Fields) -> None:
    assert msgspec.json.decode(msgspec.json.encode(fieldset.ordered(fields))) == fields


@given(field_sets, field_sets)
def test_union_is_commutative_and_contains_both(left: Fields, right: Fields) -> None:
    both = fieldset.union(left, right)
    assert both == fieldset.union(right, left)
    assert fieldset.difference(left, both) == {}
    assert fieldset.difference(right, both) == {}


@given(field_sets, field_sets)
def test_difference_and_intersection_split_a_set_into_two(left: Fields, right: Fields) -> None:
    outside, inside = fieldset.difference(left, right), fieldset.intersection(left, right)
    assert fieldset.union(outside, inside) == left
    assert fieldset.intersection(outside, right) == {}
    assert set(fieldset.paths(outside)).isdisjoint(fieldset.paths(right))


@given(field_sets, field_sets)
def test_exclude_removes_at_least_the_difference(left: Fields, right: Fields) -> None:
    rest = fieldset.exclude(left, right)
    assert fieldset.difference(rest, fieldset.difference(left, right)) == {}


def test_an_owned_parent_removes_its_children_only_in_exclude() -> None:
    owned: Fields = {"f:a": {".": {}, "f:b": {}}}
    assert fieldset.difference(owned, {"f:a": {}}) == {"f:a": {"f:b": {}}}
    assert fieldset.exclude(owned, {"f:a": {}}) == {}


def test_removing_the_last_child_keeps_the_member() -> None:
    assert fieldset.difference({"f:a": {".": {}, "f:b": {}}}, {"f:a": {"f:b": {}}}) == {"f:a": {}}


def test_removing_the_last_child_of_a_non_member_removes_the_element() -> None:
    assert fieldset.difference({"f:a": {"f:b": {}}}, {"f:a": {"f:b": {}}}) == {}


def test_elements_have_the_order_of_the_server() -> None:
    fields: Fields = {
        'k:{"port":443,"protocol":"TCP"}': {},
        'k:{"port":53,"protocol":"UDP"}': {},
        "f:z": {},
        "f:a": {},
        ".": {},
    }
    assert list(fieldset.ordered(fields)) == [
        ".",
        "f:a",
        "f:z",
        'k:{"port":53,"protocol":"UDP"}',
        'k:{"port":443,"protocol":"TCP"}',
    ]


def test_paths_have_the_form_of_conflicts() -> None:
    fields: Fields = {
        "f:spec": {"f:ports": {'k:{"port":80,"protocol":"TCP"}': {"f:name": {}}}, "f:finalizers": {'v:"x"': {}}}
    }
    assert fieldset.paths(fields) == ['.spec.ports[port=80,protocol="TCP"].name', '.spec.finalizers[="x"]']


def test_elements_are_escaped_for_html_as_on_the_server() -> None:
    assert fieldset.value_element("a<b") == 'v:"a\\u003cb"'
