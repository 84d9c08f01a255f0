"""The measured values of one run: a value for each figure, arm and round."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

CONTROLLER, BARE, AGAIN, KOPF, LIST, IMPORT = "controller", "bare client", "bare client again", "kopf", "list", "import"
"""The names of arms in results."""

ONE, SEVERAL = "1 shard", "4 shards"
"""The arms with one replica and one shard, and with a replica for each of four shards."""

Values = dict[str, dict[str, list[float]]]
"""By figure and arm, in the order of the rounds."""


@dataclass(frozen=True)
class Plan:
    """The sizes of a run. `assets` is the folder of a kube-apiserver; empty for the local API.

    An arm that has sent no request for `quiet` seconds has no work left; `rest` are the seconds of rest.
    """

    assets: str
    applications: int
    rounds: int
    rest: float
    quiet: float
    edits: int


@dataclass
class Samples:
    """All values of a run."""

    values: Values = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))

    def add(self, arm: str, figures: Mapping[str, float]) -> None:
        """Add the values of one round of an arm."""
        for figure, value in figures.items():
            self.values[figure][arm].append(value)


def alternating(names: tuple[str, ...], rounds: int) -> list[str]:
    """The order of arms: A B, B A, A B, …"""
    return [name for number in range(rounds) for name in (names if number % 2 == 0 else reversed(names))]


def quantile(values: list[float], part: float) -> float:
    """The value below which this part of the values is."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def median(values: list[float]) -> float:
    """The median."""
    return statistics.median(values)
