"""How the results of several parts merge."""

from __future__ import annotations

from rudr_py.controller.results.result import Result, merge


def test_the_earliest_requeue_and_the_longest_hold_count() -> None:
    merged = merge(Result(requeue_after=5.0, hold=1.0), Result(), Result(requeue_after=2.0, written=True))
    assert merged == Result(requeue_after=2.0, hold=1.0, written=True)


def test_the_error_that_is_retried_soonest_wins() -> None:
    terminal, slow, failed = Result(error="c", retry="never"), Result(error="b", retry="slow"), Result(error="a")
    assert merge(terminal, slow) == slow
    assert merge(terminal, slow, failed, Result()) == failed


def test_nothing_merges_to_a_success() -> None:
    assert merge() == Result()
