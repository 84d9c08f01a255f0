"""Reconciles one application: snapshot -> apply -> prune -> status -> Result.

Level-based: it gets a key, never an event, and does the same after an addition, a change and a restart. No input of a
user raises past this module.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from rudr_py import errors
from rudr_py.controller.apply import finalizer
from rudr_py.controller.apply import sync as syncing
from rudr_py.controller.apply.removal.removals import Removal, RemovalRequest
from rudr_py.controller.apply.sync import Syncer
from rudr_py.controller.inputs.checkpoint import StoredCheckpoint
from rudr_py.controller.inputs.snapshot import Snapshot, SnapshotReader
from rudr_py.controller.load.heavy_gate import HeavyGate
from rudr_py.controller.pacing import Stages
from rudr_py.controller.results import failures, sync_result
from rudr_py.controller.results.result import Result, merge
from rudr_py.controller.results.sync_result import SyncResult
from rudr_py.controller.scopes.scope_updates import ScopeUpdates
from rudr_py.controller.state import cluster_state, status_summary
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.state.inventory import AppliedRecord
from rudr_py.controller.state.users import Users
from rudr_py.controller.status import rival_scalers, shared_claims
from rudr_py.controller.status.reporter import StatusReporter
from rudr_py.controller.status.writer import StatusRefusedError
from rudr_py.controller.watching.sources import Sources
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION, POD
from rudr_py.render.claims import CLAIM
from rudr_py.render.status.health import InstanceHealth

WAIT_FOR_CACHES = Result(resync_after=failures.SAFETY)
"""The caches trigger the application when they are complete."""


CLOCK_CHECK = 600.0
"""Maximum seconds until an application whose plan has a wake-up time is reconciled.

Delays are monotonic, and the wall clock may be set, or the machine suspended, meanwhile.
"""


class ApplicationReconciler:
    """Brings the objects of an application, its scopes and its status in line with its documents."""

    def __init__(
        self,
        state: ClusterState,
        sources: Sources,
        reader: SnapshotReader,
        scope_updates: ScopeUpdates,
        syncer: Syncer,
        reporter: StatusReporter,
    ) -> None:
        self._state = state
        self._sources = sources
        self._reader = reader
        self._scope_updates = scope_updates
        self._syncer = syncer
        self._reporter = reporter
        self._reports = sources.reports
        self._gate = HeavyGate()

    async def reconcile(self, key: ObjectKey) -> Result:
        """Reconcile the application of this key. Raises KubeError when its status could not be written."""
        self._reports.read(key)
        try:
            return await self._reconcile_key(key)
        finally:
            self._reports.end(key)

    async def _reconcile_key(self, key: ObjectKey) -> Result:
        await self._sources.complete(key.namespace)
        live = self._state.get(APPLICATION, key.namespace, key.name)
        if live is None:
            self._syncer.wait_for(key, ())
            self._scope_updates.requeue(self._state.applications.forget(key))
            return Result()
        self._state.applications.get(key)  # from now on the metrics count it
        self._reader.hide_values(live)
        try:
            return await (self._finalize(key, live) if live.deleting else self._reconcile(key, live))
        except StatusRefusedError as error:
            self._scope_updates.reconciled(key)
            return self._reporter.refused(live, error)
        except Exception as error:
            self._scope_updates.reconciled(key)
            if isinstance(error, errors.MissingRightError):
                self._syncer.wait_for(key, failures.GRANTS)
            raise

    async def _finalize(self, key: ObjectKey, live: LiveObject) -> Result:
        self._scope_updates.reconciled(key)
        if not finalizer.guarded(live):
            return Result()
        # the workloads of all applications: they may mount the claims of this one
        kinds = {*cluster_state.OWN_KINDS, POD, *self._state.applied_kinds(key.namespace)}
        if not self._sources.ensure(kinds, key):
            return WAIT_FOR_CACHES
        snapshot = await self._reader.read(key, live)
        if not self._sources.ensure(kinds | snapshot.kinds, key):
            return WAIT_FOR_CACHES
        await self._reader.read_values(snapshot)
        result = await self._syncer.end(live, self._reader.is_reclaimed(snapshot))
        self._syncer.wait_for(key, failures.GRANTS if result.error and result.retry == "slow" else ())
        return result

    async def _reconcile(self, key: ObjectKey, live: LiveObject) -> Result:
        if not self._sources.ensure(cluster_state.OWN_KINDS, key):
            return WAIT_FOR_CACHES
        if (stored := self._reader.stored_checkpoint(key, live)) is not None:
            if not self._sources.ensure(stored.kinds, key):
                return WAIT_FOR_CACHES
            if self._reader.checkpoints.confirms(stored):
                self._adopt(key, stored)
                return Result()
        is_suspected = self._reader.is_suspected(key, live)
        if not is_suspected and not self._reader.is_heavy(key):
            snapshot = await self._reader.read(key, live)
            if not self._reader.is_heavy(key):
                return await self._reconcile_snapshot(snapshot)
            del snapshot  # it takes much memory, and a place may become free much later
        async with self._gate.enter(key.namespace, alone=is_suspected):
            if self._state.get(APPLICATION, key.namespace, key.name) is not live:
                return Result(requeue_after=0.0)
            with self._reader.applying(key, live):
                return await self._reconcile_snapshot(await self._reader.read(key, live))

    def _adopt(self, key: ObjectKey, stored: StoredCheckpoint) -> None:
        """Keep what a reconcile of an application keeps that another process has left at rest."""
        self._state.applications.definitions.set(key, stored.subjects)
        self._state.applications.get(key).summary = status_summary.summarize(stored.status)
        self._scope_updates.reconciled(key)

    async def _reconcile_snapshot(self, snapshot: Snapshot) -> Result:
        key = snapshot.key
        self._reader.hide_values(snapshot.application, snapshot.plan)
        kinds = snapshot.kinds | snapshot.cluster_kinds
        if any(planned.adopt for planned in snapshot.plan.manifests):
            kinds |= self._state.applied_kinds(key.namespace)
        if not self._sources.ensure(kinds, key):
            return WAIT_FOR_CACHES
        await Stages(len(snapshot.plan.manifests)).end()
        objects = self._reader.objects(snapshot)
        snapshot = self._reader.begin(snapshot, objects)
        settled = self._reader.is_settled(snapshot, objects) and not self._missing_rights(snapshot)
        if settled:
            self._scope_updates.reconciled(key)
        else:
            self._reader.unsettle(snapshot)
            await self._reader.read_values(snapshot)
            if snapshot.has_members:
                snapshot = await self._reader.assess(snapshot)
            if self._scope_updates.publish(snapshot):
                return Result()
        if self._state.applications.scopes.root:
            await self._scope_updates.ensure_root(key.namespace)
        return Result() if settled else await self._converge(snapshot, objects)

    async def _converge(self, snapshot: Snapshot, objects: tuple[LiveObject, ...]) -> Result:
        stages = Stages(len(snapshot.plan.manifests))
        synced = await self._sync(snapshot, stages)
        self._reports.read(snapshot.key)
        current = self._reader.refresh(snapshot)
        if current is None:
            return Result()
        is_changed = current is not snapshot
        current = await self._reader.assess(current)
        if is_changed:
            self._scope_updates.publish(current)
        missing = self._missing_rights(current)
        self._syncer.wait_for(current.key, {*synced.blocked_by, *(failures.GRANTS if missing else ())})
        await stages.end()
        notes = (
            *synced.sync.notes,
            *(right for right in missing if right not in synced.sync.message),
            *rival_scalers.warnings(current.plan, self._state, current.key.namespace),
            *shared_claims.warnings(current.application, self._state),
        )
        await stages.end()
        reported = await self._reporter.report(current, msgspec.structs.replace(synced.sync, notes=notes))
        if self._state.applications.get(current.key).missing_rights and not missing:
            self._syncer.wait_for(current.key, {*synced.blocked_by, *failures.GRANTS})
        result = merge(synced.result, reported)
        unapplied = self._state.applications.get(current.key).unapplied
        has_ended = synced.has_ended is not None and synced.has_ended(current.assessment.instances, unapplied)
        if has_ended or await self._reader.may_proceed(current):
            # no event of a watch may follow: an instance was applied in this reconcile, and is as required already
            result = merge(result, Result(requeue_after=0.0))
        wake_at = current.plan.wake_at
        if wake_at is not None:
            delay = max(0.0, (wake_at - current.inputs.now).total_seconds())
            return merge(result, Result(requeue_after=min(delay, CLOCK_CHECK)))
        await stages.end()
        if result == Result() and not missing:
            self._reader.settle(snapshot, objects)
        return result

    def _missing_rights(self, snapshot: Snapshot) -> tuple[str, ...]:
        """The rights without which a kind cannot be watched, or a status was not written."""
        not_written = self._state.applications.get(snapshot.key).missing_rights
        return (*self._sources.missing_rights(snapshot.kinds, snapshot.key.namespace), *not_written)

    async def _sync(self, snapshot: Snapshot, stages: Stages) -> SyncResult:
        live, plan, previous = snapshot.application, snapshot.plan, snapshot.previous
        if plan.problems:
            return sync_result.untouched(plan, previous)
        removal = self._syncer.begin(live, plan, self._removal_request(snapshot))
        if live.annotations.get(syncing.PAUSED) == "true":
            return removal.stopped(sync_result.paused(previous))
        if snapshot.inputs.unknown_defaults:
            return removal.stopped(sync_result.undecided(snapshot.inputs.unknown_defaults, previous))
        shortage = await self._syncer.shortage(live, plan)
        if shortage is not None and shortage.is_refused:
            return removal.stopped(syncing.short(shortage, previous))
        synced = await self._apply(snapshot, removal, stages)
        if shortage is None:
            return synced
        sync = msgspec.structs.replace(synced.sync, notes=(*shortage.lines, *synced.sync.notes))
        return msgspec.structs.replace(synced, sync=sync)

    async def _apply(self, snapshot: Snapshot, removal: Removal, stages: Stages) -> SyncResult:
        live, plan, previous = snapshot.application, snapshot.plan, snapshot.previous
        resources = self._syncer.intent(live, plan, previous.resources)
        await self._reporter.announce(snapshot, resources, removal.pending)
        before, namespace = self._claims(snapshot.key), snapshot.key.namespace
        mounted = shared_claims.sharing(live, self._state)
        await stages.end()
        synced = await self._syncer.sync(live, plan, previous.resources, previous.runs, removal)
        await stages.end()
        if (after := shared_claims.sharing(live, self._state)) != mounted:
            # no event of a watch reports an own write
            self._scope_updates.requeue({key for key, _ in mounted ^ after})
        changed = before ^ self._claims(snapshot.key)
        if changed:
            # no event of a watch reports an own write, nor that an application no longer uses a claim
            reads = self._state.applications.reads
            readers = frozenset(key for record in changed for key in reads.keys((namespace, record.ref)))
            self._scope_updates.requeue(readers - {snapshot.key})
            self.requeue_awaiting(snapshot.key)
        return synced

    def requeue_awaiting(self, key: ObjectKey) -> None:
        """Trigger the other applications of the namespace that wait for a claim."""
        awaiting = Users(self._state.applications.awaiting_claims, key.namespace, key.namespace)
        if not self._sources.fan_out.accept(awaiting):
            self._scope_updates.requeue(awaiting.keys() - {key})

    def _removal_request(self, snapshot: Snapshot) -> RemovalRequest:
        async def healths() -> Sequence[InstanceHealth]:
            current = self._reader.refresh(snapshot)
            return () if current is None else (await self._reader.assess(current)).assessment.instances

        return RemovalRequest(
            policy=snapshot.inputs.application.removal,
            version=self._reader.version(snapshot),
            now=snapshot.inputs.now,
            before=snapshot.previous,
            healths=healths,
        )

    def _claims(self, key: ObjectKey) -> frozenset[AppliedRecord]:
        """The records of the claims that the application has applied and plans."""
        records = self._state.applications.get(key).records
        return frozenset(record for ref, record in records.items() if ref.kind == CLAIM)
