"""Digests: the same for the same value, and untouched by fields that a document does not use."""

from __future__ import annotations

import msgspec

from rudr_py.render.values import digests


class Before(msgspec.Struct):
    name: str
    items: tuple[str, ...] = ()
    labels: dict[str, str] = {}


class After(msgspec.Struct):
    """The same with fields that came later."""

    name: str
    items: tuple[str, ...] = ()
    labels: dict[str, str] = {}
    size: int = 3
    options: dict[str, str] = {}


def test_a_digest_depends_on_the_order_of_lists_but_not_of_keys() -> None:
    assert digests.of({"a": 1, "b": [1, 2]}) == digests.of({"b": [1, 2], "a": 1})
    assert digests.of([1, 2]) != digests.of([2, 1])


def test_a_digest_is_the_same_in_every_release() -> None:
    # recorded: another value here runs every Task of every user again
    assert digests.of({"a": [1, "x", None]}) == "baa540ec9225e33b19fe41d9"


def test_an_unused_new_field_does_not_change_a_digest() -> None:
    old, new = Before("x", ("a",), {"l": "1"}), After("x", ("a",), {"l": "1"})
    assert digests.plain(old) == {"name": "x", "items": ["a"], "labels": {"l": "1"}}
    assert digests.of(digests.plain([{"of": old}])) == digests.of(digests.plain([{"of": new}]))
    assert digests.plain(After("x", size=4)) == {"name": "x", "size": 4}
