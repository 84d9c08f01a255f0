"""The forms of names."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rudr_py.model import names

OAM = names.wrong_name
OBJECT = names.wrong_object_name
LABEL = names.wrong_label
PORT = names.wrong_port_name
ENV = names.wrong_env_name
VARIABLE = names.wrong_variable_name


@pytest.mark.parametrize(
    ("check", "name"),
    [
        (OAM, "a"), (OAM, "A.b_c-1"), (OAM, "a" * 63), (OBJECT, "web-1.v2"), (LABEL, "web-1"), (PORT, "http"),
        (PORT, "http-2"), (PORT, "abcdefghijklmno"), (ENV, "PATH"), (ENV, "_a.b-c"), (VARIABLE, "größe.1"),
    ],
)  # fmt: skip
def test_a_valid_name_is_accepted(check: Callable[[str], str], name: str) -> None:
    assert check(name) == ""


@pytest.mark.parametrize(
    ("check", "name"),
    [
        (OAM, "-a"), (OAM, "a."), (OAM, "a" * 64), (OAM, "ä"), (OAM, "a\n"), (OBJECT, "Web"), (OBJECT, "a_b"),
        (OBJECT, "a..b"), (OBJECT, "a-.b"), (LABEL, "a.b"), (LABEL, "a-"), (PORT, "80"), (PORT, "a--b"),
        (PORT, "abcdefghijklmnop"), (ENV, "1A"), (ENV, "A B"), (ENV, "Ä"), (VARIABLE, "a b"), (VARIABLE, "a)"),
    ],
)  # fmt: skip
def test_an_invalid_name_is_reported(check: Callable[[str], str], name: str) -> None:
    assert check(name) != ""


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        ("${REGISTRY}/web:1", "${"),
        ("$(registry)/web", "$("),
        ("$TAG", "$T"),
        ("web-<%= tag %>", "<%"),
        ("a-__NAME__", "__N"),
        ("{% raw %}", "{%"),
    ],
)
def test_a_placeholder_in_a_wrong_name_is_named(text: str, beginning: str) -> None:
    assert names.placeholder(text).startswith(f'"{beginning}" begins a placeholder')


def test_a_helm_expression_in_a_wrong_name_leads_to_rendering_the_chart() -> None:
    assert "Helm" in names.placeholder("{{ .Release.Name }}")


@pytest.mark.parametrize("text", ["", "Web_1", "a b", "100%", "a$", "%A%", "__init__", "web:1@x"])
def test_other_wrong_names_have_no_advice_about_templates(text: str) -> None:
    assert names.placeholder(text) == ""
