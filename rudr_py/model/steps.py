"""Work in steps: generators that return a result and yield before each step, so that the caller may pause between two.

A step yields its size, in values of documents. Nothing here pauses: rendering has no event loop and no clock.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeAlias, TypeVar

T = TypeVar("T")

Steps: TypeAlias = Generator[int, None, T]


def run(steps: Steps[T]) -> T:
    """The result of all steps, without a pause."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
