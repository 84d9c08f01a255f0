"""How the instances and scopes of a plan are doing: asks each type about its own objects as they were observed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from rudr_py.api import Context, Health, InvalidProperties, Kind, Ref, TraitContext
from rudr_py.errors import PluginCallError
from rudr_py.render.status import runs as running
from rudr_py.render.types import plugin_call
from rudr_py.render.values.inputs import Observed, Runs
from rudr_py.render.values.plan import InstancePlan, Plan, ScopePlan, TypeCall

C = TypeVar("C", bound=Context[Any])


class PartHealth(msgspec.Struct, frozen=True):
    """What a type says of its objects in an instance."""

    part: TypeCall[TraitContext[Any]]
    health: Health


class InstanceHealth(msgspec.Struct, frozen=True):
    """An instance, its workload and its traits in the listed order."""

    plan: InstancePlan
    workload: Health
    traits: tuple[PartHealth, ...]


class ScopeHealth(msgspec.Struct, frozen=True):
    """A scope, and `status`, the whole `.status` that its first object is to have; None when that is not ours."""

    plan: ScopePlan
    health: Health
    status: dict[str, Any] | None = None


class Assessment(msgspec.Struct, frozen=True):
    """The runs and the health of everything in a plan, as the cluster was at one moment."""

    runs: Runs
    instances: tuple[InstanceHealth, ...]
    scopes: tuple[ScopeHealth, ...]


def observe(plan: Plan, observed: Observed, now: datetime, runs: Runs = running.NO_RUNS) -> Assessment:
    """Assess a plan; `runs` are those of the previous status."""
    current = running.observe(plan, observed, runs)
    return Assessment(current, assess(plan, observed, now, current), scopes(plan, observed, now))


def assess(plan: Plan, observed: Observed, now: datetime, runs: Runs = running.NO_RUNS) -> tuple[InstanceHealth, ...]:
    """The health of every instance. A type that fails at this is `unknown` with its fault as message.

    `runs` are those of the last status: what has run to its end is well, though its object is gone.
    """
    settled, failed = running.settled(plan, observed, runs), running.failed(plan, observed, runs)
    return tuple(
        InstanceHealth(
            instance,
            _FAILED
            if any((instance.name, ref) in failed for ref in instance.workload.refs)
            else _ask(instance.workload, instance.name, observed, now, settled),
            tuple(PartHealth(part, _ask(part, instance.name, observed, now, settled)) for part in instance.traits),
        )
        for instance in plan.instances
    )


_FAILED = Health("failed", "Failed", "it failed, and what ran it is gone; it is run again when its inputs change")


def scopes(plan: Plan, observed: Observed, now: datetime) -> tuple[ScopeHealth, ...]:
    """The health of every scope and the status of its object. A type that fails at this is `unknown`."""
    return tuple(_scope(scope, observed, now) for scope in plan.scopes)


def _scope(scope: ScopePlan, observed: Observed, now: datetime) -> ScopeHealth:
    offer, context = scope.part.offer, _context(scope.part, "", observed, now)
    try:
        health = plugin_call.health(offer, context)
        status = plugin_call.status(offer, context) if scope.part.refs else None
    except (InvalidProperties, PluginCallError) as error:
        return ScopeHealth(scope, _unknown(error))
    return ScopeHealth(scope, health, status)


def _ask(
    part: TypeCall[Context[Any]], instance: str, observed: Observed, now: datetime, settled: Collection[tuple[str, Ref]]
) -> Health:
    context = _context(part, instance, observed, now)
    left = tuple(one for one in context.manifests if (instance, one.ref) not in settled)
    gone = len(left) < len(context.manifests)
    try:
        found = plugin_call.health(part.offer, msgspec.structs.replace(context, manifests=left))
    except (InvalidProperties, PluginCallError) as error:
        return _unknown(error)
    return (
        Health("ready", "Complete", "it ran to its end; what ran it is gone", found.show)
        if gone and found.ok
        else found
    )


def _context(part: TypeCall[C], instance: str, observed: Observed, now: datetime) -> C:
    seen: dict[Kind, tuple[dict[str, Any], ...]] = {}

    def observe(kind: Kind) -> tuple[dict[str, Any], ...]:
        # once for each kind: a scope may have an object for every member, and looks at each
        if kind not in seen:
            seen[kind] = observed.documents(instance, kind)
        return seen[kind]

    return msgspec.structs.replace(part.context, _observe=observe, now=now)


def _unknown(error: Exception) -> Health:
    return Health("unknown", "Refused" if isinstance(error, InvalidProperties) else "PluginFailed", str(error))
