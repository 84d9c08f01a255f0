"""The health of the instances and scopes of a plan: each type assesses its own observed objects."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

import msgspec

from rudr_py.api import Health, InvalidProperties, Kind, Ref, TraitContext
from rudr_py.errors import PluginCallError
from rudr_py.model.stepwise import Stepwise, run
from rudr_py.render import holds
from rudr_py.render.status import rudr_status
from rudr_py.render.status import runs as running
from rudr_py.render.status.held import HeldInstance
from rudr_py.render.status.sizes import ReadyState, ReadyStates
from rudr_py.render.status.workloads import ObjectsByName, Workloads, assess_type, unknown, with_live
from rudr_py.render.types import plugin_call
from rudr_py.render.values.inputs import Observed, Runs, SharedObjects
from rudr_py.render.values.plan import BoundType, InstancePlan, Plan, ScopePlan


class TraitHealth(msgspec.Struct, frozen=True):
    """The health that a trait reports for its objects."""

    trait: BoundType[TraitContext[Any]]
    health: Health


class InstanceHealth(msgspec.Struct, frozen=True):
    """An instance, its workload and its traits in the listed order; `ready_state` is for the status, see `sizes`.

    `runs` is whether an instance that is held has objects.
    """

    plan: InstancePlan
    workload: Health
    traits: tuple[TraitHealth, ...]
    ready_state: ReadyState | None = None
    runs: bool = True


class ScopeHealth(msgspec.Struct, frozen=True):
    """A scope, and the desired `.status` of its first object; None when its type does not write one."""

    plan: ScopePlan
    health: Health
    status: dict[str, Any] | None = None


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """The runs and the health of everything in a plan, as the cluster was at one moment.

    `settled` are the objects, each with its instance, that completed and were deleted. `components` are Rudr's texts
    about objects, by component.
    """

    runs: Runs
    settled: Collection[tuple[str, Ref]]
    components: Mapping[str, Mapping[str, str]]
    instances: tuple[InstanceHealth, ...]
    scopes: tuple[ScopeHealth, ...]


CALL = 10
"""The size of a call of a type, in values of documents."""


def assess(
    plan: Plan,
    observed: Observed,
    now: datetime,
    previous_runs: Runs = running.NO_RUNS,
    previous_ready: ReadyStates = MappingProxyType({}),
    applied_kinds: Collection[Kind] = (),
) -> Assessment:
    """The result of `steps`."""
    return run(steps(plan, observed, now, previous_runs, previous_ready, applied_kinds))


def steps(
    plan: Plan,
    observed: Observed,
    now: datetime,
    previous_runs: Runs = running.NO_RUNS,
    previous_ready: ReadyStates = MappingProxyType({}),
    applied_kinds: Collection[Kind] = (),
) -> Stepwise[Assessment]:
    """The health of all instances and scopes. If a type fails, it is `unknown` with the failure as message.

    `previous_runs` are those of the previous status: an object that has completed is healthy after its deletion, too.
    `previous_ready` are the states of the instances when they were ready last, of the previous status, too.
    `applied_kinds` are the kinds of objects that the application has, for instances that are held.
    """
    workloads = Workloads(plan, observed, now, previous_runs, previous_ready)
    runs, settled = workloads.runs, workloads.settled
    instances: list[InstanceHealth] = []
    components: dict[str, dict[str, str]] = {}
    for instance in plan.instances:
        yield CALL * (1 + len(instance.traits))
        if instance.held:
            held = HeldInstance(instance, observed, applied_kinds, previous_ready.get(instance.name))
            traits = tuple(TraitHealth(trait, held.trait(trait)) for trait in instance.traits)
            if texts := held.texts():
                components.setdefault(instance.component, {}).update(texts)
            ready_state = previous_ready.get(instance.name)
            instances.append(InstanceHealth(instance, held.workload(), traits, ready_state, held.exists))
            if held_runs := held.runs(previous_runs):
                runs[instance.name] = held_runs
            continue
        objects = SharedObjects(observed)
        workload, ready_state = workloads.assessed(instance, objects)
        traits = tuple(
            TraitHealth(trait, assess_type(trait, instance.name, objects.for_type(trait.offer.package), now, settled))
            for trait in instance.traits
        )
        components.setdefault(instance.component, {}).update(rudr_status.texts(instance, objects, settled))
        instances.append(InstanceHealth(instance, workload, traits, ready_state))
    scopes: list[ScopeHealth] = []
    own_objects = ObjectsByName(functools.partial(observed.documents, ""))
    for scope in plan.scopes:
        yield CALL + len(scope.bound_type.context.members)
        scopes.append(_scope(scope, observed, own_objects, now))
    return Assessment(
        runs=runs, settled=settled, components=components, instances=tuple(instances), scopes=tuple(scopes)
    )


def _scope(scope_plan: ScopePlan, observed: Observed, own_objects: ObjectsByName, now: datetime) -> ScopeHealth:
    """The health of a scope. The objects of all scopes belong to the application, so they are read only once."""
    if scope_plan.held:
        return ScopeHealth(scope_plan, Health("unknown", holds.REASON, holds.text(scope_plan.held)))
    offer, context = scope_plan.bound_type.offer, with_live(scope_plan.bound_type, "", observed, now)
    context = msgspec.structs.replace(context, _live=own_objects.copy)
    try:
        health = plugin_call.health(offer, context)
        status = plugin_call.status(offer, context) if scope_plan.bound_type.refs else None
    except (InvalidProperties, PluginCallError) as error:
        return ScopeHealth(scope_plan, unknown(error))
    return ScopeHealth(scope_plan, health, status)
