"""Observed -> the status of an application: conditions, instances, scopes, Rudr's phase and words. Pure.

It writes nothing itself, and reads no clock. What the next look needs of it is read in `memory`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from rudr_py.api import Health, Ref
from rudr_py.model.condition import TRUE, set_condition
from rudr_py.render.status import conditions, health, rudr_status
from rudr_py.render.status import runs as running
from rudr_py.render.status.conditions import SyncState
from rudr_py.render.status.health import Assessment, InstanceHealth, ScopeHealth
from rudr_py.render.status.previous import PreviousStatus, previous
from rudr_py.render.types import packages
from rudr_py.render.values.inputs import Inputs, Observed, Runs
from rudr_py.render.values.plan import Plan

__all__ = ["TOO_LARGE", "PreviousStatus", "SyncState", "bounded", "previous", "scope_status", "status"]

Phase = Literal["Add", "Modify", "synced"]

SIZE_LIMIT = 256 * 1024
"""Bytes of a status; beyond this the API server would soon refuse the object as a whole."""

TOO_LARGE = "TooLarge"


def status(
    plan: Plan,
    inputs: Inputs,
    observed: Observed,
    sync: SyncState,
    before: PreviousStatus,
    assessment: Assessment | None = None,
) -> dict[str, Any]:
    """The whole status, to be written when it differs from the stored one.

    `assessment` is that of `observed`, for callers that have one already.
    """
    generation = inputs.application.metadata.generation
    assessment = assessment or health.observe(plan, observed, inputs.now, before.runs)
    runs, healths = assessment.runs, assessment.instances
    found = before.conditions
    for condition in conditions.judge(plan, sync, healths):
        current = msgspec.structs.replace(condition, observed_generation=generation)
        found = set_condition(found, current, inputs.now)
    if not sync.paused:
        found = tuple(condition for condition in found if condition.type != "Paused")
    built: dict[str, Any] = {
        "observedGeneration": generation,
        "phase": _phase(plan, sync, before),
        # lists all through, as the stored status has them: a tuple would never equal that
        "conditions": msgspec.to_builtins(list(found)),
    }
    if plan.problems:
        built["instances"], built["scopes"] = _unseen(before), _unseen_scopes(before)
    else:
        built["components"] = rudr_status.components(plan, observed, running.settled(plan, observed, runs))
        built["instances"] = [_instance(one, runs) for one in healths]
        built["scopes"] = [_scope(one) for one in assessment.scopes]
    built["packages"] = packages.written(plan.packages)
    built["warnings"] = [*(conditions.line(warning) for warning in plan.warnings), *sync.notes]
    built["resources"] = list(sync.resources)
    return {name: value for name, value in built.items() if value not in ({}, [])}


def scope_status(scopes: Iterable[ScopeHealth]) -> dict[Ref, dict[str, Any]]:
    """The status of each scope's own object, to be written when it differs; none where a type has nothing to say."""
    return {one.plan.part.refs[0]: one.status for one in scopes if one.status is not None}


def bounded(wanted: dict[str, Any], before: PreviousStatus) -> dict[str, Any]:
    """The status, or when it is too large for the server one that says so and keeps what is needed to go on.

    Kept are resources, packages, times of traits and runs. `before` is the present status: the times of conditions
    that said so already stay as they are.
    """
    if len(msgspec.json.encode(wanted)) <= SIZE_LIMIT:
        return wanted
    times = {one.type: one.last_transition_time for one in before.conditions if one.reason == TOO_LARGE}
    message = "the status of this application would be larger than 256 KiB; split the application"
    told = [
        {
            **condition,
            "status": "Unknown" if condition["type"] == "Synced" else "False",
            "reason": TOO_LARGE,
            "message": message,
            "lastTransitionTime": times.get(condition["type"]) or condition["lastTransitionTime"],
        }
        for condition in wanted["conditions"]
        if condition["type"] in ("Valid", "Synced", "Ready")
    ]
    kept = {
        "observedGeneration": wanted.get("observedGeneration"),
        "phase": "Modify" if wanted.get("phase") == "synced" else wanted.get("phase"),
        "conditions": told,
        "instances": [slim for entry in wanted.get("instances", ()) if (slim := _slim(entry))],
        "scopes": [
            {key: entry[key] for key in ("name", "attachedAt") if key in entry} for entry in wanted.get("scopes", ())
        ],
        "packages": wanted.get("packages"),
        "resources": wanted.get("resources"),
    }
    return {name: value for name, value in kept.items() if value not in (None, [])}


def _slim(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What must not be forgotten of an instance; nothing when there is no such thing."""
    traits = [{"name": trait["name"], "attachedAt": trait["attachedAt"]} for trait in entry.get("traits", ())]
    kept = {"traits": traits, "runs": entry.get("runs")}
    found = {name: value for name, value in kept.items() if value}
    return {"name": entry["name"], "state": entry["state"], **found} if found else {}


def _phase(plan: Plan, sync: SyncState, before: PreviousStatus) -> Phase:
    """`synced` once all of this generation is applied; `Modify` when it was so before, else `Add` (Rudr's words)."""
    if not plan.problems and sync.state == TRUE:
        return "synced"
    return "Modify" if before.phase in ("Modify", "synced") else "Add"


def _instance(one: InstanceHealth, runs: Runs) -> dict[str, Any]:
    built: dict[str, Any] = {
        "name": one.plan.name,
        "component": one.plan.component,
        "workload": one.plan.workload.name,
        **_health(one.workload),
        "traits": [
            {"name": trait.part.name, "attachedAt": _time(trait.part.context.attached_at), **_health(trait.health)}
            for trait in one.traits
        ],
    }
    if one.plan.scopes:
        built["scopes"] = [
            {"name": scope.name, "type": scope.type, "application": scope.application} for scope in one.plan.scopes
        ]
    if one.plan.name in runs:
        built["runs"] = running.written(runs[one.plan.name])
    return built


def _scope(one: ScopeHealth) -> dict[str, Any]:
    context = one.plan.part.context
    return {
        "name": one.plan.name,
        "type": one.plan.part.name,
        "attachedAt": _time(context.attached_at),
        "members": len(context.members),
        **_health(one.health),
    }


_UNSEEN: Mapping[str, str] = {"state": "unknown", "reason": "NotValid"}


def _unseen(before: PreviousStatus) -> list[dict[str, Any]]:
    """The instances that were there before the documents went wrong, with what must outlive that: times and runs."""
    kept: list[dict[str, Any]] = []
    for entry in before.instances:
        name = entry.get("name")
        traits = [
            {"name": trait, "attachedAt": _time(moment), **_UNSEEN}
            for (instance, trait), moment in before.attached.items()
            if instance == name
        ]
        if isinstance(name, str) and name:
            known: dict[str, Any] = {key: str(entry[key]) for key in ("component", "workload") if key in entry}
            runs = {"runs": running.written(before.runs[name])} if name in before.runs else {}
            kept.append({"name": name, **known, **_UNSEEN, "traits": traits, **runs})
    return kept


def _unseen_scopes(before: PreviousStatus) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for entry in before.scopes:
        name = entry.get("name")
        if isinstance(name, str) and ("", name) in before.attached:
            moment = _time(before.attached["", name])
            kept.append({"name": name, "type": str(entry.get("type", "")), "attachedAt": moment, **_UNSEEN})
    return kept


def _health(found: Health) -> dict[str, Any]:
    shown: dict[str, Any] = {"state": found.state, "reason": found.reason}
    if found.message:
        shown["message"] = found.message
    if found.show:
        shown["show"] = dict(found.show)
    return shown


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
