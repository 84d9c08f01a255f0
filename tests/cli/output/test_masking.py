"""Sensitive values in two versions of an object, and in data that a command has built."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.cli.output.masking import Mask

VALUES = ("Canary-one", "Canary-two")


def mask(*values: Any) -> Mask:
    variables = [{"name": f"password{number}", "value": value} for number, value in enumerate(values)]
    return Mask([{"spec": {"variables": variables}}], ("password",))


@pytest.mark.parametrize(
    ("live", "merged", "expected"),
    [
        (VALUES[0], VALUES[0], ("***", "***")),
        (VALUES[0], VALUES[1], ("*** (before)", "*** (after)")),
        (VALUES[0], "plain", ("***", "plain")),
        (f"a {VALUES[0]}", f"a {VALUES[1]}", ("a *** (before)", "a *** (after)")),
        (
            {"a": VALUES[0], "b": 1},
            {"a": VALUES[1], "b": 2},
            ({"a": "*** (before)", "b": 1}, {"a": "*** (after)", "b": 2}),
        ),
        ({"a": VALUES[0]}, {"c": VALUES[1]}, ({"a": "***"}, {"c": "***"})),
        ([VALUES[0], 1], [VALUES[1], 1], (["*** (before)", 1], ["*** (after)", 1])),
        ([VALUES[0]], [VALUES[0], VALUES[1]], (["***"], ["***", "***"])),
        (None, {"a": VALUES[0]}, (None, {"a": "***"})),
        ({"a": VALUES[0]}, None, ({"a": "***"}, None)),
        ({"a": 1}, [1], ({"a": 1}, [1])),
    ],
)
def test_a_changed_value_is_marked_in_both_versions(live: Any, merged: Any, expected: tuple[Any, Any]) -> None:
    assert mask(*VALUES).pair(live, merged) == expected


def test_an_entry_with_a_sensitive_name_has_no_value() -> None:
    entry = {"name": "password0", "value": "not in the documents"}
    assert mask("x").pair([entry], [entry]) == ([{**entry, "value": "***"}], [{**entry, "value": "***"}])


def test_data_keeps_keys_numbers_and_words_of_rudr() -> None:
    data = {"Canary-one": 12345, "state": "progressing", "list": ("Canary-one", "ab", None), "reason": "ready"}
    masked = mask("Canary-one", "12345", "progressing", "ab", "ready").data(data)
    assert masked == {"Canary-one": 12345, "state": "progressing", "list": ["***", "***", None], "reason": "ready"}


def test_without_words_nothing_is_masked() -> None:
    assert Mask([{"spec": {"variables": [{"name": "password", "value": "Canary"}]}}], ()).text("Canary") == "Canary"
