"""The rows of the table of results: each a ratio of two arms, or a count of the controller alone, with its target."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.samples import AGAIN, BARE, CONTROLLER, IMPORT, KOPF, LIST, ONE, SEVERAL, Values, median

Pairs = list[tuple[float, float]]


@dataclass(frozen=True)
class Result:
    """A median and the range of the rounds.

    `own` and `other` are the medians of the arms; `other` is None for counts.
    """

    value: float
    low: float
    high: float
    own: float
    other: float | None


@dataclass(frozen=True)
class Row:
    """A figure. `limit` is its target, or infinity; `unit` is that of `own` and `other`."""

    label: str
    measure: Callable[[Values, int], Result | None]
    limit: float = math.inf
    unit: str = ""
    scale: float = 1.0
    strictly: bool = False
    """Whether the limit itself misses the target."""
    at_least: bool = False
    """Whether the limit is the lowest value that reaches the target."""

    def reaches(self, result: Result) -> bool:
        """Whether the target is reached. Two zeros are equal costs, which no client can undercut."""
        if self.at_least:
            return result.value >= self.limit
        both_zero = result.own == result.other == 0
        return both_zero or result.value < self.limit or (result.value == self.limit and not self.strictly)


def ratio(figure: str, own: str, other: str) -> Callable[[Values, int], Result | None]:
    """The median of the ratios of the rounds."""

    def measure(values: Values, _count: int) -> Result | None:
        pairs: Pairs = list(
            zip(values.get(figure, {}).get(own, []), values.get(figure, {}).get(other, []), strict=False)
        )
        if not pairs:
            return None
        ratios = [first / second if second else (1.0 if not first else math.inf) for first, second in pairs]
        firsts, seconds = ([pair[index] for pair in pairs] for index in (0, 1))
        return Result(median(ratios), min(ratios), max(ratios), median(firsts), median(seconds))

    return measure


def count(figure: str, pick: Callable[[list[float]], float] = median) -> Callable[[Values, int], Result | None]:
    """A figure of the controller alone."""

    def measure(values: Values, _count: int) -> Result | None:
        own = values.get(figure, {}).get(CONTROLLER, [])
        return Result(pick(own), min(own), max(own), pick(own), None) if own else None

    return measure


EMPTY = "idle arm: memory, MiB"
"""The memory of the arm without applications."""


def memory(figure: str, empty: str = EMPTY) -> Callable[[Values, int], Result | None]:
    """KiB for each application above the same process without applications."""

    def measure(values: Values, applications: int) -> Result | None:
        own = values.get(figure, {}).get(CONTROLLER, [])
        base = values.get(empty, {}).get(CONTROLLER, [])
        if not own or not base or not applications:
            return None
        each = [(value - median(base)) * 1024 / applications for value in own]
        return Result(median(each), min(each), max(each), median(each), None)

    return measure


def largest(namespaces: int) -> Row:
    """The row of the largest shard of so many namespaces."""
    return Row(f"largest of 4 shards ÷ mean, {namespaces:,} namespaces", count(f"shards: largest of {namespaces}"))


CONTROLS = (
    Row("control, wall: bare client ÷ bare client", ratio("new: wall, s", AGAIN, BARE), unit="s"),
    Row("control, CPU: bare client ÷ bare client", ratio("new: CPU, s", AGAIN, BARE), unit="s"),
)
"""Rows that must be near 1; else the run is void."""

ROWS = (
    Row("converge ÷ bare client: wall", ratio("new: wall, s", CONTROLLER, BARE), 1.3, "s"),
    Row("converge ÷ bare client: CPU", ratio("new: CPU, s", CONTROLLER, BARE), 2.0, "s"),
    Row("converge ÷ bare client: CPU of the server", ratio("new: CPU of the server, s", CONTROLLER, BARE), unit="s"),
    Row("requests for an application until Ready", count("new: requests"), 8),
    Row("… of objects", count("new: objects")),
    Row("… of statuses", count("new: status")),
    Row("… of Events", count("new: events")),
    Row("… of revisions", count("new: revisions")),
    Row("… that read", count("new: reads")),
    Row("reads for all applications together: discovery, version, nodes", count("new: shared requests")),
    Row("reconciles for an application until Ready", count("new: reconciles"), 3),
    Row("new applications ÷ Kopf: CPU", ratio("new: CPU until quiet, s", CONTROLLER, KOPF), 1, "s", strictly=True),
    Row("new applications ÷ Kopf: requests for one", ratio("new: requests", CONTROLLER, KOPF), 1, strictly=True),
    Row("new applications ÷ Kopf: wall", ratio("new: wall, s", CONTROLLER, KOPF), unit="s"),
    Row("restart ÷ Kopf: CPU", ratio("restart: CPU, s", CONTROLLER, KOPF), 1, "s", strictly=True),
    Row("restart ÷ Kopf: requests", ratio("restart: requests", CONTROLLER, KOPF), 1, strictly=True),
    Row("at rest ÷ Kopf: CPU in an hour", ratio("at rest: CPU in an hour, s", CONTROLLER, KOPF), 1, "s", strictly=True),
    Row(
        "at rest ÷ Kopf: requests in an hour", ratio("at rest: requests in an hour", CONTROLLER, KOPF), 1, strictly=True
    ),
    Row("memory for an application, after a start, KiB", memory("start: memory, MiB"), 15),
    Row("memory for an application, when it was new, KiB", memory("new: memory, MiB"), 15),
    Row("idle process ÷ import of aiohttp: memory", ratio("idle: memory, MiB", CONTROLLER, IMPORT), 2, "MiB"),
    Row("start over all in sync: writes", count("start: writes"), 0),
    Row("start over all in sync ÷ list and decode: wall", ratio("start: wall, s", CONTROLLER, LIST), 2, "s"),
    Row("start over all in sync ÷ list and decode: CPU", ratio("start: CPU, s", CONTROLLER, LIST), unit="s"),
    Row("edit → Deployment ÷ bare client: p50", ratio("edit: p50, s", CONTROLLER, BARE), 1.5, "ms", 1000),
    Row("edit → Deployment ÷ bare client: p99", ratio("edit: p99, s", CONTROLLER, BARE), 3, "ms", 1000),
    Row("… during a start: p50", ratio("edit during a start: p50, s", CONTROLLER, BARE), 1.5, "ms", 1000),
    Row("… during a start: p99", ratio("edit during a start: p99, s", CONTROLLER, BARE), 3, "ms", 1000),
    Row("longest step of the loop, new applications, s", count("new: longest step, s", max), 0.1),
    Row("longest step of the loop, start, s", count("start: longest step, s", max), 0.1),
    Row(
        "4 shards ÷ 1 shard: applications in a second, simulated",
        ratio("shards: applications in a second", SEVERAL, ONE),
        3,
        at_least=True,
    ),
    Row("4 shards ÷ 1 shard: CPU of all replicas for one", ratio("shards: CPU, ms", SEVERAL, ONE), unit="ms"),
    Row("… applications of the largest shard ÷ mean", count("shards: largest")),
    largest(16),
    largest(100),
    largest(1000),
    Row("shards of a killed process taken ÷ lease duration", count("shards: take-over in lease durations", max), 1.2),
    Row("writes in the shard of another process", count("shards: foreign writes", max), 0),
)

SCALE_EMPTY = "scale, no applications: memory, MiB"


def _edits(phase: str, label: str) -> tuple[Row, ...]:
    """The rows of edits in a phase, beside the bare client at its start or at rest."""
    figures = ((part, f"scale, {phase}: edit, {part}, s", limit) for part, limit in (("p50", 1.5), ("p99", 3.0)))
    return tuple(
        Row(f"{label}: {part}", ratio(figure, CONTROLLER, BARE), limit, "ms", 1000) for part, figure, limit in figures
    )


def _disturbance(phase: str, label: str) -> tuple[Row, ...]:
    return (
        Row(f"{label}: writes", count(f"scale, {phase}: writes"), 0),
        Row(f"{label}: longest step of the loop, s", count(f"scale, {phase}: longest step, s", max), 0.1),
        Row(f"{label}: peak for an application, KiB", memory(f"scale, {phase}: peak, MiB", SCALE_EMPTY)),
    )


def _delay(phase: str, label: str) -> tuple[Row, ...]:
    return tuple(
        Row(f"{label}: edit → Deployment, {part}, s", count(f"scale, {phase}: edit, {part}, s"))
        for part in ("p50", "p99")
    )


SCALE_ROWS = (
    Row("start ÷ list and decode: wall", ratio("scale, start: wall, s", CONTROLLER, LIST), 2, "s"),
    Row("start ÷ list and decode: CPU", ratio("scale, start: CPU, s", CONTROLLER, LIST), unit="s"),
    *_disturbance("start", "start"),
    Row("memory for an application, after a start, KiB", memory("scale, start: memory, MiB", SCALE_EMPTY), 15),
    *_edits("start", "edit → Deployment during a start ÷ bare client"),
    *_edits("at rest", "edit → Deployment at rest ÷ bare client"),
    Row("list after an expired history: requests, with watches", count("scale, relist: requests")),
    *_disturbance("relist", "list after an expired history"),
    *_delay("relist", "list after an expired history"),
    Row("fail-over after SIGKILL: until all were reconciled, s", count("scale, fail-over: wall, s")),
    Row("fail-over: lists", count("scale, fail-over: lists"), 0),
    *_disturbance("fail-over", "fail-over"),
    Row("fail-over: edit at the kill → Deployment, s", count("scale, fail-over: first edit, s")),
    *_delay("fail-over", "fail-over, after that"),
)
"""The rows of the section `scale`, whose applications are all in sync."""


def results(values: Values, applications: int) -> Iterator[tuple[Row, Result]]:
    """The rows that were measured, controls first."""
    for row in (*CONTROLS, *ROWS, *SCALE_ROWS):
        result = row.measure(values, applications)
        if result is not None:
            yield row, result


def is_void(values: Values, tolerance: float) -> bool:
    """Whether a control differs from 1 by more than the tolerance."""
    controls = [row.measure(values, 0) for row in CONTROLS]
    return any(abs(result.value - 1) > tolerance for result in controls if result is not None)
