"""Observed -> the status of an application: conditions, instances, scopes, Rudr's phase and components. Pure.

It writes nothing and reads no clock. `read_previous` reads the parts that the next status needs.
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
from rudr_py.render.status.previous import PreviousStatus, read_previous
from rudr_py.render.types import packages
from rudr_py.render.values.inputs import Inputs, Observed, Runs
from rudr_py.render.values.plan import Plan

__all__ = ["TOO_LARGE", "PreviousStatus", "SyncState", "bounded", "read_previous", "scope_status", "status"]

Phase = Literal["Add", "Modify", "synced"]

SIZE_LIMIT = 256 * 1024
"""Maximum bytes of a status. Much larger ones would exceed the API server's limit for an object."""

TOO_LARGE = "TooLarge"


def status(
    plan: Plan,
    inputs: Inputs,
    observed: Observed,
    sync: SyncState,
    previous: PreviousStatus,
    assessment: Assessment | None = None,
) -> dict[str, Any]:
    """The whole status. It is written if it differs from the stored one.

    `assessment` is that of `observed`, for callers that have one already.
    """
    generation = inputs.application.metadata.generation
    assessment = assessment or health.observe(plan, observed, inputs.now, previous.runs)
    runs, healths = assessment.runs, assessment.instances
    all_conditions = previous.conditions
    for condition in conditions.judge(plan, sync, healths):
        current = msgspec.structs.replace(condition, observed_generation=generation)
        all_conditions = set_condition(all_conditions, current, inputs.now)
    if not sync.paused:
        all_conditions = tuple(condition for condition in all_conditions if condition.type != "Paused")
    built: dict[str, Any] = {
        "observedGeneration": generation,
        "phase": _phase(plan, sync, previous),
        # lists only: a tuple would never be equal to the stored status
        "conditions": msgspec.to_builtins(list(all_conditions)),
    }
    if plan.problems:
        built["instances"], built["scopes"] = _unknown_instances(previous), _unknown_scopes(previous)
    else:
        built["components"] = rudr_status.components(plan, observed, running.settled(plan, observed, runs))
        built["instances"] = [_instance(instance, runs) for instance in healths]
        built["scopes"] = [_scope(scope) for scope in assessment.scopes]
    built["packages"] = packages.written(plan.packages)
    built["warnings"] = [*(conditions.line(warning) for warning in plan.warnings), *sync.notes]
    built["resources"] = list(sync.resources)
    return {name: value for name, value in built.items() if value not in ({}, [])}


def scope_status(scopes: Iterable[ScopeHealth]) -> dict[Ref, dict[str, Any]]:
    """The desired status of the scopes' own objects; without those whose type writes none."""
    return {scope.plan.bound_type.refs[0]: scope.status for scope in scopes if scope.status is not None}


def bounded(full_status: dict[str, Any], previous: PreviousStatus) -> dict[str, Any]:
    """The status, or if it is too large, a reduced one: conditions TooLarge, and the parts that the next status needs.

    Those are resources, packages, times of traits and runs. Conditions of the previous status that are TooLarge
    already keep their times.
    """
    if len(msgspec.json.encode(full_status)) <= SIZE_LIMIT:
        return full_status
    times = {
        condition.type: condition.last_transition_time
        for condition in previous.conditions
        if condition.reason == TOO_LARGE
    }
    message = "the status of this application would be larger than 256 KiB; split the application"
    reduced = [
        {
            **condition,
            "status": "Unknown" if condition["type"] == "Synced" else "False",
            "reason": TOO_LARGE,
            "message": message,
            "lastTransitionTime": times.get(condition["type"]) or condition["lastTransitionTime"],
        }
        for condition in full_status["conditions"]
        if condition["type"] in ("Valid", "Synced", "Ready")
    ]
    fields = {
        "observedGeneration": full_status.get("observedGeneration"),
        "phase": "Modify" if full_status.get("phase") == "synced" else full_status.get("phase"),
        "conditions": reduced,
        "instances": [slim for entry in full_status.get("instances", ()) if (slim := _slim(entry))],
        "scopes": [
            {key: entry[key] for key in ("name", "attachedAt") if key in entry}
            for entry in full_status.get("scopes", ())
        ],
        "packages": full_status.get("packages"),
        "resources": full_status.get("resources"),
    }
    return {name: value for name, value in fields.items() if value not in (None, [])}


def _slim(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The times and runs of an instance; empty without any."""
    traits = [{"name": trait["name"], "attachedAt": trait["attachedAt"]} for trait in entry.get("traits", ())]
    fields = {"traits": traits, "runs": entry.get("runs")}
    slim = {name: value for name, value in fields.items() if value}
    return {"name": entry["name"], "state": entry["state"], **slim} if slim else {}


def _phase(plan: Plan, sync: SyncState, previous: PreviousStatus) -> Phase:
    """Rudr's phase: `synced` if all of this generation is applied; `Modify` if it was synced before, else `Add`."""
    if not plan.problems and sync.state == TRUE:
        return "synced"
    return "Modify" if previous.phase in ("Modify", "synced") else "Add"


def _instance(instance_health: InstanceHealth, runs: Runs) -> dict[str, Any]:
    built: dict[str, Any] = {
        "name": instance_health.plan.name,
        "component": instance_health.plan.component,
        "workload": instance_health.plan.workload.name,
        **_health(instance_health.workload),
        "traits": [
            {
                "name": trait.trait.name,
                "attachedAt": _time(trait.trait.context.attached_at),
                **_health(trait.health),
            }
            for trait in instance_health.traits
        ],
    }
    if instance_health.plan.scopes:
        built["scopes"] = [
            {"name": scope.name, "type": scope.type, "application": scope.application}
            for scope in instance_health.plan.scopes
        ]
    if instance_health.plan.name in runs:
        built["runs"] = running.written(runs[instance_health.plan.name])
    return built


def _scope(scope_health: ScopeHealth) -> dict[str, Any]:
    context = scope_health.plan.bound_type.context
    return {
        "name": scope_health.plan.name,
        "type": scope_health.plan.bound_type.name,
        "attachedAt": _time(context.attached_at),
        "members": len(context.members),
        **_health(scope_health.health),
    }


_UNKNOWN: Mapping[str, str] = {"state": "unknown", "reason": "NotValid"}


def _unknown_instances(previous: PreviousStatus) -> list[dict[str, Any]]:
    """The instances from before the documents became invalid, with their times and runs."""
    kept: list[dict[str, Any]] = []
    for entry in previous.instances:
        name = entry.get("name")
        traits = [
            {"name": trait, "attachedAt": _time(moment), **_UNKNOWN}
            for (instance, trait), moment in previous.attached.items()
            if instance == name
        ]
        if isinstance(name, str) and name:
            described: dict[str, Any] = {key: str(entry[key]) for key in ("component", "workload") if key in entry}
            runs = {"runs": running.written(previous.runs[name])} if name in previous.runs else {}
            kept.append({"name": name, **described, **_UNKNOWN, "traits": traits, **runs})
    return kept


def _unknown_scopes(previous: PreviousStatus) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for entry in previous.scopes:
        name = entry.get("name")
        if isinstance(name, str) and ("", name) in previous.attached:
            moment = _time(previous.attached["", name])
            kept.append({"name": name, "type": str(entry.get("type", "")), "attachedAt": moment, **_UNKNOWN})
    return kept


def _health(health: Health) -> dict[str, Any]:
    fields: dict[str, Any] = {"state": health.state, "reason": health.reason}
    if health.message:
        fields["message"] = health.message
    if health.show:
        fields["show"] = dict(health.show)
    return fields


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"
