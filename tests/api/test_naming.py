"""Names of produced objects: short enough, stable, and different for different parts."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from rudr_py.api import naming

_LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)
_PARTS = st.lists(_LABEL, min_size=1, max_size=4)


def test_short_names_are_joined_without_empty_parts() -> None:
    assert naming.join("web", "conf", "0") == "web-conf-0"
    assert naming.join("web", "") == "web"


def test_a_name_of_exactly_the_maximum_length_is_unchanged() -> None:
    assert naming.join("a" * naming.LIMIT) == "a" * naming.LIMIT


def test_the_hash_of_a_long_name_never_changes() -> None:
    assert naming.join("a" * 60, "tail") == "a" * 54 + "-" + "40b2ee5c"


@given(_PARTS)
def test_parts_that_are_dns_labels_give_a_dns_label(parts: list[str]) -> None:
    name = naming.join(*parts)
    assert len(name) <= naming.LIMIT
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name)


@given(_PARTS)
def test_the_same_parts_give_the_same_name(parts: list[str]) -> None:
    assert naming.join(*parts) == naming.join(*parts)


@given(st.text("ab", min_size=naming.LIMIT, max_size=90), st.text("ab", min_size=1, max_size=90))
def test_long_names_differ_when_their_parts_differ(one: str, two: str) -> None:
    assert (naming.join(one, "x") == naming.join(two, "x")) == (one == two)


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_gives_a_name_that_an_object_can_have(one: str, two: str) -> None:
    name = naming.join(one, two)
    assert len(name) <= naming.LIMIT
    assert not name or re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", name)
    assert ".." not in name
    assert ".-" not in name
    assert "-." not in name


def test_an_invalid_object_name_is_cleaned_and_stays_unique() -> None:
    names = {naming.join("app", scope) for scope in ("My_Scope", "my_scope", "my-scope")}
    assert len(names) == 3
    assert {name[:13] for name in names} == {"app-my-scope", "app-my-scope-"}


_UNDASHED = st.from_regex(r"[a-z0-9]{1,5}", fullmatch=True)
_DASHED = st.from_regex(r"[a-c](-?[a-c0-1]){0,6}", fullmatch=True)


def test_distinct_names_have_no_hash_where_they_are_unambiguous() -> None:
    assert naming.distinct("first-app", "nginx", "0") == "first-app-nginx-0"
    assert naming.distinct("a", "b-c", "0").startswith("a-b-c-0-")


@given(st.tuples(_DASHED, _DASHED, _UNDASHED), st.tuples(_DASHED, _DASHED, _UNDASHED))
def test_different_parts_with_dashes_give_different_names(one: tuple[str, str, str], two: tuple[str, str, str]) -> None:
    assert (naming.distinct(*one) == naming.distinct(*two)) == (one == two)


def test_parts_with_the_same_joined_text_give_different_names() -> None:
    found = {naming.distinct(*parts) for parts in (("a-b", "c", "0"), ("a", "b-c", "0"), ("a-b-c", "", "0"))}
    assert len(found) == 3
