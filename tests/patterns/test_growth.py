"""The analysis of patterns recognizes known causes of exponential and polynomial time, and accepts linear patterns."""

from __future__ import annotations

import pytest

from tests.patterns.growth import fault

EXPONENTIAL = [
    r"(a*)*b",
    r"(x+x+)+y",
    r"(a|b|ab)*c",
    r"(?:a|b*)*c",
    r"(a?){30}a{30}b",
    r"(?:.*,){3}x",
    r"(?:(?:(?:a?)*)x)*y",
    r"(|a|a)*b",
    r"^(\w+\s?)*$",
    r"^(([a-z])+.)+[A-Z]([a-z])+$",
    r"(?:(?:ab)?(?:a|b)?)*c",
]
POLYNOMIAL = [
    r"\[fromVariable\(\s*([^()\[\]]*?)\s*\)\]",
    r"a*b",
    r"\s+$",
    r"\{.*\}",
    r"\beyJ[\w-]{5,}\.[\w-]{5,}",
    r"(?=.*x)a",
    r"(?:(?=.*x)a)*",
    r"\w(?:[^y]*y)?",
    r"a{0,100}b",
    r"a{100,}",
    r"^\s*\S*\s*$|^\d*\d*x",
]
LINEAR = [
    r"\[fromVariable\(([^()\[\]]*)\)\]",
    r"a+",
    r"^a*$",
    r"(?<!\s)\s+$",
    r'"(?:[^"\\]|\\.)*+"?',
    r"\d+(\.\d+)?",
    r"\bname\s*+:\s*+x",
    r"^\s*+\S*x",
    r"(?<![\d.])\d+(?:\.\d*)?[smh]",
]
ANCHORED = [
    r"a*b",
    r"(ab|cd)*x",
    r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*",
    r"(?=.{1,253}$)[a-z]+",
    r"\s*+\S*\s*+x",
]


@pytest.mark.parametrize("pattern", EXPONENTIAL)
def test_exponential_patterns_are_recognized(pattern: str) -> None:
    assert fault(pattern, search=False).startswith("exponential")


@pytest.mark.parametrize("pattern", POLYNOMIAL)
def test_polynomial_patterns_are_recognized(pattern: str) -> None:
    assert fault(pattern).startswith("polynomial")


@pytest.mark.parametrize("pattern", LINEAR)
def test_linear_patterns_are_accepted_in_a_search(pattern: str) -> None:
    assert fault(pattern) == ""


@pytest.mark.parametrize("pattern", ANCHORED)
def test_patterns_that_are_linear_only_at_one_position_are_accepted_there(pattern: str) -> None:
    assert fault(pattern, search=False) == ""


def test_flags_count() -> None:
    assert fault(r"(?:a|[A])*b", search=False) == ""
    assert fault(r"(?:a|A[b]?)*c", search=False) == ""
    assert fault(r"(?i:a|A[b]?)*c", search=False)


def test_back_references_are_refused() -> None:
    assert fault(r"(a*)\1b") == "uses a back reference"
