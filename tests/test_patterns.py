"""Patterns of schemas are those of RE2: linear, with the meaning that they have in the Kubernetes API server."""

from __future__ import annotations

import pytest

from rudr_py import patterns


@pytest.mark.parametrize("pattern", [r"(a+)+$", r"(a|a)*b", r"(x+x+)+y", r"(.*)*\d"])
def test_patterns_that_are_exponential_in_python_match_long_texts(pattern: str) -> None:
    assert not patterns.compiled(pattern).is_in(("a" * 100_000) + "!")


@pytest.mark.parametrize(("pattern", "text"), [("^a$", "a\n"), (r"^\d$", "\u0661"), (r"^\w$", "é")])
def test_ends_and_classes_are_those_of_the_api_server(pattern: str, text: str) -> None:
    assert not patterns.compiled(pattern).is_in(text)


@pytest.mark.parametrize("pattern", [r"(?=a)b", r"(a)\1", "[", r"a\Z", "(a{1000}){1000}", "\ud800"])
def test_a_pattern_that_re2_cannot_use_is_an_error(pattern: str) -> None:
    with pytest.raises(patterns.PatternError, match="not a regular expression of RE2"):
        patterns.compiled(pattern)


def test_a_lone_surrogate_in_the_text_is_no_error() -> None:
    assert patterns.compiled("a$").is_in("\ud800a")
