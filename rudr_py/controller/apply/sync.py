"""Makes the cluster hold what a plan says: applies in order, then prunes; says how far it came.

An object that is refused stops its instance only; the others go on. Writes no status.
"""

from __future__ import annotations

import logging
from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.api import Ref
from rudr_py.controller.apply import prune
from rudr_py.controller.apply.applier import Applier, ApplyTask
from rudr_py.controller.apply.finalizer import Finalizer
from rudr_py.controller.apply.prune import PruneCandidate, Pruner
from rudr_py.controller.results import failures
from rudr_py.controller.results.failures import Failure, WaitingError
from rudr_py.controller.results.result import Result
from rudr_py.controller.state import cluster_state, inventory
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.state.inventory import AppliedRecord
from rudr_py.kube.live_object import LiveObject
from rudr_py.model import metadata_keys
from rudr_py.render import render
from rudr_py.render.status import runs as running
from rudr_py.render.status import status
from rudr_py.render.values.inputs import Run, Runs
from rudr_py.render.values.plan import Plan, PlannedObject

PAUSED = metadata_keys.PAUSED_ANNOTATION
"""The annotation by which a user stops all writes to the objects of an application."""

RECLAIMING = "for the finalizer of an application with objects to reclaim"

log = logging.getLogger(__name__)


class SyncResult(msgspec.Struct, frozen=True):
    """How far the objects are as planned, for status, and when to try again, for the queue."""

    sync: status.SyncState
    result: Result


class ApplyStep(msgspec.Struct, frozen=True):
    """One object of a plan on its way, with its last run if it runs once."""

    application: LiveObject
    planned: PlannedObject
    plan: Plan
    run: Run | None


def untouched(plan: Plan, before: status.PreviousStatus) -> SyncResult:
    """Nothing is done, because the plan has problems. A plugin that failed may do better later; a document does not."""
    sync = status.SyncState(state="Unknown", reason="NotValid", resources=before.resources)
    if plan.reason == render.PLUGIN_FAILED:
        return SyncResult(sync, Result(error=plan.problems[0].message, retry="slow"))
    return SyncResult(sync, Result(error=plan.problems[0].message, retry="never"))


def paused(before: status.PreviousStatus) -> SyncResult:
    """Nothing is done, because the user asked for it."""
    sync = status.SyncState(state="Unknown", reason="Paused", resources=before.resources, paused=True)
    return SyncResult(sync, Result())


class Syncer:
    """Applies and prunes for one application after another."""

    def __init__(self, applier: Applier, pruner: Pruner, reclaimer: Finalizer, known: ClusterState) -> None:
        self._applier = applier
        self._pruner = pruner
        self._reclaimer = reclaimer
        self._world = known

    async def end(self, application: LiveObject) -> Result:
        """The application is being deleted: let go what goes with it. One that is paused keeps all that it has."""
        return await self._reclaimer.end(application, keep=application.annotations.get(PAUSED) == "true")

    def intent(
        self, application: LiveObject, plan: Plan, stored: tuple[dict[str, Any], ...]
    ) -> tuple[dict[str, Any], ...] | None:
        """The resources to be named in status before a kind is applied for the first time; None when all are."""
        records = self._world.applications.records(application, stored)
        for planned in plan.manifests:
            records.setdefault(planned.ref, AppliedRecord(planned.ref))
        named = {ref.kind for ref in inventory.read(stored)}
        if all(planned.ref.kind in named for planned in plan.manifests):
            return None
        return inventory.order(records.values())

    async def sync(
        self, application: LiveObject, plan: Plan, stored: tuple[dict[str, Any], ...], runs: Runs = running.NO_RUNS
    ) -> SyncResult:
        """Make everything as planned, then delete what is not planned any more. `runs` are those of the last status."""
        records = self._world.applications.records(application, stored)
        failed = await self._prepare(application, plan, records)
        if not failed:
            failed = await self._apply_all(application, plan, records, runs)
        if not failed:
            failed = await self._prune(application, plan, records)
        resources = inventory.order(records.values())
        if not failed:
            sync = status.SyncState(state="True", reason="Synced", resources=resources)
            return SyncResult(sync, Result())
        reason, message = failures.worst(failed).reason, failures.message(failed)
        sync = status.SyncState(state="False", reason=reason, message=message, resources=resources)
        return SyncResult(sync, failures.result(failed))

    async def _prepare(self, application: LiveObject, plan: Plan, records: dict[Ref, AppliedRecord]) -> list[Failure]:
        """What has to be done before anything is applied."""
        try:
            await self._reclaimer.guard(application, plan)
        except errors.RudrError as error:
            return [failures.of(Ref(cluster_state.APPLICATION, application.name), error, needed=RECLAIMING)]
        first = prune.hindering(self._surplus(application, plan, records), plan)
        if first:
            # one that cannot be deleted now is told of after the applies, when it is tried again
            await self._pruner.prune(application, first)
        return []

    async def _apply_all(
        self, application: LiveObject, plan: Plan, records: dict[Ref, AppliedRecord], runs: Runs
    ) -> list[Failure]:
        failed: list[Failure] = []
        stopped: set[str] = set()
        for planned in plan.manifests:
            if planned.instance in stopped:
                continue
            run = runs.get(planned.instance, {}).get(planned.ref.name)
            failure = await self._apply_one(ApplyStep(application, planned, plan, run), records)
            if failure is not None:
                failed.append(failure)
                if planned.instance:  # what belongs to the application as a whole does not depend on each other
                    stopped.add(planned.instance)
                if failure.ends:
                    break
        return failed

    async def _apply_one(self, making: ApplyStep, records: dict[Ref, AppliedRecord]) -> Failure | None:
        application, planned = making.application, making.planned
        record = records.get(planned.ref)
        try:
            owner = self._owner(application, planned, making.plan)
            live = await self._applier.ensure(ApplyTask(planned, owner, application, record, making.run))
        except errors.RudrError as error:
            return failures.of(planned.ref, error, needed=_purpose(making))
        if live is not None and live.uid:
            records[planned.ref] = AppliedRecord(planned.ref, live.uid, inventory.digest(live))
        return None

    def _owner(self, application: LiveObject, planned: PlannedObject, plan: Plan) -> LiveObject | None:
        if planned.owner == "none":
            return None
        if planned.owner == "application":
            return application
        ref = next(instance.owner for instance in plan.instances if instance.name == planned.instance)
        owner = self._world.get(ref.kind, application.namespace, ref.name)
        if owner is None:
            raise WaitingError(f"{ref} is not there yet")
        return owner

    async def _prune(self, application: LiveObject, plan: Plan, records: dict[Ref, AppliedRecord]) -> list[Failure]:
        surplus = self._surplus(application, plan, records)
        due = [one for one in surplus if not prune.in_use(one, plan, application.namespace, self._world)]
        failed: list[Failure] = []
        if due:
            pruned = await self._pruner.prune(application, due)
            for ref in pruned.gone:
                records.pop(ref, None)
            failed = list(pruned.failures)
        try:
            await self._reclaimer.release(application, plan)
        except errors.RudrError as error:
            failed.append(failures.of(Ref(cluster_state.APPLICATION, application.name), error, needed=RECLAIMING))
        return failed

    def _surplus(
        self, application: LiveObject, plan: Plan, records: dict[Ref, AppliedRecord]
    ) -> tuple[PruneCandidate, ...]:
        planned = frozenset(one.ref for one in plan.manifests)
        return self._pruner.surplus(application, planned, records.values())


def _purpose(making: ApplyStep) -> str:
    """Who asks for an object, for whoever grants the rights for it."""
    planned, name = making.planned, making.planned.made_by
    if not name:
        return "for every application"
    workloads = {one.workload.name for one in making.plan.instances if one.name == planned.instance}
    return f"by {'workload type' if name in workloads else 'trait' if planned.instance else 'scope'} {name}"
