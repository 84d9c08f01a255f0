"""Observed -> the status of an application: conditions, instances, Rudr's phase and words. Pure; writes nothing.

Three conditions tell the story: `Valid` (the documents), `Synced` (every object applied), `Ready` (all of it works).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from rudr_py.api import Health
from rudr_py.errors import Problem
from rudr_py.model.condition import FALSE, TRUE, UNKNOWN, Condition, set_condition
from rudr_py.render import health, legacy
from rudr_py.render.inputs import Inputs, Observed
from rudr_py.render.plan import Plan

Phase = Literal["Add", "Modify", "synced"]

LONGEST = 32768
"""The most characters of a condition's message, as metav1.Condition has it."""


class Sync(msgspec.Struct, frozen=True, kw_only=True):
    """How far the objects of this generation are applied. `reason` is CamelCase; `message` names object and error.

    `resources` are the objects that the application has now, for a later process to find.
    """

    state: Literal["True", "False", "Unknown"]
    reason: str
    message: str = ""
    resources: tuple[dict[str, Any], ...] = ()
    paused: bool = False


class Previous(msgspec.Struct, frozen=True, kw_only=True):
    """What of the last status matters for the next one.

    `attached` is (instance, trait) -> when the trait was first applied; `instances` are the entries as they stand.
    """

    conditions: tuple[Condition, ...] = ()
    phase: str = ""
    attached: Mapping[tuple[str, str], datetime] = msgspec.field(default_factory=dict)
    instances: tuple[dict[str, Any], ...] = ()
    resources: tuple[dict[str, Any], ...] = ()


def previous(document: Any) -> Previous:
    """Read a stored status, ours or Rudr's or anyone's; what cannot be read counts as absent."""
    status = document if isinstance(document, dict) else {}
    return Previous(
        conditions=_conditions(status.get("conditions")),
        phase=str(status.get("phase") or ""),
        attached=_attached(status.get("instances")),
        instances=_maps(status.get("instances")),
        resources=_maps(status.get("resources")),
    )


def status(plan: Plan, inputs: Inputs, observed: Observed, sync: Sync, before: Previous) -> dict[str, Any]:
    """The whole status, to be written when it differs from the stored one."""
    generation = inputs.application.metadata.generation
    healths = health.assess(plan, observed, inputs.now)
    conditions = before.conditions
    for condition in _judge(plan, sync, healths):
        current = msgspec.structs.replace(condition, observed_generation=generation)
        conditions = set_condition(conditions, current, inputs.now)
    if not sync.paused:
        conditions = tuple(condition for condition in conditions if condition.type != "Paused")
    built: dict[str, Any] = {
        "observedGeneration": generation,
        "phase": _phase(plan, sync, before),
        # lists all through, as the stored status has them: a tuple would never equal that
        "conditions": msgspec.to_builtins(list(conditions)),
    }
    if plan.problems:
        instances = _unseen(before)
    else:
        instances = [_instance(one) for one in healths]
        built["components"] = legacy.components(plan, observed)
    built["instances"] = instances
    built["warnings"] = [_line(warning) for warning in plan.warnings]
    built["resources"] = list(sync.resources)
    return {name: value for name, value in built.items() if value not in ({}, [])}


def _judge(plan: Plan, sync: Sync, healths: Sequence[health.InstanceHealth]) -> tuple[Condition, ...]:
    if plan.problems:
        told = _told([_line(problem) for problem in plan.problems])
        return (
            Condition(type="Valid", status=FALSE, reason=plan.reason, message=told),
            Condition(type="Synced", status=UNKNOWN, reason="NotValid", message="nothing is applied while not valid"),
            Condition(type="Ready", status=FALSE, reason="NotValid", message=_line(plan.problems[0])),
        )
    found = (
        Condition(type="Valid", status=TRUE, reason="Valid"),
        Condition(type="Synced", status=sync.state, reason=sync.reason, message=sync.message),
        _ready(sync, healths),
    )
    if sync.paused:
        message = "the annotation rudr.oam.dev/paused stops all writes to the objects of this application"
        return (*found, Condition(type="Paused", status=TRUE, reason="Paused", message=message))
    return found


def _ready(sync: Sync, healths: Sequence[health.InstanceHealth]) -> Condition:
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


def _phase(plan: Plan, sync: Sync, before: Previous) -> Phase:
    """`synced` once all of this generation is applied; `Modify` when it was so before, else `Add` (Rudr's words)."""
    if not plan.problems and sync.state == TRUE:
        return "synced"
    return "Modify" if before.phase in ("Modify", "synced") else "Add"


def _instance(one: health.InstanceHealth) -> dict[str, Any]:
    return {
        "name": one.plan.name,
        "component": one.plan.component,
        "workload": one.plan.workload.name,
        **_health(one.workload),
        "traits": [
            {"name": trait.part.name, "attachedAt": _time(trait.part.context.attached_at), **_health(trait.health)}
            for trait in one.traits
        ],
    }


def _unseen(before: Previous) -> list[dict[str, Any]]:
    """The instances that were there before the documents went wrong, with what must outlive that: times of traits."""
    unknown = {"state": "unknown", "reason": "NotValid"}
    kept: list[dict[str, Any]] = []
    for entry in before.instances:
        name = entry.get("name")
        traits = [
            {"name": trait, "attachedAt": _time(moment), **unknown}
            for (instance, trait), moment in before.attached.items()
            if instance == name
        ]
        if isinstance(name, str):
            known: dict[str, str] = {key: str(entry[key]) for key in ("component", "workload") if key in entry}
            kept.append({"name": name, **known, **unknown, "traits": traits})
    return kept


def _health(found: Health) -> dict[str, Any]:
    shown: dict[str, Any] = {"state": found.state, "reason": found.reason}
    if found.message:
        shown["message"] = found.message
    if found.show:
        shown["show"] = dict(found.show)
    return shown


def _told(lines: Sequence[str]) -> str:
    """The lines as one message, at most as long as a condition may be."""
    text = "\n".join(lines)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _line(problem: Problem) -> str:
    rule = f" [{problem.rule}]" if problem.rule else ""
    return f"{problem}{rule}"


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def _conditions(value: Any) -> tuple[Condition, ...]:
    found: dict[str, Condition] = {}
    for item in _maps(value):
        try:
            read = msgspec.convert(item, Condition)
        except msgspec.ValidationError:
            continue
        found.setdefault(read.type, read)
    return tuple(found.values())


def _attached(value: Any) -> dict[tuple[str, str], datetime]:
    found: dict[tuple[str, str], datetime] = {}
    for instance in _maps(value):
        for trait in _maps(instance.get("traits")):
            try:
                moment = datetime.fromisoformat(trait["attachedAt"])
                if moment.tzinfo is not None:
                    key = str(instance["name"]), str(trait["name"])
                    found[key] = min(moment.astimezone(UTC), found.get(key, moment))
            except (KeyError, TypeError, ValueError, OverflowError):
                continue
    return found


def _maps(value: Any) -> tuple[dict[str, Any], ...]:
    return tuple(item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()
