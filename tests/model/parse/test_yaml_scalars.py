"""Plain scalars mean what they mean to kubectl. The expected values were printed by kubectl 1.37.1."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.model.parse import yaml_scalars


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", True), ("no", False), ("y", True), ("N", False), ("True", True), ("tRUE", "tRUE"),
        ("", None), ("~", None), ("NULL", None), ("nULL", "nULL"),
        ("12:30", "12:30"), ("2001-01-01", "2001-01-01"), ("1,000", "1,000"), ("10m", "10m"),
        ("0o17", 15), ("0O17", 15), ("012", 10), ("-012", -10), ("08", 8), ("0o8", "0o8"),
        ("0x1F", 31), ("-0x1F", -31), ("0xZ", "0xZ"), ("0b101", 5), ("0b", "0b"),
        ("1e3", 1000), ("1E+3", 1000), ("1e-3", 0.001), ("1e", "1e"), ("1e400", "1e400"),
        ("+5", 5), ("-5", -5), ("--5", "--5"), ("+", "+"), ("-", "-"), (".", "."), ("..", ".."),
        (".5", 0.5), ("+.5", 0.5), ("5.", 5), ("1.0", 1), ("100.0", 100), ("-0", 0), ("1.2.3", "1.2.3"),
        ("1_000", 1000), ("_1", "_1"), ("1_", 1), (".5_1", 0.51),
        ("9223372036854775807", 2**63 - 1), ("9223372036854775808", 9223372036854775808.0),
        ("0x10000000000000000", "0x10000000000000000"), ("0777777777777777777777777", 7.777777777777778e23),
    ],
)  # fmt: skip
def test_a_plain_scalar_means_the_same_as_in_kubectl(text: str, value: Any) -> None:
    result = yaml_scalars.plain(text)
    assert (result, type(result)) == (value, type(value))


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan"])
def test_a_number_that_json_cannot_represent_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="quotes"):
        yaml_scalars.plain(text)


@given(st.text(alphabet="0123456789+-._eExXoObBinfaNA", max_size=500))
def test_any_scalar_is_parsed_or_rejected(text: str) -> None:
    result: Any = None
    with contextlib.suppress(ValueError):
        result = yaml_scalars.plain(text)
    assert result is None or isinstance(result, str | int | float)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("010", "octal"),
        ("0755", "octal"),
        ("1_000", "1000"),
        ("no", "false"),
        ("Yes", "true"),
        ("1.10", "1.1"),
        ("1e3", "1000"),
    ],
)
def test_a_scalar_that_looks_different_from_its_value_has_advice(text: str, word: str) -> None:
    assert word in yaml_scalars.surprise(text, yaml_scalars.plain(text))


@pytest.mark.parametrize(
    "text", ["true", "False", "8080", "0", "0.5", "100.0", "-3", "0x1f", "2020-01-01", "v1.10", ""]
)
def test_a_scalar_that_looks_like_its_value_has_no_advice(text: str) -> None:
    assert yaml_scalars.surprise(text, yaml_scalars.plain(text)) == ""
