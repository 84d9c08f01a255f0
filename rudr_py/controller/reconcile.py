"""One key, once: cache -> model -> render -> apply -> prune -> status -> Outcome.

Level-based: it is told a key, never an event, and does the same whether something was added, changed or restarted.
No input of a user raises past this module.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.controller import failures, ledger, outcome, syncing, world
from rudr_py.controller.components import Components
from rudr_py.controller.outcome import Outcome
from rudr_py.controller.report import Reporter
from rudr_py.controller.sources import Sources
from rudr_py.controller.syncing import Synced, Syncer
from rudr_py.controller.world import Belongings, World
from rudr_py.errors import Problem
from rudr_py.kube.clock import Clock
from rudr_py.kube.events import Recorder
from rudr_py.kube.objects import Live
from rudr_py.model import parse_application
from rudr_py.model.application import Application
from rudr_py.model.document import Parsed
from rudr_py.model.identity import Key, Metadata
from rudr_py.render import rendering, stamp, status
from rudr_py.render.inputs import Inputs
from rudr_py.render.plan import Plan

PAUSED = "rudr.oam.dev/paused"

log = logging.getLogger(__name__)


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What a reconciler works with."""

    world: World
    sources: Sources
    catalog: Catalog
    components: Components
    syncer: Syncer
    reporter: Reporter
    recorder: Recorder
    clock: Clock


class Reconciler:
    """Brings one application after another to what its documents say."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def reconcile(self, key: Key) -> Outcome:
        """Reconcile the application of this key. Raises KubeError when nothing could be told to the user."""
        parts = self._parts
        live = parts.world.get(world.APPLICATION, key.namespace, key.name)
        if live is None:
            parts.syncer.forget(key)
            parts.sources.forget(key)
            return Outcome(result="success")
        if live.deleting:
            return Outcome(result="success")
        if not parts.sources.ensure(world.OWN_KINDS, key):
            return Outcome(result="requeue_after", after=failures.SAFETY)
        before = world.previous(live)
        inputs = self._inputs(live, before.attached)
        plan = rendering.render(inputs, parts.catalog)
        if not parts.sources.ensure(kinds(plan, before), key):
            return Outcome(result="requeue_after", after=failures.SAFETY)
        synced = await self._sync(live, plan, inputs, before)
        return await self._tell(live, plan, inputs, synced)

    def _inputs(self, live: Live, attached: Mapping[tuple[str, str], datetime]) -> Inputs:
        parsed = _parsed(live)
        application = parsed.value or Application(metadata=_metadata(live))
        names = {binding.component_name for binding in application.components}
        components = {name: self._parts.components.get(Key(live.namespace, name)) for name in names}
        return Inputs(
            application=application,
            parsed=parsed,
            components={name: found for name, found in components.items() if found is not None},
            now=self._parts.clock.now(),
            observed=self._belongings(live),
            attached=attached,
        )

    def _belongings(self, live: Live) -> Belongings:
        owned = self._parts.world.owned_by(live.uid, live.namespace)
        instances = (child for kind, child in owned if kind == world.COMPONENT_INSTANCE)
        return Belongings(
            self._parts.world, live.namespace, {child.labels.get(stamp.INSTANCE, ""): child.uid for child in instances}
        )

    async def _sync(self, live: Live, plan: Plan, inputs: Inputs, before: status.Previous) -> Synced:
        if plan.problems:
            return syncing.untouched(plan, before)
        if live.annotations.get(PAUSED) == "true":
            return syncing.paused(before)
        intent = self._parts.syncer.intent(live, plan, before.resources)
        if intent is not None:
            pending = status.Sync(state="Unknown", reason="Applying", resources=intent)
            built = status.status(plan, inputs, inputs.observed, pending, before)
            told = await self._parts.reporter.write(live, status.bounded(built, before), urgent=True)
            if told.written:
                self._events(live, before, built)
        return await self._parts.syncer.sync(live, plan, before.resources)

    async def _tell(self, live: Live, plan: Plan, inputs: Inputs, synced: Synced) -> Outcome:
        current = self._parts.world.get(world.APPLICATION, live.namespace, live.name)
        if current is None or current.uid != live.uid:
            return Outcome(result="success")
        before = world.previous(current)
        built = status.bounded(status.status(plan, inputs, self._belongings(live), synced.sync, before), before)
        told = await self._parts.reporter.write(current, built)
        if told.written:
            self._events(live, before, built)
        early = None
        if told.wait is None:
            early = await self._tell_instances(live, built)
        after = outcome.soonest(synced.outcome.after, told.wait, early, _until(plan.wake_at, inputs.now))
        return msgspec.structs.replace(synced.outcome, after=after)

    async def _tell_instances(self, live: Live, built: dict[str, Any]) -> float | None:
        """Rudr's one word on each ComponentInstance, for its health scopes and dashboards; when to say it, if later."""
        states = {instance["name"]: instance["state"] for instance in built.get("instances", ())}
        waits: list[float | None] = []
        for kind, child in self._parts.world.owned_by(live.uid, live.namespace):
            name = child.labels.get(stamp.INSTANCE, "")
            if kind == world.COMPONENT_INSTANCE and name in states and not child.deleting:
                word = "healthy" if states[name] == "ready" else "unhealthy"
                waits.append((await self._parts.reporter.write(child, word)).wait)
        return outcome.soonest(*waits)

    def _events(self, live: Live, before: status.Previous, built: dict[str, Any]) -> None:
        """One event for each condition that has become True, or False, or is False for another reason than before.

        What belongs to every start is no news.
        """
        old = {condition.type: (condition.status, condition.reason) for condition in before.conditions}
        for condition in built["conditions"]:
            was, because = old.get(condition["type"], ("", ""))
            bad = condition["status"] == "False"
            if condition["status"] == "Unknown" or (bad and condition["reason"] in _PROGRESS):
                continue
            if condition["status"] != was or (bad and condition["reason"] != because):
                note = condition.get("message") or f"{condition['type']} is {condition['status']}"
                self._parts.recorder.record(live, condition["reason"], note, action="Reconcile", warning=bad)


_PROGRESS = frozenset({"Applying", "Missing", "NotObserved", "Updating", "NotReady", "GenerationNotObserved"})
"""Reasons of `Ready` being False that belong to every start."""


def kinds(plan: Plan, before: status.Previous) -> frozenset[Kind]:
    """The kinds that must be known before an application can be judged: its objects', and what its types look at."""
    past = {ref.kind for ref in ledger.read(before.resources)}
    planned = {planned.ref.kind for planned in plan.manifests}
    parts = [part for instance in plan.instances for part in (instance.workload, *instance.traits)]
    parts += [scope.part for scope in plan.scopes]
    seen = {kind for part in parts for kind in part.offer.provides.observes}
    return frozenset(past | planned | seen | {world.POD})


def _parsed(live: Live) -> Parsed[Application]:
    try:
        return parse_application.parse_application(live.document())
    except errors.UndecodableError as error:
        return Parsed(value=None, problems=(Problem(str(error)),))


def _metadata(live: Live) -> Metadata:
    return Metadata(name=live.name, namespace=live.namespace, uid=live.uid, generation=live.generation)


def _until(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else max(0.0, (moment - now).total_seconds())
