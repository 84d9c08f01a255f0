"""The canonical form of documents: RFC 8785, for the parts that their authors write."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.cli.documents import canonical

COMPONENT: dict[str, Any] = {
    "apiVersion": "core.oam.dev/v1alpha1",
    "kind": "ComponentSchematic",
    "metadata": {"name": "web", "labels": {"team": "shop"}},
    "spec": {"workloadType": "core.oam.dev/v1alpha1.Server", "containers": [{"name": "web", "image": "a:1"}]},
}

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-canonical.LARGEST_INTEGER, canonical.LARGEST_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"), (-0.0, "0"), (1.0, "1"), (-1.5, "-1.5"), (5e-324, "5e-324"), (-5e-324, "-5e-324"),
        (1.7976931348623157e308, "1.7976931348623157e+308"), (9007199254740992.0, "9007199254740992"),
        (295147905179352830000.0, "295147905179352830000"), (1e21, "1e+21"),
        (9.999999999999997e22, "9.999999999999997e+22"), (2**53, "9007199254740992"),
        (1e-6, "0.000001"), (1e-7, "1e-7"), (333333333.3333332, "333333333.3333332"), (0.1, "0.1"), (123, "123"),
        (1e20, "100000000000000000000"), (1424953923781206.25, "1424953923781206.2"), (0.001, "0.001"),
    ],
)  # fmt: skip
def test_numbers_are_printed_as_rfc_8785_appendix_b_requires(number: float, text: str) -> None:
    assert canonical.encode(number) == text


def test_strings_and_keys_are_printed_as_rfc_8785_requires() -> None:
    assert canonical.encode("\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/") == '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    ordered = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(json.loads(canonical.encode(dict.fromkeys(keys, 1)))) == ordered


@given(JSON_VALUES)
def test_the_text_of_a_value_is_read_as_the_same_value_and_printed_in_the_same_way(value: Any) -> None:
    text = canonical.encode(value)
    assert json.loads(text, parse_int=float) == value
    assert canonical.encode(json.loads(text)) == text


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**53 + 1, 10**30, "\ud800", object()])
def test_a_value_that_json_cannot_express_is_an_error(value: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        canonical.encode(value)


def test_a_stored_object_has_the_form_of_its_document() -> None:
    stored = {
        **COMPONENT,
        "metadata": {
            **COMPONENT["metadata"],
            "namespace": "default",
            "uid": "1",
            "resourceVersion": "7",
            "generation": 2,
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "managedFields": [{"manager": "kubectl"}],
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"},
        },
        "status": {"conditions": []},
    }
    assert canonical.form(stored) == canonical.form(COMPONENT)


def test_an_empty_or_null_field_of_the_metadata_is_the_same_as_an_absent_one() -> None:
    metadata = {"name": "web", "labels": {"team": "shop"}}
    for empty in ({**metadata, "annotations": {}}, {**metadata, "annotations": None}):
        assert canonical.form({**COMPONENT, "metadata": empty}) == canonical.form(COMPONENT)


@pytest.mark.parametrize(
    "change",
    [
        {"spec": {**COMPONENT["spec"], "osType": "linux"}},
        {"metadata": {"name": "web", "labels": {"team": "till"}}},
        {"metadata": {"name": "web", "annotations": {"version": "1.0.0"}}},
        {"kind": "Other"},
    ],
)
def test_every_part_that_an_author_writes_changes_the_form(change: dict[str, Any]) -> None:
    assert canonical.form({**COMPONENT, **change}) != canonical.form(COMPONENT)


def test_the_digest_is_sha256_of_the_form() -> None:
    form = canonical.form(COMPONENT)
    assert form == (
        b'{"apiVersion":"core.oam.dev/v1alpha1","kind":"ComponentSchematic","metadata":{"labels":{"team":"shop"},'
        b'"name":"web"},"spec":{"containers":[{"image":"a:1","name":"web"}],'
        b'"workloadType":"core.oam.dev/v1alpha1.Server"}}'
    )
    assert canonical.digest_of(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
