"""Reading fields of documents of any shape."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.api import get_in, mappings_in

STATUS: dict[str, Any] = {
    "replicas": 3,
    "ratio": 2,
    "ready": True,
    "name": "web",
    "conditions": [{"type": "Ready"}, "junk", None, {"type": "Stalled"}],
}
DOCUMENT = {"status": STATUS}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["status", "conditions", "x"]), inner),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("path", "default", "value"),
    [
        (("replicas",), 0, 3),
        (("name",), "", "web"),
        (("ready",), False, True),
        (("ratio",), 0.0, 2),
        (("conditions", 0, "type"), "", "Ready"),
        (("conditions", -1, "type"), "", "Stalled"),
        ((), {}, STATUS),
    ],
)
def test_a_field_of_the_type_of_the_default_is_returned(path: tuple[str | int, ...], default: Any, value: Any) -> None:
    assert get_in(DOCUMENT, "status", *path, default=default) == value


@pytest.mark.parametrize(
    ("path", "default"),
    [
        (("absent",), 7),
        (("name",), 7),
        (("replicas",), "none"),
        (("ready",), 7),
        (("replicas",), False),
        (("name", "inner"), 7),
        (("conditions", "0"), 7),
        (("conditions", 4), 7),
        (("conditions", 1, "type"), "none"),
        ((0,), 7),
    ],
)
def test_an_absent_field_and_one_of_another_type_give_the_default(path: tuple[str | int, ...], default: Any) -> None:
    assert get_in(DOCUMENT, "status", *path, default=default) == default


def test_entries_of_a_list_that_are_no_mappings_are_left_out() -> None:
    assert mappings_in(DOCUMENT, "status", "conditions") == [{"type": "Ready"}, {"type": "Stalled"}]
    assert mappings_in(DOCUMENT, "status", "replicas") == []


@given(JSON)
def test_no_document_raises(document: Any) -> None:
    assert isinstance(get_in(document, "status", "x", default=0), int)
    assert all(isinstance(entry, dict) for entry in mappings_in(document, "status", "conditions"))
