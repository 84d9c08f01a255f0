"""Work in steps: generators that return a result and yield before each step, so that the caller may pause between two.

A step yields its size, in values of documents that a type renders. Nothing here pauses: that needs an event loop.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterable, Iterator
from typing import Final, TypeAlias, TypeVar

T = TypeVar("T")

Stepwise: TypeAlias = Generator[int, None, T]

BATCH: Final = 256
"""The most items of a batch."""

BATCH_SIZE: Final = 80
"""The size of a step over a batch of which each item takes a few microseconds, such as a text or a lookup."""


def batches(items: Iterable[T]) -> Iterator[tuple[T, ...]]:
    """All items in batches, for loops with one step for each."""
    iterator = iter(items)
    while batch := tuple(itertools.islice(iterator, BATCH)):
        yield batch


def run(steps: Stepwise[T]) -> T:
    """The result of all steps, without a pause."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
