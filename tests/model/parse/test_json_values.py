"""The short cut for documents that JSON can represent agrees with the check of each value."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.model import size
from rudr_py.model.parse import json_values
from rudr_py.model.parse.fields import ProblemList

NUMBERS = st.sampled_from([0, 1, -1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 0.5, math.nan, math.inf])
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(max_size=5) | st.binary(max_size=2) | st.sampled_from(["\ud800"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4) | st.integers(), inner, max_size=3)
        | st.tuples(inner)
    ),
    max_leaves=8,
)


def _nested(depth: int) -> Any:
    value: Any = 1
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


def _is_small_json(value: Any) -> bool:
    return json_values.is_small_json(value, size.of(value))


@given(VALUES)
def test_every_value_of_a_small_json_document_is_valid(value: Any) -> None:
    assert not _is_small_json(value) or not json_values.has_invalid_json(value, ProblemList())


@pytest.mark.parametrize("value", [{}, {"a": [1, 2.5, None, True, "ü"]}, 2**50, _nested(json_values.MAX_DEPTH)])
def test_most_documents_are_small_json(value: Any) -> None:
    assert _is_small_json(value)


@pytest.mark.parametrize(
    "value", [_nested(json_values.MAX_DEPTH + 1), {"a" * json_values.MAX_PATH: {"b": 1}}, ["x" * 5000], [1] * 5000]
)
def test_a_document_that_may_break_a_limit_is_not_small(value: Any) -> None:
    assert not _is_small_json(value)


def test_a_document_with_a_repeated_text_is_not_written() -> None:
    text = "x" * 2**20
    assert not _is_small_json([text] * 1000)
