"""The intervals of retries: they grow, and one key of a group is tried for all of them."""

from __future__ import annotations

import pytest

from rudr_py.controller.queue import slow_retries
from rudr_py.controller.queue.slow_retries import LONGEST, PACE, SlowRetries
from rudr_py.testing.clock import FakeClock

Retries = SlowRetries[str, str]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def retries(clock: FakeClock) -> Retries:
    return SlowRetries(clock, 60.0)


def test_the_interval_of_a_wait_doubles_up_to_an_hour(retries: Retries) -> None:
    intervals = [retries.waiting("a", 60.0) for _ in range(12)]
    assert intervals[:4] == [60.0, 120.0, 240.0, 480.0]
    assert all(0.75 * LONGEST <= interval <= LONGEST for interval in intervals[7:])


def test_the_first_interval_of_a_refusal_is_short_for_every_key(retries: Retries) -> None:
    for key in ("a", "b", "c"):
        assert 60.0 <= retries.refused(key, "policy") <= 60.0 * slow_retries.SPREAD


def test_only_the_first_key_of_a_group_keeps_its_short_intervals(retries: Retries) -> None:
    for _ in range(8):
        first, second = retries.refused("a", "policy"), retries.refused("b", "policy")
    assert first <= 300.0
    assert second >= 0.75 * LONGEST


def test_when_the_first_key_can_go_on_the_rest_of_its_group_is_retried(retries: Retries) -> None:
    for key, group in (("a", "policy"), ("b", "policy"), ("c", "policy"), ("d", "other"), ("e", None)):
        retries.refused(key, group)
    assert retries.end("b") == ()
    assert retries.end("a") == ("c",)
    assert retries.end("d") == ()
    assert retries.end("e") == ()
    assert len(retries) == 1


async def test_a_group_is_retried_as_a_whole_once_within_the_shortest_interval(
    retries: Retries, clock: FakeClock
) -> None:
    """Between these times the next key takes over: a hundred deletions wake a hundred keys and not five thousand."""
    keys = [f"key {number}" for number in range(100)]
    for key in keys:
        retries.refused(key, "policy")
    woken = [len(retries.end(key)) for key in keys]
    assert woken == [99, *[1] * 98, 0]
    for key in keys:
        retries.refused(key, "policy")
    await clock.advance(61.0)
    assert len(retries.end(keys[0])) == 99


def test_all_groups_together_are_tried_at_a_bounded_rate(retries: Retries) -> None:
    number = 100
    for index in range(number):
        retries.refused(f"key {index}", f"group {index}")
    again = [retries.refused(f"key {index}", f"group {index}") for index in range(number)]
    assert min(again) >= PACE * number


def test_another_cause_restarts_the_intervals(retries: Retries) -> None:
    for _ in range(6):
        retries.refused("first", "policy")
        retries.refused("a", "policy")
    retries.end("a")
    retries.refused("second", "other")
    assert retries.refused("a", "other") <= 300.0


def test_nothing_is_kept_of_keys_that_can_go_on(retries: Retries) -> None:
    for number in range(100):
        retries.refused(str(number), f"group {number % 7}")
        retries.waiting(f"waiting {number}", 60.0)
    for number in range(100):
        retries.end(str(number))
        retries.end(f"waiting {number}")
    assert (len(retries), retries._groups) == (0, {})
