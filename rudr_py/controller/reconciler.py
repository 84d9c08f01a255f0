"""One key, once: cache -> model -> render -> apply -> prune -> status -> Outcome.

Level-based: it is told a key, never an event, and does the same whether something was added, changed or restarted.
No input of a user raises past this module.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.controller.apply import runs
from rudr_py.controller.apply import sync as syncing
from rudr_py.controller.apply.sync import Syncer, SyncResult
from rudr_py.controller.inputs.plan_cache import PlanCache
from rudr_py.controller.inputs.reader import InputReader
from rudr_py.controller.results import failures
from rudr_py.controller.results import result as outcome
from rudr_py.controller.results.result import Result
from rudr_py.controller.scopes.probing import Probing
from rudr_py.controller.scopes.root_scopes import RootScopes
from rudr_py.controller.serving.metrics.tally import StateCounts
from rudr_py.controller.state import cluster_state, inventory
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.status import children
from rudr_py.controller.status.writer import StatusWriter
from rudr_py.controller.watching.sources import Sources
from rudr_py.kube.events import Recorder
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.identity import ObjectKey
from rudr_py.render.status import status
from rudr_py.render.values.inputs import Inputs, Observed
from rudr_py.render.values.plan import Plan

SOON = 1.0
"""Seconds until a status is written again that has one more thing to tell, or one less."""

log = logging.getLogger(__name__)


class ReconcilerParts(msgspec.Struct, frozen=True, kw_only=True):
    """What a reconciler works with.

    `wake` asks for a look at another application before long, `lacking` puts a missing right into words.
    """

    world: ClusterState
    sources: Sources
    catalog: Catalog
    reader: InputReader
    plans: PlanCache
    probing: Probing
    roots: RootScopes
    syncer: Syncer
    reporter: StatusWriter
    recorder: Recorder
    tally: StateCounts
    wake: Callable[[ObjectKey], None]
    lacking: Callable[[errors.Right], str]


class Reconciler:
    """Brings one application after another to what its documents say."""

    def __init__(self, parts: ReconcilerParts) -> None:
        self._parts = parts
        self._untold: dict[ObjectKey, tuple[str, ...]] = {}  # the rights for want of which states were not told

    async def reconcile(self, key: ObjectKey) -> Result:
        """Reconcile the application of this key. Raises KubeError when nothing could be told to the user."""
        try:
            return await self._reconcile(key)
        except Exception:
            # an application that cannot be looked at must not keep the scopes of others waiting
            self._wake(self._parts.world.groups.looked(key))
            raise

    async def _reconcile(self, key: ObjectKey) -> Result:
        parts = self._parts
        live = parts.world.get(cluster_state.APPLICATION, key.namespace, key.name)
        if live is None:
            return self._forget(key)
        parts.tally.seen(key)
        if live.deleting:
            return await self._end(key, live)
        if not parts.sources.ensure(cluster_state.OWN_KINDS, key):
            return Result(result="requeue_after", after=failures.SAFETY)
        before = self._previous(live)
        inputs = parts.reader.inputs(live, before)
        plan = parts.plans.plan(key, inputs)
        concerned = kinds(plan, before)
        if not parts.sources.ensure(concerned, key):
            return Result(result="requeue_after", after=failures.SAFETY)
        self._look(key, plan, inputs.observed, before)
        if plan.scopes and parts.world.groups.defers(key):
            return Result(result="success")
        await parts.roots.ensure(key.namespace)
        synced = await self._sync(live, plan, inputs, before)
        unseen = parts.sources.lacking(concerned, key.namespace)
        notes = tuple(one for one in (*unseen, *self._untold.get(key, ())) if one not in synced.sync.message)
        sync = msgspec.structs.replace(synced.sync, notes=notes)
        return await self._tell(live, plan, inputs, msgspec.structs.replace(synced, sync=sync))

    async def _end(self, key: ObjectKey, live: LiveObject) -> Result:
        parts = self._parts
        self._wake(parts.world.groups.looked(key))
        past = frozenset(ref.kind for ref in inventory.read(cluster_state.previous(live).resources))
        if not parts.sources.ensure(past, key):
            return Result(result="requeue_after", after=failures.SAFETY)
        return await parts.syncer.end(live)

    def _forget(self, key: ObjectKey) -> Result:
        parts = self._parts
        parts.syncer.forget(key)
        parts.reader.forget(key)
        parts.plans.forget(key)
        parts.sources.forget(key)
        parts.probing.forget(key)
        parts.tally.forget(key)
        self._untold.pop(key, None)
        self._wake(parts.world.groups.forget(key))
        return Result(result="success")

    def _previous(self, live: LiveObject) -> status.PreviousStatus:
        return runs.recall(cluster_state.previous(live), self._parts.world.parted(live))

    def _look(self, key: ObjectKey, plan: Plan, observed: Observed, before: status.PreviousStatus) -> None:
        """Tell the scopes of other applications about the instances, and wake whom it concerns.

        A plan with problems says nothing of membership; what was told before goes on.
        """
        groups = self._parts.world.groups
        if not plan.problems:
            self._wake(groups.tell(key, self._parts.reader.members(plan, observed, before)))
            self._parts.probing.plan(key, {scope.name: scope.probes for scope in plan.scopes})
        self._wake(groups.looked(key))

    def _wake(self, keys: Iterable[ObjectKey]) -> None:
        for key in keys:
            self._parts.wake(key)

    async def _sync(self, live: LiveObject, plan: Plan, inputs: Inputs, before: status.PreviousStatus) -> SyncResult:
        if plan.problems:
            return syncing.untouched(plan, before)
        if live.annotations.get(syncing.PAUSED) == "true":
            return syncing.paused(before)
        intent = self._parts.syncer.intent(live, plan, before.resources)
        if intent is not None:
            pending = status.SyncState(state="Unknown", reason="Applying", resources=intent)
            built = status.status(plan, inputs, inputs.observed, pending, before)
            told = await self._parts.reporter.write(live, status.bounded(built, before), urgent=True)
            if told.written:
                self._events(live, before, built)
        return await self._parts.syncer.sync(live, plan, before.resources, before.runs)

    async def _tell(self, live: LiveObject, plan: Plan, inputs: Inputs, synced: SyncResult) -> Result:
        current = self._parts.world.get(cluster_state.APPLICATION, live.namespace, live.name)
        if current is None or current.uid != live.uid:
            return Result(result="success")
        parts, before = self._parts, self._previous(current)
        observed = parts.reader.belongings(live)
        built = status.bounded(status.status(plan, inputs, observed, synced.sync, before), before)
        key = ObjectKey(live.namespace, live.name)
        parts.tally.tell(key, built)
        self._look(key, plan, observed, before)
        told = await parts.reporter.write(current, built)
        if told.written:
            self._events(live, before, built)
        try:
            early = None
            if told.wait is None:
                early = await children.instances(parts.reporter, parts.world, live, built)
            later = await children.scopes(parts.reporter, parts.world, live, plan, inputs, observed)
        except errors.MissingRightError as error:
            return self._mute(key, error, synced.outcome)
        clear = SOON if self._untold.pop(key, None) else None
        after = outcome.soonest(synced.outcome.after, told.wait, early, later, clear, _until(plan.wake_at, inputs.now))
        return msgspec.structs.replace(synced.outcome, after=after)

    def _mute(self, key: ObjectKey, error: errors.MissingRightError, before: Result) -> Result:
        """The objects are right, and their state cannot be told; the application says so the next time, which is soon.

        A right is no reason to call objects wrong, and nobody tells us when it is granted.
        """
        note = self._parts.lacking(error.right)
        after = None if note in self._untold.get(key, ()) else SOON
        self._untold[key] = (note,)
        result = "refused" if before.result == "success" else before.result
        return msgspec.structs.replace(before, result=result, after=outcome.soonest(before.after, after), message=note)

    def _events(self, live: LiveObject, before: status.PreviousStatus, built: dict[str, Any]) -> None:
        """One event for each condition that has become True, or False, or is False for another reason than before.

        What belongs to every start is no news, and what follows from another condition has been told with that.
        """
        old = {condition.type: (condition.status, condition.reason) for condition in before.conditions}
        for condition in built["conditions"]:
            was, because = old.get(condition["type"], ("", ""))
            bad = condition["status"] == "False"
            if condition["status"] == "Unknown" or (bad and condition["reason"] in _NO_NEWS):
                continue
            if condition["status"] != was or (bad and condition["reason"] != because):
                note = condition.get("message") or f"{condition['type']} is {condition['status']}"
                self._parts.recorder.record(live, condition["reason"], note, action="Reconcile", warning=bad)


_NO_NEWS = frozenset(
    {"Applying", "Missing", "NotObserved", "Updating", "NotReady", "GenerationNotObserved", "NotValid"}
)
"""Reasons of `Ready` being False that belong to every start, or of which the event of `Valid` says more."""


def kinds(plan: Plan, before: status.PreviousStatus) -> frozenset[Kind]:
    """The kinds that must be known before an application can be judged: its objects', and what its types look at."""
    past = {ref.kind for ref in inventory.read(before.resources)}
    planned = {planned.ref.kind for planned in plan.manifests}
    offers = [part.offer for instance in plan.instances for part in (instance.workload, *instance.traits)]
    offers += [scope.bound_type.offer for scope in plan.scopes]
    seen = {kind for offer in offers for kind in offer.type.observes}
    return frozenset(past | planned | seen | {cluster_state.POD})


def _until(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else max(0.0, (moment - now).total_seconds())
