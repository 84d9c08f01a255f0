"""Values of documents are removed from text, in every form in which messages quote them; names are not."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.model import hidden_values
from rudr_py.model.hidden_values import HIDDEN, HiddenValues


def _hide(text: str, *values: Any, visible: tuple[str, ...] = ()) -> str:
    spec = {"variables": [{"name": f"v{number}", "value": value} for number, value in enumerate(values)]}
    return HiddenValues(hidden_values.read([spec]), visible).text(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("hunter22", 'is "hunter22", must be text'),
        ("hunter22", "xhunter22y"),
        ("pass", 'is "pass"'),
        (12345, "is 12345, must be text"),
        ('a"b\\c\nd', 'is "a\\"b\\\\c\\nd"'),
        ("grün-42", 'is "gr\\u00fcn-42"'),
        ("first line\nsecond line", "error in second line"),
        ({"deep": ["hunter22"]}, '{"deep": ["hunter22"]}'),
        ("0123456789" * 10, 'is "' + "0123456789" * 5 + "..."),
    ],
)
def test_a_value_is_removed_in_every_form(value: Any, text: str) -> None:
    cleaned = _hide(text, value)
    assert HIDDEN in cleaned
    assert not any(part in cleaned for part in ("hunter22", "12345", "second", "0123", "pass", "fc n-42", 'a\\"b'))


@pytest.mark.parametrize(("value", "text"), [("pass", "it passes"), ("abc", "abc"), (True, "true"), ("1234", "12345")])
def test_a_short_value_is_removed_as_a_word_only(value: Any, text: str) -> None:
    assert _hide(text, value) == text


def test_a_visible_name_is_not_removed() -> None:
    assert _hide("claim archive", "archive", visible=("archive",)) == "claim archive"


def test_names_in_documents_are_visible_and_values_are_not() -> None:
    spec = {
        "components": [
            {
                "componentName": "front",
                "traits": [
                    {"name": "ingress", "properties": {"name": "secret-1"}},
                    {"name": "scaler", "size": "secret-2"},
                ],
                "parameterValues": [{"name": "size", "value": "secret-3"}, "secret-4"],
            }
        ],
        "variables": "secret-5",
        "containers": [{"name": "web", "args": ["secret-6"], "env": [{"name": "A", "value": {"type": "secret-7"}}]}],
    }
    texts = hidden_values.read([spec])
    assert texts.values == {f"secret-{number}" for number in range(1, 8)}
    assert texts.visible == {"front", "ingress", "scaler", "size", "web", "A"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$.spec: 5001 components; the limit is 500", "$.spec: 5001 components; the limit is 500"),
        ("the port is 12345, which", f"the port is {HIDDEN}, which"),
        ("is value-number-7, or not", f"is {HIDDEN}"),
        ('is "correct horse battery" or', f'is "{HIDDEN}'),
        ("is a\\nsecond line of it", f"is a\\n{HIDDEN}"),
    ],
)
def test_among_very_many_values_a_text_is_cut_where_a_longer_one_may_begin(text: str, expected: str) -> None:
    many = (f"value-number-{number}" for number in range(hidden_values.MOST + 1))
    assert _hide(text, "12345", "correct horse battery", "a\nsecond line of it", *many) == expected


def test_many_values_with_one_beginning_hide_the_rest_of_the_word() -> None:
    assert _hide("is value-7, or not", *(f"value-{number}" for number in range(100))) == f"is {HIDDEN} or not"


def test_a_value_that_is_a_word_of_rudrs_messages_is_not_removed() -> None:
    texts = hidden_values.read([{"parameterValues": [{"name": "reclaim", "value": "delete"}]}])
    assert HiddenValues(texts).text("may not delete persistentvolumeclaims") == "may not delete persistentvolumeclaims"


@pytest.mark.parametrize("dots", ["...", "…"])
def test_an_excerpt_that_is_cut_in_the_middle_of_a_value_is_removed_with_its_end(dots: str) -> None:
    value = "Canary-7f3a9/x y" * 20
    text = _hide(f'is "{value[:32]}{dots}{value[-23:]}", must be a number', value)
    assert text == f'is "{HIDDEN}", must be a number'
    assert _hide(f'is "{value[:32]}{dots} and more', value) == f'is "{HIDDEN}{dots} and more'


def test_many_values_with_one_long_beginning_are_removed_and_a_text_with_a_part_of_it_stays() -> None:
    beginning = "postgres://shop:hunter22@"
    values = [f"{beginning}{number}" for number in range(100)]
    assert _hide("uses postgres", *values) == "uses postgres"
    assert _hide(f"cannot reach {values[7]}", *values) == f"cannot reach {HIDDEN}"
    assert _hide(f"cannot reach {beginning}...", *values) == f"cannot reach {HIDDEN}"
