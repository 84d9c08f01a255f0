"""Missing rights: told once, kept while they are asked for, and forgotten."""

from __future__ import annotations

import pytest

from rudr_py.controller.results.missing_rights import KEPT, MissingRights
from rudr_py.errors import Right
from rudr_py.testing.clock import FakeClock

PATCH = Right("patch", "ingresses", "networking.k8s.io", "shop")
WATCH = Right("watch", "pods")


def words(right: Right) -> str:
    return f"no {right}"


def test_a_missing_right_is_logged_once_and_listed_until_it_is_no_longer_refused(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = FakeClock()
    denials = MissingRights(clock, words)
    assert denials.summary() is None
    assert denials.note(PATCH) == "no patch ingresses.networking.k8s.io in namespace shop"
    clock.jump(60)
    denials.note(WATCH)
    denials.note(PATCH)
    assert len(caplog.records) == 2
    assert (
        denials.summary() == "no watch pods (0 s ago)\nno patch ingresses.networking.k8s.io in namespace shop (0 s ago)"
    )
    clock.jump(KEPT + 1)
    assert denials.summary() is None
    denials.note(WATCH)
    assert len(caplog.records) == 3
