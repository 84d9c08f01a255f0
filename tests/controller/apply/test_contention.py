"""When an object is left alone because somebody undoes our writes."""

from __future__ import annotations

import pytest

from rudr_py.api import Kind, Ref
from rudr_py.controller.apply.contention import LIMIT, WINDOW, Contention, Place
from rudr_py.testing.clock import FakeClock

PLACE: Place = ("shop", Ref(Kind("v1", "ConfigMap"), "settings"), "hash")


@pytest.fixture
def fights(clock: FakeClock) -> Contention:
    return Contention(clock)


def fight(fights: Contention, place: Place = PLACE, times: int = LIMIT) -> None:
    for _ in range(times):
        assert not fights.begins(place)
        fights.set_back(place)


def test_one_set_back_too_many_within_a_minute_begins_a_pause_of_a_minute(fights: Contention, clock: FakeClock) -> None:
    fight(fights)
    assert fights.pause(PLACE) == 0.0
    assert fights.begins(PLACE)
    assert fights.pause(PLACE) == WINDOW
    clock.jump(WINDOW / 2)
    assert fights.pause(PLACE) == WINDOW / 2
    clock.jump(WINDOW / 2)
    assert fights.pause(PLACE) == 0.0
    fight(fights)


def test_set_backs_that_are_far_apart_are_no_fight(fights: Contention, clock: FakeClock) -> None:
    for _ in range(4 * LIMIT):
        fight(fights, times=1)
        clock.jump(WINDOW / LIMIT + 1)


def test_another_wish_for_the_same_object_is_another_matter(fights: Contention) -> None:
    fight(fights)
    assert fights.begins(PLACE)
    other: Place = (PLACE[0], PLACE[1], "another hash")
    assert fights.pause(other) == 0.0
    fight(fights, other)
