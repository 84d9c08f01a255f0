"""The marker notes who is being called, in few bytes, and forgets it when the call ends however it ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py import catalog
from rudr_py.plugins import call_marker
from rudr_py.plugins.call_marker import SIZE, CallLabel, CallMarker

LABEL = CallLabel("type", "cron-hpa", "rudr-py-cronhpa 1.0")


def test_the_marker_contains_a_call_only_while_it_runs() -> None:
    memory = bytearray(SIZE)
    noting = CallMarker(memory)
    guarded = noting.around(LABEL, catalog.plain_guard)
    assert noting.current() is None
    assert guarded(lambda: call_marker.read(bytes(memory))) == LABEL
    assert noting.current() is None
    with pytest.raises(ZeroDivisionError):
        guarded(lambda: 1 // 0)
    assert noting.current() is None


def test_two_calls_of_one_type_have_different_numbers() -> None:
    noting = CallMarker(bytearray(SIZE))
    guarded = noting.around(LABEL, catalog.plain_guard)
    assert guarded(noting.current) != guarded(noting.current)


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_parts_give_a_name_of_valid_length(name: str, package: str) -> None:
    memory = bytearray(SIZE)
    CallMarker(memory).around(CallLabel("type", name, package), lambda call: call())(lambda: None)
    assert len(memory) == SIZE


@given(st.binary(max_size=SIZE))
def test_any_content_of_the_file_is_a_label_or_none(content: bytes) -> None:
    found = call_marker.read(content)
    assert found is None or found.sort in ("type", "plugin")
