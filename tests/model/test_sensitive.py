"""Names of sensitive values."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.model import sensitive


@pytest.mark.parametrize(
    "name", ["password", "TOKEN", "DB_PASSWORD", "dbPassword", "APIKey", "token1", "TOKEN2", "oauthToken"]
)
def test_a_name_with_a_sensitive_word_is_sensitive(name: str) -> None:
    assert sensitive.is_sensitive(name)


@pytest.mark.parametrize("name", ["", "-", "userName", "passwordSecretName", "monkey", "TOKENS_", "A" * 1000])
def test_another_name_is_not_sensitive(name: str) -> None:
    assert not sensitive.is_sensitive(name)


def _values(properties: dict[str, Any]) -> frozenset[str]:
    return sensitive.find([{"spec": {"components": [{"traits": [{"properties": properties}]}]}}]).values


@pytest.mark.parametrize(
    "reference",
    [
        {"name": "PGPASSWORD", "secretName": "database", "key": "password"},
        {"configMapName": "settings", "key": "mode"},
        {"parameter": "password", "name": "database", "key": "password"},
        {"key": "queue", "operator": "In", "values": ["orders"]},
        {"topologyKey": "topology.kubernetes.io/zone"},
    ],
)
def test_the_name_of_a_key_is_no_secret(reference: dict[str, Any]) -> None:
    assert _values({"entries": [reference]}) == frozenset()


@pytest.mark.parametrize(
    "entry",
    [
        {"key": "hunter22"},
        {"name": "database", "key": "hunter22"},
        {"parameter": "database", "key": "hunter22"},
        {"key": "hunter22", "operator": "Upload"},
        {"secretName": "database", "password": "hunter22"},
    ],
)
def test_a_key_that_belongs_to_no_reference_is_a_secret(entry: dict[str, Any]) -> None:
    assert _values({"entries": [entry]}) == {"hunter22"}


_NAMES = st.sampled_from(
    ["name", "value", "fromParam", "env", "host", "dbPassword", "PASS", "KEY1", "to\u212aen", "\u017fecret"]
)
_SPECS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | _NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES | st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(_NAMES, _SPECS, max_size=4))
def test_a_text_without_sensitive_names_has_no_sensitive_values(spec: dict[str, Any]) -> None:
    if not sensitive.may_contain(msgspec.json.encode(spec)):
        assert sensitive.find([{"spec": spec}]).values == frozenset()


@pytest.mark.parametrize("name", ["dbPassword", "pass\\u0077ord", "x" * 1001])
def test_a_sensitive_name_is_noticed_in_a_text(name: str) -> None:
    assert sensitive.may_contain(f'{{"{name}": "hunter22"}}'.encode())


def test_a_text_of_plain_names_contains_nothing_sensitive() -> None:
    assert not sensitive.may_contain(b'{"hostname": "shop.example", "path": "/"}')
