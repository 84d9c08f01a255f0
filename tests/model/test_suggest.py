"""The nearest known name."""

from __future__ import annotations

from rudr_py.model.suggest import nearest


def test_the_most_similar_name_is_suggested_regardless_of_case() -> None:
    assert nearest("Auto-Scaller", ["ingress", "auto-scaler"]) == ' Did you mean "auto-scaler"?'


def test_nothing_is_suggested_without_a_similar_name() -> None:
    assert nearest("zzz", ["ingress", "auto-scaler"]) == ""
    assert nearest("zzz", []) == ""
