"""How long to pause before trying again. Pure: the random number is an argument."""

from __future__ import annotations

from collections.abc import Callable

INITIAL = 0.8
MAXIMUM = 30.0
JITTER = 0.25


class Backoff:
    """Pauses of 0.8 s doubling to 30 s, a quarter more or less, until `reset`. `random` gives numbers in [0, 1)."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._failures = 0

    def failed(self, *, at_least: float = 0.0) -> float:
        """Seconds to pause after one more failure; never less than the server asked for by `at_least`."""
        pause: float = min(MAXIMUM, INITIAL * 2 ** min(self._failures, 10))
        self._failures += 1
        return max(self.spread(pause), at_least * (1 + JITTER * self._random()))

    def spread(self, seconds: float) -> float:
        """`seconds`, a quarter more or less, so that many do not come back at once."""
        return seconds * (1 + JITTER * (2 * self._random() - 1))

    def reset(self) -> None:
        """It works again; the next failure pauses shortly."""
        self._failures = 0
