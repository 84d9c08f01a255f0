"""The nearest known name."""

from __future__ import annotations

import pytest

from rudr_py.model.suggest import nearest


def test_the_most_similar_name_is_suggested_regardless_of_case() -> None:
    assert nearest("Auto-Scaller", ["ingress", "auto-scaler"]) == ' Did you mean "auto-scaler"?'


def test_nothing_is_suggested_without_a_similar_name() -> None:
    assert nearest("zzz", ["ingress", "auto-scaler"]) == ""
    assert nearest("zzz", []) == ""


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("core.oam.dev/v1alpha1.Kafka", ["core.oam.dev/v1alpha1.Task", "core.oam.dev/v1alpha1.Worker"]),
        ("core.oam.dev/v1alpha1.ResourceQuota", ["core.oam.dev/v1alpha1.HealthScope"]),
        ("rudr.oam.dev/foo", ["rudr.oam.dev/paused", "rudr.oam.dev/reload"]),
    ],
)
def test_a_common_group_makes_no_name_similar(name: str, names: list[str]) -> None:
    assert nearest(name, names) == ""


def test_a_misspelled_group_or_kind_leads_to_the_name() -> None:
    names = ["core.oam.dev/v1alpha1.Server", "core.oam.dev/v1alpha1.Worker"]
    for name in ("core.oam.de/v1alpha1.Server", "core.oam.dev/v1alpha1.Servre", "core.oam.dev/v1alph1.server"):
        assert nearest(name, names) == ' Did you mean "core.oam.dev/v1alpha1.Server"?'
