"""The growth of a measured value, which a few outliers do not change."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

Samples = Sequence[tuple[float, float]]
"""Times and values."""

CONFIDENCE = 3.0
"""Standard deviations of the values about the line, below which a growth is noise."""

_MOST = 1_000
"""The most samples of which all pairs are compared; of more samples, each second, third, … one counts."""

_SPREAD = 1.4826
"""The standard deviation of normal values in units of their median absolute deviation."""


@dataclass(frozen=True)
class Slope:
    """A line through samples: its slope by time, its length in time, and the deviation of the values from it."""

    slope: float = 0.0
    length: float = 0.0
    noise: float = 0.0

    @property
    def growth(self) -> float:
        """The growth from the first to the last sample."""
        return self.slope * self.length

    def is_flat(self, tolerance: float) -> bool:
        """Whether the growth is at most `tolerance` and the noise."""
        return self.growth <= tolerance + CONFIDENCE * self.noise


def theil_sen(samples: Samples) -> Slope:
    """The line whose slope is the median of the slopes between all pairs of samples."""
    if len(samples) < 2:
        return Slope()
    samples = samples[:: -(-len(samples) // _MOST)]
    pairs = itertools.combinations(samples, 2)
    slope = statistics.median((y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in pairs)
    rest = [y - slope * x for x, y in samples]
    middle = statistics.median(rest)
    noise = _SPREAD * statistics.median(abs(value - middle) for value in rest)
    return Slope(slope, samples[-1][0] - samples[0][0], noise)
