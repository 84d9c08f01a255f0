"""When the writes of an object pause because another client keeps reverting them."""

from __future__ import annotations

import pytest

from rudr_py.api import Kind, Ref
from rudr_py.controller.apply.contention import LIMIT, WINDOW, Contention, Place
from rudr_py.testing.clock import FakeClock

PLACE: Place = ("shop", Ref(Kind("v1", "ConfigMap"), "settings"), "hash")


@pytest.fixture
def contention(clock: FakeClock) -> Contention:
    return Contention(clock)


def revert(contention: Contention, place: Place = PLACE, times: int = LIMIT) -> None:
    for _ in range(times):
        assert not contention.begins(place)
        contention.reverted(place)


def test_one_revert_too_many_within_a_minute_begins_a_pause_of_a_minute(
    contention: Contention, clock: FakeClock
) -> None:
    revert(contention)
    assert contention.pause(PLACE) == 0.0
    assert contention.begins(PLACE)
    assert contention.pause(PLACE) == WINDOW
    clock.jump(WINDOW / 2)
    assert contention.pause(PLACE) == WINDOW / 2
    clock.jump(WINDOW / 2)
    assert contention.pause(PLACE) == 0.0
    revert(contention)


def test_reverts_that_are_far_apart_are_no_contention(contention: Contention, clock: FakeClock) -> None:
    for _ in range(4 * LIMIT):
        revert(contention, times=1)
        clock.jump(WINDOW / LIMIT + 1)


def test_another_desired_body_of_the_same_object_is_counted_apart(contention: Contention) -> None:
    revert(contention)
    assert contention.begins(PLACE)
    other: Place = (PLACE[0], PLACE[1], "another hash")
    assert contention.pause(other) == 0.0
    revert(contention, other)
