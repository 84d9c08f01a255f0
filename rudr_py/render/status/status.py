"""Observed -> the status of an application: conditions, instances, scopes, Rudr's phase and components. Pure.

The conditions are `Valid` (the documents), `Synced` (all objects are applied), `Ready` (all instances are ready), and
`Held` while an instance or scope is held, and `Paused` while the application is paused.
It writes nothing and reads no clock. `read_previous` reads the parts of a stored status that the next one needs; it
accepts any document without raising, including those of older releases and of Rudr.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from rudr_py.api import Health, Kind, Ref, get_in, mappings_in
from rudr_py.model.condition import TRUE, Condition, set_condition
from rudr_py.render import holds, revisions
from rudr_py.render.revisions import RevisionName
from rudr_py.render.status import conditions, health, packages, reduction, replacements, sizes, times
from rudr_py.render.status import runs as running
from rudr_py.render.status.conditions import SyncState
from rudr_py.render.status.health import Assessment, InstanceHealth, ScopeHealth
from rudr_py.render.status.replacements import Replacement
from rudr_py.render.status.sizes import ReadyStates
from rudr_py.render.values import pins
from rudr_py.render.values.inputs import Inputs, Observed, Runs, Times, TypeKey
from rudr_py.render.values.pins import ReleasedComponent
from rudr_py.render.values.plan import Plan, Waiting

SIZE_LIMIT = 256 * 1024
"""Maximum bytes of a status. Much larger ones would exceed the API server's limit for an object."""

TOO_LARGE = "TooLarge"


class PreviousStatus(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """The parts of a stored status that the next one needs.

    `attached` and `first_seen` are those of `Inputs`; `runs` are those of objects that run once; `packages` is
    type -> the package that provided it. `instances`, `scopes` and `observed_components` are the unchanged entries.
    `ready_states` are those of the instances that were ready; see `sizes`. `waiting` are the instances that wait for
    others.
    """

    conditions: tuple[Condition, ...] = ()
    phase: str = ""
    attached: Mapping[TypeKey, datetime] = msgspec.field(default_factory=dict)
    first_seen: Mapping[TypeKey, Times] = msgspec.field(default_factory=dict)
    runs: Runs = msgspec.field(default_factory=dict)
    instances: tuple[Mapping[str, Any], ...] = ()
    scopes: tuple[Mapping[str, Any], ...] = ()
    resources: tuple[Mapping[str, Any], ...] = ()
    packages: Mapping[str, str] = msgspec.field(default_factory=dict)
    observed_components: Mapping[str, Any] = msgspec.field(default_factory=dict)
    ready_states: ReadyStates = msgspec.field(default_factory=dict)
    waiting: Mapping[str, Waiting] = msgspec.field(default_factory=dict)
    revision: RevisionName = RevisionName()
    replacements: tuple[Replacement, ...] = ()

    @functools.cached_property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of the objects that the application has."""
        named = ((one.get("apiVersion"), one.get("kind")) for one in self.resources)
        return frozenset(
            Kind(version, kind)
            for version, kind in named
            if version and kind and isinstance(version, str) and isinstance(kind, str)
        )


def read_previous(document: Any) -> PreviousStatus:
    """Read a stored status; invalid parts count as absent."""
    instances, scopes = tuple(mappings_in(document, "instances")), tuple(mappings_in(document, "scopes"))
    return PreviousStatus(
        conditions=_read_conditions(mappings_in(document, "conditions")),
        phase=get_in(document, "phase", default=""),
        attached=times.read_attached(instances, scopes),
        first_seen=times.read_first_seen(instances, scopes),
        runs=_read_runs(instances),
        instances=instances,
        scopes=scopes,
        resources=tuple(mappings_in(document, "resources")),
        packages=packages.read(mappings_in(document, "packages")),
        ready_states=_read_ready_states(instances),
        waiting=times.read_waiting(instances),
        revision=_read_revision(get_in(document, "currentRevision", default={})),
        observed_components=_read_component_versions(get_in(document, "observedComponents", default={})),
        replacements=replacements.read(mappings_in(document, replacements.FIELD)),
    )


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
    assessment = assessment or health.assess(
        plan, observed, inputs.now, previous.runs, previous.ready_states, previous.kinds
    )
    all_conditions = previous.conditions
    computed = (*conditions.conditions(plan, sync, assessment.instances), *conditions.pinned(inputs.pins))
    for condition in computed:
        # Ready of a paused application is about the objects of the documents before the pause
        describes = _ready_generation(previous) if sync.paused and condition.type == "Ready" else generation
        current = msgspec.structs.replace(condition, observed_generation=describes)
        all_conditions = set_condition(all_conditions, current, inputs.now)
    passing = {"Paused", pins.PINNED, conditions.HELD, conditions.TRAITS_READY, replacements.CONDITION}
    absent = passing - {condition.type for condition in computed}
    all_conditions = tuple(condition for condition in all_conditions if condition.type not in absent)
    is_synced = not plan.problems and sync.state == TRUE
    built: dict[str, Any] = {
        "observedGeneration": generation,
        "observedComponents": _observed_components(plan, inputs, previous, is_paused=sync.paused),
        # Rudr's phase
        "pendingComponents": pins.entries(inputs.pins),
        "currentRevision": revisions.written(_revision(inputs, sync, previous)),
        "phase": "synced" if is_synced else "Modify" if previous.phase in ("Modify", "synced") else "Add",
        # lists only: a tuple would never be equal to the stored status
        "conditions": msgspec.to_builtins(list(all_conditions)),
    }
    if plan.problems:
        built["instances"], built["scopes"] = _unknown_instances(previous), _unknown_scopes(previous)
    else:
        built["components"] = {name: dict(texts) for name, texts in assessment.components.items()}
        built["instances"] = [_instance(instance, assessment.runs, previous) for instance in assessment.instances]
        built["scopes"] = [_scope(scope) for scope in assessment.scopes]
    built["packages"] = packages.written(plan.packages)
    built[replacements.FIELD] = replacements.written(sync.replacements)
    built["warnings"] = [*(conditions.line(warning) for warning in plan.warnings), *sync.notes]
    built["resources"] = list(sync.resources)
    return {name: value for name, value in built.items() if value not in ({}, [])}


def scope_status(scopes: Iterable[ScopeHealth]) -> dict[Ref, dict[str, Any]]:
    """The desired status of the scopes' own objects; without those whose type writes none."""
    return {scope.plan.bound_type.refs[0]: scope.status for scope in scopes if scope.status is not None}


def bounded(full_status: dict[str, Any], previous: PreviousStatus) -> dict[str, Any]:
    """The status, or if it is too large, a reduced one: conditions TooLarge, and the parts that the next status needs.

    Those are resources, packages, times of traits and runs, as far as they fit, too. Conditions of the previous status
    that are TooLarge already keep their times.
    """
    if len(msgspec.json.encode(full_status)) <= SIZE_LIMIT:
        return full_status
    transitions = {
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
            "lastTransitionTime": transitions.get(condition["type"]) or condition["lastTransitionTime"],
        }
        for condition in full_status["conditions"]
        if condition["type"] in ("Valid", "Synced", conditions.TRAITS_READY, "Ready")
    ]
    fields = {
        "observedGeneration": full_status.get("observedGeneration"),
        "observedComponents": full_status.get("observedComponents"),
        "currentRevision": full_status.get("currentRevision"),
        "phase": "Modify" if full_status.get("phase") == "synced" else full_status.get("phase"),
        "conditions": reduced,
        "instances": [slim for entry in full_status.get("instances", ()) if (slim := _slim(entry))],
        "scopes": [
            {key: entry[key] for key in ("name", "attachedAt", times.FIRST_SEEN) if key in entry}
            for entry in full_status.get("scopes", ())
        ],
        "packages": full_status.get("packages"),
        replacements.FIELD: full_status.get(replacements.FIELD),
        "resources": full_status.get("resources"),
    }
    return reduction.reduced({name: value for name, value in fields.items() if value not in (None, [])}, SIZE_LIMIT)


def _ready_generation(previous: PreviousStatus) -> int:
    """The generation that the stored condition Ready describes; 0 without one."""
    return next((condition.observed_generation for condition in previous.conditions if condition.type == "Ready"), 0)


def _revision(inputs: Inputs, sync: SyncState, previous: PreviousStatus) -> RevisionName:
    revision = previous.revision if sync.revision == RevisionName() else sync.revision
    return revision if inputs.has_manual_updates else msgspec.structs.replace(revision, components={})


def _read_revision(entry: Mapping[str, Any]) -> RevisionName:
    number, name = get_in(entry, "number", default=0), get_in(entry, "name", default="")
    listed = get_in(entry, "components", default={})
    components = {
        component: ReleasedComponent(get_in(listed, component, "generation", default=0), digest)
        for component in listed
        if (digest := get_in(listed, component, "digest", default=""))
    }
    return RevisionName(number, name, components) if number > 0 and name else RevisionName(components=components)


def _observed_components(plan: Plan, inputs: Inputs, previous: PreviousStatus, *, is_paused: bool) -> Mapping[str, Any]:
    """The versions of the components that are applied; those of held instances, and of pins, are as before."""
    if is_paused:
        return previous.observed_components
    kept = {*inputs.pins, *(instance.component for instance in plan.held_instances)}
    versions = _component_versions(inputs)
    before = {name: version for name, version in previous.observed_components.items() if name in kept}
    return {name: version for name, version in versions.items() if name not in kept} | before


def _component_versions(inputs: Inputs) -> dict[str, Any]:
    return {
        name: {"generation": version.generation, "resourceVersion": version.resource_version}
        for name, version in sorted(inputs.component_versions.items())
    }


def _slim(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The times and runs of an instance; empty without any."""
    traits = [
        {key: trait[key] for key in ("name", "attachedAt", times.FIRST_SEEN) if key in trait}
        for trait in entry.get("traits", ())
    ]
    fields = {
        "traits": traits or None,
        "runs": entry.get("runs") or None,
        times.WAITING: entry.get(times.WAITING),
        times.FIRST_SEEN: entry.get(times.FIRST_SEEN),
    }
    slim = {name: value for name, value in fields.items() if value is not None}
    return {"name": entry["name"], "state": entry["state"], **slim} if slim else {}


def _instance(instance_health: InstanceHealth, runs: Runs, previous: PreviousStatus) -> dict[str, Any]:
    before: Mapping[str, Any] = {}
    if instance_health.plan.held and instance_health.runs:
        # what runs may be another component, and has traits that the documents do not have any more
        before = next((entry for entry in previous.instances if entry.get("name") == instance_health.plan.name), {})
    built: dict[str, Any] = {
        "name": instance_health.plan.name,
        "component": str(before.get("component") or instance_health.plan.component),
        "workload": str(before.get("workload") or instance_health.plan.workload.offer.name),
        **_health(instance_health.workload),
        **times.first_seen_entry(instance_health.plan.workload.first_seen),
        **times.waiting_entry(instance_health.plan.waiting),
        "traits": [
            {
                "name": trait.trait.offer.name,
                "attachedAt": times.text(trait.trait.context.attached_at),
                **times.first_seen_entry(trait.trait.first_seen),
                **_health(trait.health),
            }
            for trait in instance_health.traits
        ],
    }
    if before:
        built["traits"] += _removed_traits(instance_health, previous)
    if instance_health.plan.scopes:
        built["scopes"] = [
            {"name": scope.name, "type": scope.type, "application": scope.application}
            for scope in instance_health.plan.scopes
        ]
    if instance_health.ready_state is not None:
        built |= sizes.written(instance_health.ready_state)
    if instance_health.plan.name in runs:
        built["runs"] = running.written(runs[instance_health.plan.name])
    return built


def _removed_traits(instance_health: InstanceHealth, previous: PreviousStatus) -> list[dict[str, Any]]:
    """The traits of a held instance that the documents do not have any more: their objects and edits stay."""
    name, present = instance_health.plan.name, {trait.trait.offer.name for trait in instance_health.traits}
    removed = {"state": "unknown", "reason": holds.REASON, "message": "removed; it ends when the instance is not held"}
    return [
        {
            "name": trait,
            "attachedAt": times.text(moment),
            **times.first_seen_entry(previous.first_seen.get((instance, trait))),
            **removed,
        }
        for (instance, trait), moment in previous.attached.items()
        if instance == name and trait and trait not in present
    ]


def _scope(scope_health: ScopeHealth) -> dict[str, Any]:
    context = scope_health.plan.bound_type.context
    return {
        "name": scope_health.plan.name,
        "type": scope_health.plan.bound_type.offer.name,
        "attachedAt": times.text(context.attached_at),
        **times.first_seen_entry(scope_health.plan.bound_type.first_seen),
        "members": len(context.members),
        **_health(scope_health.health),
    }


_UNKNOWN: Mapping[str, str] = {"state": "unknown", "reason": "NotValid"}


def _unknown_instances(previous: PreviousStatus) -> list[dict[str, Any]]:
    """The instances from before the documents became invalid, with their times and runs."""
    traits_of: dict[str, list[dict[str, Any]]] = {}
    for (instance, trait), moment in previous.attached.items():
        first_seen = times.first_seen_entry(previous.first_seen.get((instance, trait)))
        attached = {"name": trait, "attachedAt": times.text(moment), **first_seen, **_UNKNOWN}
        traits_of.setdefault(instance, []).append(attached)
    kept: list[dict[str, Any]] = []
    for entry in previous.instances:
        name = entry.get("name")
        if isinstance(name, str) and name:
            described: dict[str, Any] = {key: str(entry[key]) for key in ("component", "workload") if key in entry}
            runs = {"runs": running.written(previous.runs[name])} if name in previous.runs else {}
            first_seen = times.first_seen_entry(previous.first_seen.get((name, "")))
            traits = {"traits": traits_of.get(name, [])}
            kept.append({"name": name, **described, **_UNKNOWN, **first_seen, **traits, **runs})
    return kept


def _unknown_scopes(previous: PreviousStatus) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for entry in previous.scopes:
        name = entry.get("name")
        if isinstance(name, str) and ("", name) in previous.attached:
            kept.append(
                {
                    "name": name,
                    "type": str(entry.get("type", "")),
                    "attachedAt": times.text(previous.attached["", name]),
                    **times.first_seen_entry(previous.first_seen.get(("", name))),
                    **_UNKNOWN,
                }
            )
    return kept


def _health(health: Health) -> dict[str, Any]:
    fields: dict[str, Any] = {"state": health.state, "reason": health.reason}
    if health.message:
        fields["message"] = health.message
    if health.show:
        fields["show"] = dict(health.show)
    return fields


def _read_conditions(entries: Iterable[Mapping[str, Any]]) -> tuple[Condition, ...]:
    conditions: dict[str, Condition] = {}
    for entry in entries:
        try:
            condition = msgspec.convert(entry, Condition)
        except msgspec.ValidationError:
            continue
        conditions.setdefault(condition.type, condition)
    return tuple(conditions.values())


def _read_ready_states(instances: Iterable[Mapping[str, Any]]) -> ReadyStates:
    states = ((get_in(entry, "name", default=""), sizes.read(entry)) for entry in instances)
    return {name: state for name, state in states if state is not None}


def _read_component_versions(entries: Mapping[str, Any]) -> dict[str, Any]:
    """The reverse of `_component_versions`; invalid entries are ignored."""
    versions = {}
    for name, entry in entries.items():
        generation = get_in(entry, "generation", default=0)
        resource_version = get_in(entry, "resourceVersion", default="")
        if generation and resource_version:
            versions[name] = {"generation": generation, "resourceVersion": resource_version}
    return versions


def _read_runs(instances: tuple[Mapping[str, Any], ...]) -> Runs:
    runs_by_instance = {}
    for entry in instances:
        name, runs = entry.get("name"), entry.get("runs")
        if isinstance(name, str) and isinstance(runs, dict):
            runs_by_instance[name] = running.read(runs)
    return {name: runs for name, runs in runs_by_instance.items() if runs}
