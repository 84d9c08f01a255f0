"""A barrier holds keys back until every expected key has arrived."""

from __future__ import annotations

from rudr_py.controller.state.barrier import Barrier


def test_keys_are_held_until_the_last_expected_key_arrives() -> None:
    barrier: Barrier[str] = Barrier()
    barrier.expect("a")
    barrier.expect("b")
    assert barrier.hold({"x"})
    assert barrier.arrive("a") == frozenset()
    assert barrier.hold({"y"})
    assert barrier.arrive("b") == {"x", "y"}


def test_an_open_barrier_holds_nothing() -> None:
    barrier: Barrier[str] = Barrier()
    assert not barrier.hold({"x"})
    assert barrier.arrive("a") == frozenset()
