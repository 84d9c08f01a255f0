"""Names of sensitive values."""

from __future__ import annotations

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
