"""Durations in flags: Go's format, and seconds."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.cli.options import durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("15s", 15.0),
        ("1m30s", 90.0),
        ("500ms", 0.5),
        ("1h", 3600.0),
        ("1.5h", 5400.0),
        ("2", 2.0),
        ("0.5", 0.5),
        (".5s", 0.5),
        (" 10s ", 10.0),
        ("1h2m3s4ms5us", 3723.004005),
        ("250µs", 0.00025),
    ],
)
def test_durations_are_parsed_as_in_kubernetes_components(text: str, seconds: float) -> None:
    assert durations.parse(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "s", "15 s", "15S", "-5s", "0", "0s", "1e3", "1d", "s15", "1m30", "inf", "\u0661s"]
)
def test_invalid_durations_are_rejected_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"15s|greater than zero"):
        durations.parse(text)


@given(st.lists(st.tuples(st.integers(1, 10_000), st.sampled_from(sorted(durations.UNITS))), min_size=1, max_size=5))
def test_the_parts_of_a_duration_are_added(parts: list[tuple[int, str]]) -> None:
    text = "".join(f"{number}{unit}" for number, unit in parts)
    assert durations.parse(text) == pytest.approx(sum(number * durations.UNITS[unit] for number, unit in parts))


@given(st.text(max_size=20))
def test_any_text_is_parsed_or_raises_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert durations.parse(text) > 0
