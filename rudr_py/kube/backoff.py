"""Exponential backoff with jitter. Pure: the random number is an argument."""

from __future__ import annotations

from collections.abc import Callable

INITIAL = 0.8
MAXIMUM = 30.0
JITTER = 0.25


class Backoff:
    """Delays of 0.8 s, doubled up to 30 s, with 25 % jitter, until `reset`. `random` returns numbers in [0, 1)."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._failures = 0

    def next_delay(self, *, minimum: float = 0.0) -> float:
        """Seconds to wait after another failure, at least `minimum` (a server's Retry-After)."""
        delay: float = min(MAXIMUM, INITIAL * 2 ** min(self._failures, 10))
        self._failures += 1
        return max(self.jittered(delay), minimum * (1 + JITTER * self._random()))

    def jittered(self, seconds: float) -> float:
        """`seconds` plus or minus up to 25 %, so that many clients do not retry at the same time."""
        return seconds * (1 + JITTER * (2 * self._random() - 1))

    def reset(self) -> None:
        """Start again with the initial delay; to be called after a success."""
        self._failures = 0
