"""When the writes of an object pause because another client keeps reverting them, and for how long."""

from __future__ import annotations

import pytest

from rudr_py.api import Kind, Ref
from rudr_py.controller.apply.contention import (
    LIMIT,
    MAXIMUM,
    ONE_POD_MAXIMUM,
    QUIET,
    SLOW_LIMIT,
    WINDOW,
    Contention,
    Place,
)
from rudr_py.testing.clock import FakeClock

PLACE: Place = ("shop", Ref(Kind("v1", "ConfigMap"), "settings"), "hash")


@pytest.fixture
def contention(clock: FakeClock) -> Contention:
    return Contention(clock)


def revert(contention: Contention, place: Place = PLACE, times: int = LIMIT) -> None:
    for _ in range(times):
        assert not contention.is_due(place)
        contention.reverted(place)


def begin(contention: Contention, place: Place = PLACE) -> float:
    """The length of the pause that begins now."""
    assert contention.is_due(place)
    return contention.begin(place, "the cause").seconds


def test_one_revert_too_many_within_a_minute_begins_a_pause_of_a_minute(
    contention: Contention, clock: FakeClock
) -> None:
    revert(contention)
    assert contention.pause(PLACE) == 0.0
    assert begin(contention) == WINDOW
    assert contention.pause(PLACE) == WINDOW
    assert contention.contest(PLACE).cause == "the cause"
    clock.jump(WINDOW / 2)
    assert contention.pause(PLACE) == WINDOW / 2
    clock.jump(WINDOW / 2)
    assert contention.pause(PLACE) == 0.0


def test_each_pause_ends_with_one_attempt_and_the_next_is_twice_as_long_up_to_an_hour(
    contention: Contention, clock: FakeClock
) -> None:
    revert(contention)
    lengths = []
    for _ in range(9):
        lengths.append(begin(contention))
        clock.jump(lengths[-1])
        revert(contention, times=1)
        clock.jump(15.0)
    assert lengths == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert MAXIMUM == 3600


def test_the_pauses_of_an_object_have_its_maximum(contention: Contention, clock: FakeClock) -> None:
    revert(contention)
    for _ in range(3):
        assert contention.begin(PLACE, "the cause", ONE_POD_MAXIMUM).seconds == ONE_POD_MAXIMUM
        clock.jump(ONE_POD_MAXIMUM)
        assert contention.pause(PLACE) == 0.0
        revert(contention, times=1)
        assert contention.is_due(PLACE)


def test_an_attempt_that_lasts_for_an_hour_ends_the_contention(contention: Contention, clock: FakeClock) -> None:
    revert(contention)
    for _ in range(4):
        clock.jump(begin(contention))
        revert(contention, times=1)
    clock.jump(QUIET)
    revert(contention)
    assert begin(contention) == WINDOW


def test_a_pause_counts_as_no_quiet_time(contention: Contention, clock: FakeClock) -> None:
    revert(contention)
    for _ in range(8):
        clock.jump(begin(contention))
        revert(contention, times=1)
    clock.jump(QUIET - 1)
    assert begin(contention) == MAXIMUM


def test_a_pause_without_an_attempt_does_not_begin_another_one(contention: Contention, clock: FakeClock) -> None:
    revert(contention)
    clock.jump(begin(contention))
    assert not contention.is_due(PLACE)


@pytest.mark.parametrize("seconds", [WINDOW / LIMIT + 1, 300.0, 1800.0])
def test_reverts_that_are_far_apart_are_contention_after_some_more(
    contention: Contention, clock: FakeClock, seconds: float
) -> None:
    for _ in range(SLOW_LIMIT):
        revert(contention, times=1)
        clock.jump(seconds)
    lengths = []
    for _ in range(3):
        lengths.append(begin(contention))
        clock.jump(lengths[-1])
        revert(contention, times=1)
        clock.jump(seconds)
    assert lengths == [60, 120, 240]


def test_reverts_with_a_quiet_time_between_them_are_no_contention(contention: Contention, clock: FakeClock) -> None:
    for _ in range(2 * SLOW_LIMIT):
        revert(contention, times=1)
        clock.jump(QUIET)


def test_another_desired_body_of_the_same_object_is_counted_apart(contention: Contention) -> None:
    revert(contention)
    begin(contention)
    other: Place = (PLACE[0], PLACE[1], "another hash")
    assert contention.pause(other) == 0.0
    revert(contention, other)
