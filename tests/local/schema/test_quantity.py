"""The canonical form of quantities."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rudr_py.local.schema import quantity

POWERS = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("0.1", "100m"),
        ("128Mi", "128Mi"),
        ("1.5Gi", "1536Mi"),
        ("1024Mi", "1Gi"),
        ("1000m", "1"),
        ("50M", "50M"),
        ("1e3", "1e3"),
        ("12E6", "12e6"),
        ("1500", "1500"),
        ("1000", "1k"),
        ("0.5Ki", "512"),
        ("0", "0"),
        ("0Mi", "0"),
        ("-1", "-1"),
        ("+2", "2"),
        (".5", "500m"),
        ("1.", "1"),
        ("0.0000000001", "1n"),
        ("1e999999999", "9223372036854775807"),
        ("-8Ei", "-9223372036854775807"),
        ("1e-999999999", "1e-9"),
    ],
)
def test_a_quantity_has_one_canonical_form(text: str, canonical: str) -> None:
    assert quantity.canonical(text) == canonical


@pytest.mark.parametrize("text", ["", "x", "1 Gi", "1gi", "1.2.3", "--1", "1e", "0x1", "Gi"])
def test_invalid_text_has_no_canonical_form(text: str) -> None:
    assert quantity.canonical(text) is None


@given(st.integers(-(10**6), 10**6), st.sampled_from(list(POWERS)))
def test_the_canonical_form_keeps_the_value_and_is_idempotent(number: int, suffix: str) -> None:
    assume(abs(Decimal(number).scaleb(POWERS[suffix])) < 2**63)
    canonical = quantity.canonical(f"{number}{suffix}")
    assert canonical is not None
    assert quantity.canonical(canonical) == canonical
    digits = canonical.rstrip("numkMGTPE")
    assert Decimal(digits).scaleb(POWERS[canonical[len(digits) :]]) == Decimal(number).scaleb(POWERS[suffix])


@given(st.text(max_size=8))
def test_any_text_is_handled_without_an_exception(text: str) -> None:
    quantity.canonical(text)
