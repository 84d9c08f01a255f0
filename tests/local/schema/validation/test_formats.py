"""String formats."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.local.schema.validation import formats

EXAMPLES = {
    "byte": ("eA==", "x!"),
    "cidr": ("10.0.0.0/8", "10.0.0.0"),
    "date": ("2026-11-23", "2026-13-01"),
    "date-time": ("2026-11-23T10:00:00.123456789Z", "2026-11-23"),
    "duration": ("1h30m", "an hour"),
    "email": ("a@b.c", "a"),
    "hexcolor": ("#FFAA00", "#GG0000"),
    "hostname": ("a.example", "-a.example"),
    "ipv4": ("10.0.0.1", "10.0.0.256"),
    "ipv6": ("::1", "10.0.0.1"),
    "k8s-short-name": ("a-b", "a.b"),
    "k8s-long-name": ("a.b", "A.b"),
    "mac": ("00:11:22:33:44:55", "00:11"),
    "uri": ("https://a.example/x", "no uri"),
    "uuid": ("123e4567-e89b-12d3-a456-426614174000", "123"),
    "uuid4": ("123e4567-e89b-42d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000"),
}


@pytest.mark.parametrize(("name", "good", "bad"), [(name, *pair) for name, pair in EXAMPLES.items()])
def test_a_format_accepts_valid_and_rejects_invalid_values(name: str, good: str, bad: str) -> None:
    assert formats.fits(good, name)
    assert not formats.fits(bad, name)


def test_an_unknown_format_accepts_any_value() -> None:
    assert formats.fits("anything", "password")
    assert not formats.is_supported("password")


@given(st.text(max_size=12), st.sampled_from(list(EXAMPLES)))
def test_any_text_is_handled_without_an_exception(text: str, name: str) -> None:
    formats.fits(text, name)
