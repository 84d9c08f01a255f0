"""What the conditions of an application say: `Valid` (the documents), `Synced` (every object applied), `Ready` (all of
it works), and `Paused` while it is. Pure; times are for `status`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from rudr_py.errors import Problem
from rudr_py.model.condition import FALSE, TRUE, UNKNOWN, Condition
from rudr_py.model.metadata_keys import PAUSED_ANNOTATION
from rudr_py.render.status.health import InstanceHealth
from rudr_py.render.values.plan import Plan

LONGEST = 32768
"""The most characters of a condition's message, as metav1.Condition has it."""


class SyncState(msgspec.Struct, frozen=True, kw_only=True):
    """How far the objects of this generation are applied. `reason` is CamelCase; `message` names object and error.

    `resources` are the objects that the application has now, for a later process to find. `notes` are told beside the
    warnings of the plan: what keeps us from seeing or telling something, and makes no object wrong.
    """

    state: Literal["True", "False", "Unknown"]
    reason: str
    message: str = ""
    resources: tuple[dict[str, Any], ...] = ()
    paused: bool = False
    notes: tuple[str, ...] = ()


def judge(plan: Plan, sync: SyncState, healths: Sequence[InstanceHealth]) -> tuple[Condition, ...]:
    """The conditions of a plan that was applied so far."""
    if plan.problems:
        told = _told([line(problem) for problem in plan.problems])
        return (
            Condition(type="Valid", status=FALSE, reason=plan.reason, message=told),
            Condition(type="Synced", status=UNKNOWN, reason="NotValid", message="nothing is applied while not valid"),
            Condition(type="Ready", status=FALSE, reason="NotValid", message=line(plan.problems[0])),
        )
    found = (
        Condition(type="Valid", status=TRUE, reason="Valid"),
        Condition(type="Synced", status=sync.state, reason=sync.reason, message=sync.message),
        _ready(sync, healths),
    )
    if sync.paused:
        message = f"the annotation {PAUSED_ANNOTATION} stops all writes to the objects of this application"
        return (*found, Condition(type="Paused", status=TRUE, reason="Paused", message=message))
    return found


def _ready(sync: SyncState, healths: Sequence[InstanceHealth]) -> Condition:
    if sync.state != TRUE and not sync.paused:
        return Condition(type="Ready", status=FALSE, reason=sync.reason, message=sync.message)
    waiting = [one for one in healths if not one.workload.ok]
    counted = f"{len(healths) - len(waiting)} of {len(healths)} instances are ready"
    if not waiting:
        return Condition(type="Ready", status=TRUE, reason="Ready", message=counted)
    # what has failed is of more interest than what only takes its time
    waiting.sort(key=lambda one: one.workload.state != "failed")
    lines = [f"{one.plan.name}: {one.workload.message or one.workload.reason}" for one in waiting]
    return Condition(type="Ready", status=FALSE, reason=waiting[0].workload.reason, message=_told([counted, *lines]))


def _told(lines: Sequence[str]) -> str:
    """The lines as one message, at most as long as a condition may be."""
    text = "\n".join(lines)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def line(problem: Problem) -> str:
    """A problem as status tells it, with the rule that it breaks."""
    rule = f" [{problem.rule}]" if problem.rule else ""
    return f"{problem}{rule}"
