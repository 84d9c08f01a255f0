"""The nearest known name."""

from __future__ import annotations

from rudr_py.model.suggest import nearest


def test_the_nearest_name_is_suggested_whatever_its_case() -> None:
    assert nearest("Auto-Scaller", ["ingress", "auto-scaler"]) == ' Did you mean "auto-scaler"?'


def test_nothing_is_suggested_when_nothing_is_near() -> None:
    assert nearest("zzz", ["ingress", "auto-scaler"]) == ""
    assert nearest("zzz", []) == ""
