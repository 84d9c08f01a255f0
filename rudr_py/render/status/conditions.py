"""The conditions of an application, from its plan, the result of applying it, and the health of its objects. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

from rudr_py.api import Health
from rudr_py.errors import Problem
from rudr_py.model.condition import FALSE, TRUE, UNKNOWN, Condition
from rudr_py.model.metadata_keys import PAUSED_ANNOTATION
from rudr_py.render import holds
from rudr_py.render.revisions import RevisionName
from rudr_py.render.status import replacements
from rudr_py.render.status.health import InstanceHealth
from rudr_py.render.status.replacements import Replacement
from rudr_py.render.values import pins
from rudr_py.render.values.pins import Pin
from rudr_py.render.values.plan import Plan

TRAITS_READY = "TraitsReady"
VALID = "Valid"
SYNCED = "Synced"
READY = "Ready"
HELD = "Held"

UNOBSERVED = frozenset({"Missing", "NotObserved", "GenerationNotObserved"})
"""Reasons of objects whose controllers have not reported anything about their current spec."""

LONGEST = 32768
"""Maximum length of a condition's message, a limit of metav1.Condition."""


LONGEST_LINE = 1500
"""Maximum bytes of the text about one problem."""


class SyncState(msgspec.Struct, frozen=True, kw_only=True):
    """The result of applying the objects of this generation. `reason` is CamelCase; `message` has object and error.

    `resources` is the inventory: the objects that the application has now. `notes` are shown after the warnings of the
    plan: problems of watching or reporting, such as a missing right, that do not affect an object. `revision` is the
    kept revision of these documents; empty for that of the previous status. `replacements` have not ended.
    """

    state: Literal["True", "False", "Unknown"]
    reason: str
    message: str = ""
    resources: tuple[Mapping[str, Any], ...] = ()
    paused: bool = False
    notes: tuple[str, ...] = ()
    revision: RevisionName = RevisionName()
    replacements: tuple[Replacement, ...] = ()


def conditions(plan: Plan, sync: SyncState, healths: Sequence[InstanceHealth]) -> tuple[Condition, ...]:
    """The conditions of a plan after it was applied with the result `sync`."""
    if plan.problems:
        message = _joined([line(problem) for problem in plan.problems])
        return (
            Condition(type=VALID, status=FALSE, reason=plan.reason, message=message),
            Condition(
                type="Synced", status=UNKNOWN, reason="NotValid", message="not applied: the application is invalid"
            ),
            Condition(type="Ready", status=FALSE, reason="NotValid", message=line(plan.problems[0])),
        )
    conditions: tuple[Condition, ...] = (
        Condition(type=VALID, status=TRUE, reason="Valid"),
        Condition(type="Synced", status=sync.state, reason=sync.reason, message=_joined([sync.message])),
        *_traits_ready(healths),
        *_replaced(sync),
        _ready(sync, healths),
    )
    if plan.is_held:
        conditions = (
            *conditions,
            Condition(type=HELD, status=TRUE, reason=holds.reason_of(plan), message=held_message(plan)),
        )
    if sync.paused:
        message = f"the annotation {PAUSED_ANNOTATION} stops all writes to the objects of this application"
        return (*conditions, Condition(type="Paused", status=TRUE, reason="Paused", message=message))
    return conditions


def pinned(by_name: Mapping[str, Pin]) -> Iterator[Condition]:
    """The condition of an application whose components wait for a promotion."""
    if by_name:
        message = _joined([*pins.lines(by_name)])
        yield Condition(type=pins.PINNED, status=TRUE, reason=pins.NOT_PROMOTED, message=message)


def held_message(plan: Plan) -> str:
    """The instances and scopes that are held, a line for each."""
    return _joined([_cut(line) for line in holds.lines(plan)])


def _traits_ready(healths: Sequence[InstanceHealth]) -> Iterator[Condition]:
    """The condition of an application that has traits: whether all of them do their work."""
    total = sum(len(instance.traits) for instance in healths)
    if not total:
        return
    waiting = _waiting_traits(healths)
    counted = f"{total - len(waiting)} of {total} traits are ready"
    if not waiting:
        yield Condition(type=TRAITS_READY, status=TRUE, reason="Ready", message=counted)
        return
    health, _ = waiting[0]
    status = UNKNOWN if _is_unobserved(health) else FALSE
    lines = [text for _, text in waiting]
    yield Condition(type=TRAITS_READY, status=status, reason=health.reason, message=_joined([counted, *lines]))


def _replaced(sync: SyncState) -> Iterator[Condition]:
    """The condition of an application with instances or objects that are kept until the added ones are ready."""
    failed, waiting = replacements.lines(sync.replacements, "failed"), replacements.lines(sync.replacements, "waiting")
    if failed:
        message = _joined([_cut(line) for line in (*failed, *waiting)])
        yield Condition(type=replacements.CONDITION, status=FALSE, reason=replacements.FAILED, message=message)
    elif waiting:
        message = _joined([_cut(line) for line in waiting])
        yield Condition(type=replacements.CONDITION, status=UNKNOWN, reason=replacements.WAITING, message=message)


def _waiting_traits(healths: Sequence[InstanceHealth]) -> list[tuple[Health, str]]:
    """The health of each trait that is not ready, with a line about it: failed ones first, unobserved ones last."""
    waiting = [
        (trait.health, f"{instance.plan.name}: trait {trait.trait.offer.name}: {_cause(trait.health)}")
        for instance in healths
        for trait in instance.traits
        if not trait.health.ok
    ]
    return sorted(waiting, key=lambda item: (item[0].state != "failed", _is_unobserved(item[0])))


def _is_unobserved(health: Health) -> bool:
    return health.state == "unknown" or (health.state == "progressing" and health.reason in UNOBSERVED)


def _ready(sync: SyncState, healths: Sequence[InstanceHealth]) -> Condition:
    if sync.state != TRUE and not sync.paused:
        return Condition(type="Ready", status=FALSE, reason=sync.reason, message=_joined([sync.message]))
    failed = replacements.lines(sync.replacements, "failed")
    kept = [*failed, *replacements.lines(sync.replacements, "waiting")]
    waiting = [health for health in healths if not health.workload.ok]
    waiting_traits = _waiting_traits(healths)
    counted = f"{len(healths) - len(waiting)} of {len(healths)} instances are ready"
    if not waiting and not waiting_traits and not kept:
        return Condition(type="Ready", status=TRUE, reason="Ready", message=counted)
    # failed instances first: they need attention, progressing ones only time
    waiting.sort(key=lambda health: health.workload.state != "failed")
    lines = [f"{health.plan.name}: {_cause(health.workload)}" for health in waiting]
    lines += [text for _, text in waiting_traits]
    if failed:
        return Condition(type="Ready", status=FALSE, reason=replacements.FAILED, message=_joined([*kept, *lines]))
    causes = [*(one.workload for one in waiting), *(health for health, _ in waiting_traits)]
    reason = causes[0].reason if causes else replacements.WAITING
    return Condition(type="Ready", status=FALSE, reason=reason, message=_joined([counted, *lines, *kept]))


def _cause(health: Health) -> str:
    return health.message or health.reason


def _joined(lines: Sequence[str]) -> str:
    """The lines as one message, cut to the maximum length."""
    text = "\n".join(lines)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def line(problem: Problem) -> str:
    """A problem as text for the status, with the ID of its rule."""
    rule = f" [{problem.rule}]" if problem.rule else ""
    return f"{_cut(str(problem))}{rule}"


def _cut(text: str) -> str:
    data = text.encode(errors="replace")
    return text if len(data) <= LONGEST_LINE else f"{data[: LONGEST_LINE - 3].decode(errors='ignore')}..."
