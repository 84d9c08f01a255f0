"""Objects as text that kubectl reads as the same values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.cli.output import documents
from rudr_py.cli.output.documents import OutputFormat
from rudr_py.model.parse import yaml_file

DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 2}}
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}


def test_names_are_those_of_kubectl() -> None:
    assert documents.text([DEPLOYMENT, SERVICE], "name") == "deployment.apps/web\nservice/web\n"


def test_json_is_one_list() -> None:
    assert json.loads(documents.text([DEPLOYMENT, SERVICE], "json")) == {
        "apiVersion": "v1",
        "kind": "List",
        "items": [DEPLOYMENT, SERVICE],
    }


def test_yaml_is_one_stream_in_the_given_order_of_objects_and_keys() -> None:
    text = documents.text([DEPLOYMENT, SERVICE], "yaml")
    assert text.startswith("apiVersion: apps/v1\nkind: Deployment\n")
    assert [document.value for document in yaml_file.load(text, "x")] == [DEPLOYMENT, SERVICE]


@pytest.mark.parametrize("form", ["yaml", "name"])
def test_no_objects_give_no_output(form: OutputFormat) -> None:
    assert documents.text([], form) == ""


def test_shared_values_are_written_out() -> None:
    labels = {"app": "web"}
    assert "&" not in documents.text([{"a": labels, "b": labels}], "yaml")


def test_long_text_is_printed_line_by_line() -> None:
    assert "key: |\n  one\n  two\n" in documents.text([{"key": "one\ntwo\n"}], "yaml")


@pytest.mark.parametrize(
    "word",
    ["y", "NO", "1e3", "0o17", "12:30", "2026-01-01", "null", "~", "", ".inf", "1_000", "=", "<<", "\0<<", "\x85"],
)
def test_text_that_looks_like_another_scalar_is_quoted(word: str) -> None:
    (document,) = yaml_file.load(documents.text([{"key": word, word: "value"}], "yaml"), "x")
    assert document.value == {"key": word, word: "value"}


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.text("01e.:-+_xyn #|>~\n\t'\"", max_size=8)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(_TEXT, _JSON, min_size=1, max_size=3).filter(lambda value: "kind" not in value))
def test_printed_values_are_parsed_to_the_same_values(value: dict[str, Any]) -> None:
    (document,) = yaml_file.load(documents.text([value], "yaml"), "x")
    assert document.value == value


def test_a_table_is_aligned_as_in_kubectl() -> None:
    assert documents.table([["NAME", "TYPES"], ["a-long-name", "x"], ["b", ""]]) == (
        "NAME          TYPES\na-long-name   x\nb\n"
    )
