"""JSON values in messages."""

from __future__ import annotations

import pytest

from rudr_py.model.document import Json
from rudr_py.model.json_text import excerpt, type_in_words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "nothing"),
        (True, "true or false"),
        (1, "a number"),
        (0.5, "a number"),
        ("", "text"),
        ([], "a list"),
        ({}, "a map"),
    ],
)
def test_the_type_of_a_value_is_named_in_words(value: Json, words: str) -> None:
    assert type_in_words(value) == words


def test_a_short_value_is_shown_as_json() -> None:
    assert excerpt({"name": "café", "ports": [80]}) == '{"name": "café", "ports": [80]}'


def test_a_long_text_is_cut_in_its_middle() -> None:
    text = excerpt(f"registry.example/{'x' * 100}:latest")
    assert len(text) == 60
    assert text.startswith('"registry.example/x')
    assert text.endswith('xx:latest"')
    assert "..." in text


def test_a_long_map_is_cut_at_its_end() -> None:
    text = excerpt({"name": "x" * 100})
    assert len(text) == 60
    assert text.endswith("...")
