"""Names of sensitive values."""

from __future__ import annotations

from typing import Any

import pytest

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
