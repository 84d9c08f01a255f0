"""Bring the objects of one application to its plan: apply in order, then prune. Writes no status.

A failure stops the objects that need the failed one (`dependencies`), and the deletions of the objects that it replaces
(`successors`); everything else goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.api import Ref
from rudr_py.controller.apply import dependencies, predecessors, prune, successors
from rudr_py.controller.apply.decide import History
from rudr_py.controller.apply.impersonation.writers import Writers
from rudr_py.controller.apply.preconditions import capacity_check, trait_guard
from rudr_py.controller.apply.preconditions.attempt import Attempt
from rudr_py.controller.apply.preconditions.capacity_check import CapacityCheck, Shortage
from rudr_py.controller.apply.preconditions.trait_guard import TraitGuard
from rudr_py.controller.apply.preserved.held_objects import HeldObjects
from rudr_py.controller.apply.prune import PruneCandidate
from rudr_py.controller.apply.refusals import Refusals
from rudr_py.controller.apply.removal import unrecorded
from rudr_py.controller.apply.removal.removals import AT_ONCE, Removal, RemovalRequest, Removals
from rudr_py.controller.pacing import Breath
from rudr_py.controller.results import failures, sync_result
from rudr_py.controller.results.failures import Failure, SupersededError, WaitingError
from rudr_py.controller.results.result import Result, merge
from rudr_py.controller.results.sync_result import SyncResult
from rudr_py.controller.state import inventory
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.state.inventory import AppliedRecord
from rudr_py.controller.watching.waits import Blocker, Waits
from rudr_py.kube.live_object import LiveObject
from rudr_py.model import metadata_keys
from rudr_py.model.condition import TRUE
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION
from rudr_py.render.reclaim import IsReclaimed
from rudr_py.render.status import runs as running
from rudr_py.render.status import status
from rudr_py.render.status.conditions import SyncState
from rudr_py.render.values.inputs import Runs
from rudr_py.render.values.plan import Plan, PlannedObject

PAUSED = metadata_keys.PAUSED_ANNOTATION
"""The annotation by which a user pauses all writes to the objects of an application."""

FINALIZER_PURPOSE = "for the finalizer of an application whose objects are deleted with it"

KEPT = "SuccessorNotApplied"
"""The reason of an object that is not planned any more, and kept until the object that replaces it is applied."""

DECISION = 20
"""The work for an object that is in sync, in values of documents."""

Records = dict[Ref, AppliedRecord]
Resources = tuple[Mapping[str, Any], ...]


def short(shortage: Shortage, before: status.PreviousStatus) -> SyncResult:
    """Nothing is applied, because no node is large enough for new pods."""
    sync = SyncState(state="False", reason=capacity_check.REASON, message=shortage.message, **sync_result.kept(before))
    return SyncResult(
        sync,
        Result(error=shortage.message, retry="slow", cause=capacity_check.REASON),
        frozenset((capacity_check.ANY_NODE,)),
    )


class Syncer:
    """Applies and prunes the objects of one application after another."""

    def __init__(
        self,
        writers: Callable[[LiveObject], Writers],
        state: ClusterState,
        refusals: Refusals,
        waits: Waits,
        capacity: CapacityCheck,
        removals: Removals,
    ) -> None:
        """`writers` returns the writers of an application; see `WriterFactory`."""
        self._removals = removals
        self._capacity = capacity
        self._writers = writers
        self._state = state
        self._refusals = refusals
        self._waits = waits

    def wait_for(self, key: ObjectKey, blocked_by: Iterable[Ref]) -> None:
        """Watch these objects until the next call, and reconcile the application when one of them changes."""
        self._waits.set(key, (Blocker(ref, key.namespace) for ref in blocked_by))

    async def shortage(self, application: LiveObject, plan: Plan) -> Shortage | None:
        """See `CapacityCheck`; to be called before the first write of a plan."""
        return await self._capacity.shortage(application, plan)

    async def end(self, application: LiveObject, is_reclaimed: IsReclaimed) -> Result:
        """Delete the objects that are deleted with an application. One that is paused keeps all its objects."""
        writers = self._writers(application)
        keep = application.annotations.get(PAUSED) == "true"
        return await writers.finalizer.end(application, is_reclaimed, keep=keep, error=writers.error)

    def intent(self, application: LiveObject, plan: Plan, stored: Resources) -> Resources | None:
        """The resources for the status before a kind is applied for the first time; None when that can be omitted.

        It can for a kind that the status lists, and for owned objects of a kind that every process watches: the next
        one finds them by their owner.
        """
        records, named = self._state.applications.records(application, stored), self._named(plan)
        for ref in named:
            records.setdefault(ref, AppliedRecord(ref))
        listed = {ref.kind for ref in inventory.read(stored)} if named else set()
        return None if all(ref.kind in listed for ref in named) else inventory.order(records.values())

    def _named(self, plan: Plan) -> frozenset[Ref]:
        """The objects that the status names before they are applied."""
        permanent = self._state.permanent_kinds
        return frozenset(one.ref for one in plan.manifests if one.owner == "none" or one.ref.kind not in permanent)

    def begin(self, application: LiveObject, plan: Plan, request: RemovalRequest) -> Removal:
        """See `Removals.begin`; to be called before the first write for a plan."""
        return self._removals.begin(application, plan, request)

    async def sync(
        self,
        application: LiveObject,
        plan: Plan,
        stored: Resources,
        runs: Runs = running.NO_RUNS,
        removal: Removal | None = None,
    ) -> SyncResult:
        """Apply every planned object, then prune. `stored` and `runs` are those of the last status.

        Without `removal` no deletion waits until another object is ready.
        """
        records = self._state.applications.records(application, stored)
        removal = removal or self.begin(application, plan, AT_ONCE)
        key = ObjectKey(application.namespace, application.name)
        self._state.applications.end_wait(key)
        writers = self._writers(application)
        if writers.error is not None:
            failure = failures.of(Ref(APPLICATION, application.name), writers.error)
            attempt = Attempt(writers, removal, [failure], {planned.ref: "" for planned in plan.manifests})
            self._agree(application, plan, records, stored, attempt)
            return self._result(key, attempt, inventory.order(records.values()))
        if not stored:
            for record in await unrecorded.find(writers.client, self._state, application, records):
                records[record.ref] = record
        guard = self._guard(application, plan, records, runs)
        attempt = await self._prepare(application, plan, records, Attempt(writers, removal))
        second = attempt.again()
        await self._apply_all(application, plan, records, runs, attempt, guard)
        pruned = await self._prune(application, plan, records, attempt)
        if pruned:
            self._refusals.freed(key)
        if pruned and attempt.denials:
            # a deleted object may have been the cause; deletions that waited for the refused objects follow
            second.superseded = attempt.superseded
            attempt = second
            await self._apply_all(application, plan, records, runs, attempt, guard)
            await self._prune(application, plan, records, attempt, done=pruned)
        await self._withdraw(application, plan, records, attempt, guard)
        self._agree(application, plan, records, stored, attempt)
        result = self._result(key, attempt, inventory.order(_recorded(records, attempt.unapplied)))
        return sync_result.held(plan, result) if plan.is_held and result.sync.state == TRUE else result

    def _result(self, key: ObjectKey, attempt: Attempt, resources: Resources) -> SyncResult:
        application_state = self._state.applications.get(key)
        before, application_state.unapplied = application_state.unapplied, frozenset(attempt.unapplied)
        sync = SyncState(
            state="True",
            reason="Synced",
            resources=resources,
            notes=attempt.notes,
            replacements=attempt.removal.pending,
        )
        wake = Result(requeue_after=attempt.removal.wake_after)
        has_ended = attempt.removal.has_ended if attempt.removal.pending else None
        if not attempt.failures:
            return SyncResult(sync, wake, has_ended=has_ended)
        reason, message = failures.worst(attempt.failures).reason, failures.message(attempt.failures)
        sync = msgspec.structs.replace(sync, state="False", reason=reason, message=message)
        result = merge(failures.result(attempt.failures, soon=self._refusals.is_soon(key)), wake)
        blocked_by = frozenset(ref for failure in attempt.failures for ref in failure.blocked_by)
        result = msgspec.structs.replace(result, progress=application_state.unapplied < before)
        return SyncResult(sync, result, blocked_by, has_ended)

    async def _prepare(self, application: LiveObject, plan: Plan, records: Records, attempt: Attempt) -> Attempt:
        """Everything that precedes the first apply."""
        writers = attempt.writers
        try:
            await writers.finalizer.guard(application, plan)
        except errors.RudrError as error:
            failure = _finalizer_failure(application, error)
            attempt.failures.append(failure)
            attempt.unapplied.update((planned.ref, "") for planned in plan.manifests if planned.reclaim)
            attempt.ended = await writers.pruner.ends(application, failure)
        first = prune.schedule(self._state, application, plan, records.values()).first
        if first and not attempt.ended:
            # its failures are reported after the applies, when it is tried again
            await writers.pruner.prune(application, first)
        return attempt

    def _guard(self, application: LiveObject, plan: Plan, records: Records, runs: Runs) -> TraitGuard:
        unapplied = self._state.applications.get(ObjectKey(application.namespace, application.name)).unapplied
        past = trait_guard.PastApplies(
            applied={ref for ref, record in records.items() if record.uid},
            failed={*unapplied, *(ref for ref, record in records.items() if not record.uid)},
            run=runs,
        )
        return TraitGuard(plan, self._state, application.namespace, past)

    async def _apply_all(
        self,
        application: LiveObject,
        plan: Plan,
        records: Records,
        runs: Runs,
        attempt: Attempt,
        guard: TraitGuard,
    ) -> None:
        breath = Breath()
        held_objects = HeldObjects(self._state, application, plan)
        await self._rehearse(application, plan, attempt, guard)
        for planned in guard.order(plan):
            await breath.spend(DECISION)
            if planned.ref in attempt.unapplied:
                continue
            needed = dependencies.missing(planned, plan, attempt.unapplied, guard.exists)
            if attempt.ended or planned.instance in attempt.held or needed is not None:
                attempt.unapplied[planned.ref] = ""
                continue
            history = History(records.get(planned.ref), runs.get(planned.instance, {}).get(planned.ref.name))
            try:
                check_reads(self._state, application.namespace, plan, planned)
                held_objects.check(planned, self._state.get(planned.ref.kind, application.namespace, planned.ref.name))
                await attempt.writers.applier.label_leftovers(application, plan, planned)
                owner = self._owner(application, planned, plan)
                desired = predecessors.complete(self._state, application, plan, planned, owner)
                live = await attempt.writers.applier.ensure(application, desired, history)
            except errors.RudrError as error:
                attempt.fail(planned, plan, error, holds=planned.ref in guard.guarded)
                attempt.ended = await attempt.writers.pruner.ends(application, attempt.failures[-1])
                if isinstance(error, SupersededError):
                    await self._end(application, error.predecessors, attempt)
            else:
                if live is not None and live.uid:
                    records[planned.ref] = AppliedRecord(planned.ref, live.uid, inventory.digest(live))
                    attempt.confirmed.add(planned.ref)

    async def _rehearse(self, application: LiveObject, plan: Plan, attempt: Attempt, guard: TraitGuard) -> None:
        """Hold the instances of which an object of a trait would be refused."""
        for planned in guard.rehearsed:
            if attempt.ended:
                break
            if guard.exists(planned.ref):
                continue
            desired = predecessors.complete(self._state, application, plan, planned, None)
            try:
                await attempt.writers.rehearsal.create(application, desired)
            except errors.RudrError as error:
                attempt.fail(planned, plan, error, holds=True)
                attempt.ended = await attempt.writers.pruner.ends(application, attempt.failures[-1])

    async def _withdraw(
        self, application: LiveObject, plan: Plan, records: Records, attempt: Attempt, guard: TraitGuard
    ) -> None:
        """Delete the objects of new instances that are held."""
        if not attempt.held or attempt.ended:
            return
        deleted: frozenset[Ref] = frozenset()
        for surplus in guard.surplus(plan, attempt.held):
            pruned = await attempt.writers.pruner.prune(application, surplus, deleted)
            attempt.failures += pruned.failures
            deleted = pruned.gone | pruned.deleted
            for candidate in surplus:
                records.pop(candidate.ref, None)
                attempt.confirmed.add(candidate.ref)
                attempt.unapplied.setdefault(candidate.ref, "")

    async def _end(self, application: LiveObject, predecessors: tuple[Ref, ...], attempt: Attempt) -> None:
        """Delete earlier workloads of an instance, each after its pods."""
        candidates = [
            PruneCandidate(ref, self._state.get(ref.kind, application.namespace, ref.name), "Foreground")
            for ref in predecessors
            if ref not in attempt.superseded
        ]
        pruned = await attempt.writers.pruner.prune(application, candidates)
        attempt.failures += pruned.failures
        attempt.superseded |= pruned.gone | pruned.deleted

    def _owner(self, application: LiveObject, planned: PlannedObject, plan: Plan) -> LiveObject | None:
        if planned.owner == "none":
            return None
        if planned.owner == "application":
            return application
        ref = plan.owner_of(planned)
        owner = self._state.get(ref.kind, application.namespace, ref.name)
        if owner is None:
            raise WaitingError(f"{ref} does not exist yet")
        return owner

    async def _prune(
        self,
        application: LiveObject,
        plan: Plan,
        records: Records,
        attempt: Attempt,
        done: frozenset[Ref] = frozenset(),
    ) -> frozenset[Ref]:
        """Delete what the plan lacks, without `done`; return the objects that the server has deleted."""
        if attempt.ended:
            return frozenset()
        schedule = prune.schedule(self._state, application, plan, records.values())
        last = [one for one in schedule.last if one.ref not in attempt.superseded and not prune.is_deleted(one)]
        deferred = successors.deferred(self._state, application.namespace, plan, last, attempt.unapplied)
        await attempt.removal.assess(attempt.unapplied)
        waiting = attempt.removal.deferred(successors.bound(plan, last, attempt.unapplied))
        excluded = {*deferred, *waiting, *done, *attempt.superseded}
        due = [one for one in (*schedule.first, *schedule.last) if one.ref not in excluded]
        attempt.notes = (*schedule.notes, *prune.lingering(schedule))
        pruned = await attempt.writers.pruner.prune(application, due)
        for ref in pruned.gone:
            records.pop(ref, None)
        attempt.confirmed |= pruned.gone
        attempt.failures += pruned.failures
        attempt.failures += [Failure(reason=KEPT, message=text, kind="waiting") for text in deferred.values()]
        if not attempt.failures:
            try:
                await attempt.writers.finalizer.release(application, plan)
            except errors.RudrError as error:
                attempt.failures.append(_finalizer_failure(application, error))
        return pruned.deleted

    def _agree(
        self, application: LiveObject, plan: Plan, records: Records, stored: Resources, attempt: Attempt
    ) -> None:
        def find(ref: Ref) -> LiveObject | None:
            return self._state.get(ref.kind, application.namespace, ref.name)

        named = self._named(plan)
        inventory.agree(records, inventory.read(stored), find, confirmed=attempt.confirmed, named=named)


def _recorded(records: Records, unapplied: Iterable[Ref]) -> Iterator[AppliedRecord]:
    """All records, and empty ones of objects that could not be applied: the next change of the documents is later."""
    yield from records.values()
    yield from (AppliedRecord(ref) for ref in unapplied if ref not in records)


def check_reads(state: ClusterState, namespace: str, plan: Plan, planned: PlannedObject) -> None:
    """Raise WaitingError for an object that depends on live objects of a kind whose cache is not complete.

    A volume claim that is not seen would be replaced by an empty one.
    """
    instance = plan.instance_of(planned)
    if instance is None or planned.ref == instance.owner:
        return
    for kind in sorted(instance.reads, key=str):
        reason = state.unread(kind, namespace)
        if reason:
            message = f"{planned.ref} depends on existing objects of kind {kind.kind}, which cannot be watched"
            raise WaitingError(f"{message}: {reason}", reason="CannotWatch")


def _finalizer_failure(application: LiveObject, error: errors.RudrError) -> Failure:
    return failures.of(Ref(APPLICATION, application.name), error, needed=FINALIZER_PURPOSE)
