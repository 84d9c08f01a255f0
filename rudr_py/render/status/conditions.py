"""The conditions of an application, from its plan, the result of applying it, and the health of its objects. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from rudr_py.errors import Problem
from rudr_py.model.condition import FALSE, TRUE, UNKNOWN, Condition
from rudr_py.model.metadata_keys import PAUSED_ANNOTATION
from rudr_py.render.status.health import InstanceHealth
from rudr_py.render.values.plan import Plan

LONGEST = 32768
"""Maximum length of a condition's message, a limit of metav1.Condition."""


class SyncState(msgspec.Struct, frozen=True, kw_only=True):
    """The result of applying the objects of this generation. `reason` is CamelCase; `message` has object and error.

    `resources` is the inventory: the objects that the application has now. `notes` are shown after the warnings of the
    plan: problems of watching or reporting, such as a missing right, that do not affect an object.
    """

    state: Literal["True", "False", "Unknown"]
    reason: str
    message: str = ""
    resources: tuple[Mapping[str, Any], ...] = ()
    paused: bool = False
    notes: tuple[str, ...] = ()


def conditions(plan: Plan, sync: SyncState, healths: Sequence[InstanceHealth]) -> tuple[Condition, ...]:
    """The conditions of a plan after it was applied with the result `sync`."""
    if plan.problems:
        message = _joined([line(problem) for problem in plan.problems])
        return (
            Condition(type="Valid", status=FALSE, reason=plan.reason, message=message),
            Condition(
                type="Synced", status=UNKNOWN, reason="NotValid", message="not applied: the application is invalid"
            ),
            Condition(type="Ready", status=FALSE, reason="NotValid", message=line(plan.problems[0])),
        )
    conditions = (
        Condition(type="Valid", status=TRUE, reason="Valid"),
        Condition(type="Synced", status=sync.state, reason=sync.reason, message=sync.message),
        _ready(sync, healths),
    )
    if sync.paused:
        message = f"the annotation {PAUSED_ANNOTATION} stops all writes to the objects of this application"
        return (*conditions, Condition(type="Paused", status=TRUE, reason="Paused", message=message))
    return conditions


def _ready(sync: SyncState, healths: Sequence[InstanceHealth]) -> Condition:
    if sync.state != TRUE and not sync.paused:
        return Condition(type="Ready", status=FALSE, reason=sync.reason, message=sync.message)
    waiting = [health for health in healths if not health.workload.ok]
    counted = f"{len(healths) - len(waiting)} of {len(healths)} instances are ready"
    if not waiting:
        return Condition(type="Ready", status=TRUE, reason="Ready", message=counted)
    # failed instances first: they need attention, progressing ones only time
    waiting.sort(key=lambda health: health.workload.state != "failed")
    lines = [f"{health.plan.name}: {health.workload.message or health.workload.reason}" for health in waiting]
    return Condition(type="Ready", status=FALSE, reason=waiting[0].workload.reason, message=_joined([counted, *lines]))


def _joined(lines: Sequence[str]) -> str:
    """The lines as one message, cut to the maximum length."""
    text = "\n".join(lines)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def line(problem: Problem) -> str:
    """A problem as text for the status, with the ID of its rule."""
    rule = f" [{problem.rule}]" if problem.rule else ""
    return f"{problem}{rule}"
