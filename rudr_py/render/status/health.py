"""The health of the instances and scopes of a plan: each type assesses its own observed objects."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from rudr_py.api import Context, Health, InvalidProperties, Kind, Ref, TraitContext, get_in
from rudr_py.errors import PluginCallError
from rudr_py.model.stepwise import Stepwise, run
from rudr_py.render import holds
from rudr_py.render.status import rudr_status
from rudr_py.render.status import runs as running
from rudr_py.render.status.held import HeldInstance
from rudr_py.render.status.sizes import ElasticInstance, ReadyState, ReadyStates
from rudr_py.render.types import plugin_call
from rudr_py.render.values.inputs import Observed, Runs
from rudr_py.render.values.plan import BoundType, InstancePlan, Plan, ScopePlan

C = TypeVar("C", bound=Context[Any])


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

_FAILED = Health("failed", "Failed", "the Job failed and was deleted; it will run again when its inputs change")


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
    runs = running.observe(plan, observed, previous_runs)
    settled = running.deleted(plan, observed, runs, running.COMPLETE)
    failed = running.deleted(plan, observed, runs, running.FAILED)
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
        elastic = ElasticInstance(instance, observed, previous_ready.get(instance.name))
        context = msgspec.structs.replace(instance.workload.context, sufficient_replicas=elastic.sufficient)
        workload_type = msgspec.structs.replace(instance.workload, context=context)
        workload = (
            _FAILED
            if any((instance.name, ref) in failed for ref in instance.workload.refs)
            else _assess(workload_type, instance.name, elastic, now, settled)
        )
        traits = tuple(
            TraitHealth(trait, _assess(trait, instance.name, observed, now, settled)) for trait in instance.traits
        )
        components.setdefault(instance.component, {}).update(rudr_status.texts(instance, observed, settled))
        instances.append(InstanceHealth(instance, workload, traits, elastic.ready_state if workload.ok else None))
    scopes: list[ScopeHealth] = []
    own_objects = _ObjectsByName(functools.partial(observed.documents, ""))
    for scope in plan.scopes:
        yield CALL + len(scope.bound_type.context.members)
        scopes.append(_scope(scope, observed, own_objects, now))
    return Assessment(
        runs=runs, settled=settled, components=components, instances=tuple(instances), scopes=tuple(scopes)
    )


class _ObjectsByName:
    """Observed objects by name: a type reads each of its objects by name, and may have thousands."""

    def __init__(self, observe: Callable[[Kind], Iterable[dict[str, Any]]]) -> None:
        self._observe = observe
        self._objects: dict[Kind, dict[str, dict[str, Any]]] = {}

    def get(self, ref: Ref) -> dict[str, Any] | None:
        """The first object of a name."""
        if ref.kind not in self._objects:
            by_name = self._objects[ref.kind] = {}
            for document in self._observe(ref.kind):
                by_name.setdefault(get_in(document, "metadata", "name", default=""), document)
        return self._objects[ref.kind].get(ref.name)

    def copy(self, ref: Ref) -> dict[str, Any] | None:
        """A copy of the first object of a name, for a type that shares the objects with other types."""
        return copy.deepcopy(self.get(ref))


def _scope(scope_plan: ScopePlan, observed: Observed, own_objects: _ObjectsByName, now: datetime) -> ScopeHealth:
    """The health of a scope. The objects of all scopes belong to the application, so they are read only once."""
    if scope_plan.held:
        return ScopeHealth(scope_plan, Health("unknown", holds.REASON, holds.text(scope_plan.held)))
    offer, context = scope_plan.bound_type.offer, _context(scope_plan.bound_type, "", observed, now)
    context = msgspec.structs.replace(context, _live=own_objects.copy)
    try:
        health = plugin_call.health(offer, context)
        status = plugin_call.status(offer, context) if scope_plan.bound_type.refs else None
    except (InvalidProperties, PluginCallError) as error:
        return ScopeHealth(scope_plan, _unknown(error))
    return ScopeHealth(scope_plan, health, status)


def _assess(
    bound_type: BoundType[Context[Any]],
    instance: str,
    observed: Observed,
    now: datetime,
    settled: Collection[tuple[str, Ref]],
) -> Health:
    context = _context(bound_type, instance, observed, now)
    remaining = tuple(manifest for manifest in context.manifests if (instance, manifest.ref) not in settled)
    deleted = len(remaining) < len(context.manifests)
    try:
        health = plugin_call.health(bound_type.offer, msgspec.structs.replace(context, manifests=remaining))
    except (InvalidProperties, PluginCallError) as error:
        return _unknown(error)
    return (
        Health("ready", "Complete", "the Job completed and was deleted", health.show)
        if deleted and health.ok
        else health
    )


def _context(bound_type: BoundType[C], instance: str, observed: Observed, now: datetime) -> C:
    # once for each kind, because a scope may read the object of every member
    observe = functools.cache(functools.partial(observed.documents, instance))
    by_name = _ObjectsByName(observe)
    return msgspec.structs.replace(
        bound_type.context, _observe=observe, _live=by_name.get, _read=observed.document, now=now
    )


def _unknown(error: Exception) -> Health:
    return Health("unknown", "Refused" if isinstance(error, InvalidProperties) else "PluginFailed", str(error))
