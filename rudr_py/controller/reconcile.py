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

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.controller import ledger, outcome, syncing, world
from rudr_py.controller.outcome import Outcome
from rudr_py.controller.report import Reporter
from rudr_py.controller.sources import Sources
from rudr_py.controller.syncing import Synced, Syncer
from rudr_py.controller.world import Belongings, World
from rudr_py.kube.clock import Clock
from rudr_py.kube.events import Recorder
from rudr_py.kube.objects import Live
from rudr_py.model import parse_application, parse_component
from rudr_py.model.application import Application
from rudr_py.model.component import Component
from rudr_py.model.document import Parsed
from rudr_py.model.identity import Key, Metadata
from rudr_py.render import rendering, stamp, status
from rudr_py.render.inputs import Inputs
from rudr_py.render.plan import Plan

PAUSED = "rudr.oam.dev/paused"

UNSETTLED = 0.5
"""Seconds until an application is looked at again whose kinds are not listed yet."""

log = logging.getLogger(__name__)


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What a reconciler works with."""

    world: World
    sources: Sources
    catalog: Catalog
    syncer: Syncer
    reporter: Reporter
    recorder: Recorder
    clock: Clock


class Reconciler:
    """Brings one application after another to what its documents say."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._components: dict[Key, tuple[str, Parsed[Component]]] = {}

    async def reconcile(self, key: Key) -> Outcome:
        """Reconcile the application of this key. Raises KubeError when nothing could be told to the user."""
        live = self._parts.world.get(world.APPLICATION, key.namespace, key.name)
        if live is None:
            self._parts.syncer.forget(key)
            return Outcome(result="success")
        if live.deleting:
            return Outcome(result="success")
        document = live.document()
        before = status.previous(document.get("status"))
        inputs = self._inputs(live, document, before.attached)
        plan = rendering.render(inputs, self._parts.catalog)
        if not self._parts.sources.ensure(_kinds(plan, before)):
            return Outcome(result="success", after=UNSETTLED)
        synced = await self._sync(live, plan, inputs, before)
        return await self._tell(live, plan, inputs, synced, before)

    def _inputs(self, live: Live, document: dict[str, Any], attached: Mapping[tuple[str, str], datetime]) -> Inputs:
        parsed = parse_application.parse_application(document)
        application = parsed.value or Application(metadata=_metadata(live))
        names = {binding.component_name for binding in application.components}
        components = {name: self._component(Key(live.namespace, name)) for name in names}
        return Inputs(
            application=application,
            parsed=parsed,
            components={name: found for name, found in components.items() if found is not None},
            now=self._parts.clock.now(),
            observed=self._belongings(live),
            attached=attached,
        )

    def _component(self, key: Key) -> Parsed[Component] | None:
        """The parsed ComponentSchematic, read once for each of its versions."""
        live = self._parts.world.get(world.COMPONENT, key.namespace, key.name)
        if live is None:
            self._components.pop(key, None)
            return None
        version, parsed = self._components.get(key, ("", None))
        if parsed is None or version != live.resource_version:
            parsed = parse_component.parse_component(live.document())
            self._components[key] = (live.resource_version, parsed)
        return parsed

    def _belongings(self, live: Live) -> Belongings:
        owned = self._parts.world.owned_by(live.uid, live.namespace)
        instances = (child for kind, child in owned if kind == world.COMPONENT_INSTANCE)
        return Belongings(
            self._parts.world, live.namespace, {child.labels.get(stamp.INSTANCE, ""): child.uid for child in instances}
        )

    async def _sync(self, live: Live, plan: Plan, inputs: Inputs, before: status.Previous) -> Synced:
        if plan.problems:
            return syncing.untouched(before)
        if live.annotations.get(PAUSED) == "true":
            return syncing.paused(before)
        intent = self._parts.syncer.intent(live, plan, before.resources)
        if intent is not None:
            pending = status.Sync(state="Unknown", reason="Applying", resources=intent)
            built = status.status(plan, inputs, inputs.observed, pending, before)
            await self._parts.reporter.write(live, built, urgent=True)
        return await self._parts.syncer.sync(live, plan, before.resources)

    async def _tell(self, live: Live, plan: Plan, inputs: Inputs, synced: Synced, before: status.Previous) -> Outcome:
        current = self._parts.world.get(world.APPLICATION, live.namespace, live.name)
        if current is None or current.uid != live.uid:
            return Outcome(result="success")
        before = status.previous(current.part("status"))
        built = status.status(plan, inputs, self._belongings(live), synced.sync, before)
        early = await self._parts.reporter.write(current, built)
        if early is None:
            self._events(live, before, built)
            await self._tell_instances(live, built)
        return msgspec.structs.replace(
            synced.outcome, after=outcome.soonest(synced.outcome.after, early, _until(plan.wake_at, inputs.now))
        )

    async def _tell_instances(self, live: Live, built: dict[str, Any]) -> None:
        """Rudr's one word on each ComponentInstance, for its health scopes and dashboards."""
        states = {instance["name"]: instance["state"] for instance in built.get("instances", ())}
        for kind, child in self._parts.world.owned_by(live.uid, live.namespace):
            name = child.labels.get(stamp.INSTANCE, "")
            if kind == world.COMPONENT_INSTANCE and name in states and not child.deleting:
                await self._parts.reporter.text(child, "healthy" if states[name] == "ready" else "unhealthy")

    def _events(self, live: Live, before: status.Previous, built: dict[str, Any]) -> None:
        """One event for each condition that changed its status."""
        old = {condition.type: condition.status for condition in before.conditions}
        for condition in built["conditions"]:
            if condition["status"] == old.get(condition["type"]) or condition["status"] == "Unknown":
                continue
            note = condition.get("message") or f"{condition['type']} is {condition['status']}"
            warning = condition["status"] == "False" and condition["reason"] not in _PROGRESS
            self._parts.recorder.record(live, condition["reason"], note, action="Reconcile", warning=warning)


_PROGRESS = frozenset({"Applying", "Missing", "NotObserved", "Updating", "NotReady", "GenerationNotObserved"})
"""Reasons of `Ready` being False that belong to every start."""


def _kinds(plan: Plan, before: status.Previous) -> frozenset[Kind]:
    """The kinds of the application's objects, past and to come."""
    past = {ref.kind for ref in ledger.read(before.resources)}
    return frozenset(past | {planned.ref.kind for planned in plan.manifests})


def _metadata(live: Live) -> Metadata:
    return Metadata(name=live.name, namespace=live.namespace, uid=live.uid, generation=live.generation)


def _until(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else max(0.0, (moment - now).total_seconds())
