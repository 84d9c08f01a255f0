"""Label and field selectors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.errors import ApiError
from rudr_py.local.apimachinery import selectors

LABELS = {"app": "web", "tier": "front", "size": "3"}


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("app=web", True),
        ("app==web", True),
        ("app!=web", False),
        ("app in (web,api)", True),
        ("app notin (web,api)", False),
        ("missing notin (a)", True),
        ("app", True),
        ("!app", False),
        ("!missing", True),
        ("app=web,tier=back", False),
        ("size>2", True),
        ("size<2", False),
        ("missing=", False),
        ("", True),
    ],
)
def test_a_selector_selects_by_labels(text: str, selected: bool) -> None:
    assert selectors.labels(text)(LABELS) is selected


@pytest.mark.parametrize("text", ["==bad", "a in b", "a in (b", "a b", "a,", "size>x", "a=(b"])
def test_a_bad_selector_is_a_bad_request(text: str) -> None:
    with pytest.raises(ApiError) as refusal:
        selectors.labels(text)
    assert refusal.value.status == 400


@given(st.text(alphabet="ab=!(),<> innotin\\x00é", max_size=20))
def test_any_text_is_parsed_or_raises_an_api_error(text: str) -> None:
    try:
        selectors.predicate(text, selectors.fields(text))
    except ApiError as error:
        assert error.status == 400  # noqa: PT017 - not raising is as good


def test_a_label_selector_object_is_formatted_as_text() -> None:
    selector = {
        "matchLabels": {"b": "2", "a": "1"},
        "matchExpressions": [
            {"key": "c", "operator": "NotIn", "values": ["y", "x"]},
            {"key": "d", "operator": "Exists"},
        ],
    }
    assert selectors.match_labels(selector) == "a=1,b=2,c notin (x,y),d"


def test_field_selectors_compare_nested_values_as_text() -> None:
    pod = {"metadata": {"name": "p"}, "spec": {"hostNetwork": True}, "status": {}}
    by = selectors.predicate("", selectors.fields("spec.hostNetwork=true,status.phase=,metadata.name!=q"))
    assert by is not None
    assert by(pod)


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a===b", "unable to parse requirement: found '=', expected: identifier"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a>b", "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value "),
        ("-a=b", 'unable to parse requirement: <nil>: Invalid value: "-a": name part must consist of alphanumeric '),
        ("a/b/c=d", 'unable to parse requirement: <nil>: Invalid value: "a/b/c": a valid label key must consist of '),
        (
            "a in (b,-)",
            'unable to parse requirement: values[0][a]: Invalid value: "-": a valid label must be an empty ',
        ),
        ("a=b c", "found 'c', expected: ',' or 'end of string'"),
        (",", "found ',', expected: !, identifier, or 'end of string'"),
        ("a,,b", "found ',', expected: identifier after ','"),
    ],
)
def test_errors_of_label_selectors_have_the_words_of_the_server(selector: str, message: str) -> None:
    with pytest.raises(ApiError) as raised:
        selectors.labels(selector)
    assert raised.value.message.startswith(message)


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("a", "invalid selector: 'a'; can't understand 'a'"),
        ("a=b,c>d", "invalid selector: 'a=b,c>d'; can't understand 'c>d'"),
        ("a=b=c", "invalid field selector: unescaped character in value: 61"),
    ],
)
def test_errors_of_field_selectors_have_the_words_of_the_server(selector: str, message: str) -> None:
    with pytest.raises(ApiError) as raised:
        selectors.fields(selector)
    assert raised.value.message == message
