"""The expected verdicts of the matrix of attacks, and their table.

An attack is *held* if the tenant gains nothing by it. It is *by design* for the reason that the table states.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.security.attacks import TARGETS, WAYS

HELD, BY_DESIGN = "held", "by design"

_WHOLE_SPEC = (
    "The infrastructure operator has admitted Deployments by a WorkloadType object, whose components have a complete "
    "`spec`: admit only kinds that every author of applications may create, or enforce Pod Security."
)
REASONS = {
    ("Pod with a hostPath", "extended workload"): _WHOLE_SPEC,
    ("token of another ServiceAccount", "extended workload"): _WHOLE_SPEC,
}
"""Why an attack succeeds by design, by the target and the way."""


def verdict(target: str, way: str) -> str:
    """The expected verdict of a cell."""
    return BY_DESIGN if (target, way) in REASONS else HELD


def table() -> str:
    """The matrix with its footnotes."""
    return "\n".join([*_rows(), "", *_notes(), ""])


def _rows() -> Iterator[str]:
    yield f"| | {' | '.join(WAYS)} |"
    yield f"|---|{'---|' * len(WAYS)}"
    for target in TARGETS:
        cells = (_cell(target.title, way) for way in WAYS)
        yield f"| {target.title} | {' | '.join(cells)} |"


def _cell(target: str, way: str) -> str:
    reason = REASONS.get((target, way))
    return f"**{BY_DESIGN}** ({_numbers()[reason]})" if reason else HELD


def _numbers() -> dict[str, int]:
    return {reason: number for number, reason in enumerate(dict.fromkeys(REASONS.values()), 1)}


def _notes() -> Iterator[str]:
    yield from (f"{number}. {reason}" for reason, number in _numbers().items())
