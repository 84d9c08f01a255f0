"""Work in steps: generators that return a result and yield before each step, so that the caller may pause between two.

A step yields its size, in values of documents that a type renders. Nothing here pauses: that needs an event loop.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias, TypeVar

T = TypeVar("T")

Stepwise: TypeAlias = Generator[int, None, T]


def run(steps: Stepwise[T]) -> T:
    """The result of all steps, without a pause."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
