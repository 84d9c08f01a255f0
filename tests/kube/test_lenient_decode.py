"""Counting brackets where decoding fails."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rudr_py.kube import lenient_decode, list_page

TEXT = st.text('{}[]"\\,:aé\n', max_size=6)
JSON = st.recursive(
    st.none() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(TEXT, JSON, max_size=3)


@settings(deadline=None)
@given(OBJECTS)
def test_a_whole_object_is_complete_and_no_prefix_of_it_is(document: dict[str, Any]) -> None:
    text = json.dumps(document).encode()
    assert lenient_decode.complete(text)
    assert not any(lenient_decode.complete(text[:end]) for end in range(len(text)))
    assert not lenient_decode.complete(text + b"{}")


@settings(deadline=None)
@given(st.lists(OBJECTS, max_size=3), OBJECTS)
def test_items_are_split_regardless_of_their_content(items: list[Any], other: dict[str, Any]) -> None:
    text = json.dumps({"other": other, "items": items, "more": [other]}).encode()
    elements = lenient_decode.elements(lenient_decode.value(text, "items"))
    assert [json.loads(item) for item in elements] == items


def test_a_value_equal_to_a_field_name_is_not_a_field() -> None:
    assert lenient_decode.value(b'{"a":"items","b":{"items":[1]},"items":[{"c":1}]}', "items") == b'[{"c":1}]'
    assert lenient_decode.value(b'{"a":"items"}', "items") == b""


def test_names_are_read_from_metadata_only() -> None:
    text = b'{"spec":{"name":"x"},"metadata":{"name":"a","namespace":"ns"}}'
    assert (lenient_decode.metadata(text, "name"), lenient_decode.metadata(text, "resourceVersion")) == ("a", "")


def test_a_page_with_a_bad_item_keeps_its_version_and_token() -> None:
    page = list_page.parse(b'{"metadata":{"resourceVersion":"7","continue":"t"},"items":[{"a":"\\ud800"},{"b":1}]}')
    assert (page.resource_version, page.continue_token) == ("7", "t")
    assert [bytes(item) for item in page.items] == [b'{"a":"\\ud800"}', b'{"b":1}']
