"""Whole numbers of requests."""

from __future__ import annotations

import pytest

from rudr_py.local.apimachinery import decimals


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("12", 12), ("007", 7), (str(2**63), 2**63)])
def test_ascii_digits_are_a_number(text: str, number: int) -> None:
    assert decimals.number(text) == number


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.0", " 1", "²", "\u0661", "9" * 5000])
def test_any_other_text_is_none(text: str) -> None:
    assert decimals.number(text) is None
