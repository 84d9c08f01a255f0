"""Reports the state of an application: its own status, that of its instances and scopes, and events.

The content of a status is decided in `render`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.controller.apply.claims import mounts
from rudr_py.controller.apply.contention import CONTESTED
from rudr_py.controller.inputs.checkpoint import HEALTHY
from rudr_py.controller.inputs.snapshot import Snapshot
from rudr_py.controller.pacing import Breath, Stages
from rudr_py.controller.results import change_log
from rudr_py.controller.results.result import Result, merge
from rudr_py.controller.state import status_summary
from rudr_py.controller.state.applications import ApplicationState
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.controller.state.status_summary import StatusSummary
from rudr_py.controller.status.revision_keeper import RevisionKeeper
from rudr_py.controller.status.writer import REFUSED_INTERVAL, StatusRefusedError, StatusWriter
from rudr_py.kube.clock import Clock
from rudr_py.kube.events import Recorder
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.identity import ObjectKey
from rudr_py.render import render
from rudr_py.render.status import status
from rudr_py.render.status.conditions import READY, SYNCED, TRAITS_READY, VALID, SyncState
from rudr_py.render.status.progress import ROLLOUT, is_progress
from rudr_py.render.status.replacements import FAILED, WAITING, Replacement
from rudr_py.render.status.status import PreviousStatus
from rudr_py.render.values import labels

SOON = 1.0
"""Seconds until the status is written again after a conflict, or after a change of the missing rights that it lists."""

GRACE = 5.0
"""Seconds for which a problem that another document can end has no event: clients apply documents in any order."""

AWAITED_RULES = frozenset({"AC-14", "CO-13"})
"""The rules of such problems: a scope of another application, and a kind that a WorkloadType object admits."""

ROUTINE_REASONS = ROLLOUT | {"Applying", "Held", "NotValid", WAITING}
"""Reasons of `Ready` being False that belong to every start, or that the event of `Valid` or `Held` explains better."""

EXPECTED = frozenset({VALID, SYNCED, READY})
"""The conditions that become True without an event, unless that ends a problem."""

REPORTED_REASONS = frozenset({CONTESTED})
"""Reasons of problems for which the applier has recorded an event."""


class StatusReporter:
    """Writes the statuses of one application after another. `describe` describes a missing right."""

    def __init__(
        self,
        state: ClusterState,
        writer: StatusWriter,
        recorder: Recorder,
        describe: Callable[[errors.Right], str],
        clock: Clock,
        keeper: RevisionKeeper,
    ) -> None:
        self.checkpoint: Callable[[Snapshot, Mapping[str, Any]], str] = lambda _snapshot, _status: ""
        """Returns the checkpoint of a status; see `SnapshotReader.checkpoint`."""
        self.observed: Callable[[ObjectKey], None] = lambda _key: None
        """Called with an application after the first status of its current documents was written."""
        self.instance_statuses = False
        """See `Settings.instance_statuses`."""
        self._keeper = keeper
        self._clock = clock
        self._state = state
        self._writer = writer
        self._recorder = recorder
        self._describe = describe

    async def announce(
        self,
        snapshot: Snapshot,
        resources: tuple[Mapping[str, Any], ...] | None,
        replacements: tuple[Replacement, ...] = (),
    ) -> None:
        """Name resources in the status before the first of their kind is applied, so that pruning can find them.

        To be called before the first object is applied; None if there is nothing to name, see `Syncer.intent`.
        `replacements` are those of these documents, which a status with their instances does not show any more.
        """
        self._keeper.note_unreleased(snapshot)
        if resources is None:
            return
        pending = SyncState(state="Unknown", reason="Applying", resources=resources, replacements=replacements)
        await self._write(snapshot, await _status(snapshot, pending), urgent=True)

    async def report(self, snapshot: Snapshot, sync: SyncState) -> Result:
        """Write the statuses that have changed, and record events. Raises KubeError."""
        application_state = self._state.applications.get(snapshot.key)
        kept = await self._keeper.keep(snapshot, sync)
        notes = (*sync.notes, kept.note) if kept.note else sync.notes
        desired = await _status(snapshot, msgspec.structs.replace(sync, notes=notes, revision=kept.revision))
        application_state.summary = status_summary.summarize(desired)
        result = kept.result
        try:
            # pins depend on the revision that the status names
            is_release = snapshot.selection is not None and kept.revision.number > snapshot.previous.revision.number
            result = merge(result, await self._write(snapshot, desired, urgent=is_release))
            result = merge(result, await self._write_instances(snapshot.application, desired))
            result = merge(result, self._end_grace(snapshot, desired))
            result = merge(result, await self._write_scopes(snapshot))
        except errors.ConflictError:
            return merge(result, Result(requeue_after=SOON))  # the watch usually reports the change first
        except errors.MissingRightError as error:
            return merge(result, self._note_missing_right(application_state, error))
        if not application_state.missing_rights:
            return result
        application_state.missing_rights = ()
        return merge(result, Result(requeue_after=SOON))

    def refused(self, application: LiveObject, error: StatusRefusedError) -> Result:
        """Report where the status cannot: by an event and a log line, once for each version of the application.

        It is reconciled again when it changes, or after a long time, because the schema may change, too.
        """
        application_state = self._state.applications.get(ObjectKey(application.namespace, application.name))
        application_state.summary = StatusSummary("False", refused=True)
        if not error.repeated:
            change_log.status_refused(application.name, str(error))
            note = f"the status cannot be written, because the document violates its schema: {error}"
            self._recorder.record(application, render.INVALID, note, action="Report", warning=True)
        return Result(error=str(error), retry="never", requeue_after=REFUSED_INTERVAL + 1)

    async def _write(self, snapshot: Snapshot, desired: dict[str, Any], *, urgent: bool = False) -> Result:
        self._log(snapshot, desired)
        checkpoint = functools.partial(self.checkpoint, snapshot, desired)
        result = await self._writer.write(
            snapshot.application, desired, urgent=urgent, checkpoint=checkpoint, is_progress=is_progress
        )
        if result.written and not mounts.is_observed(snapshot.application):
            # until this status the application counts as a user of the claims with its labels, see `mounts.holder`
            self.observed(snapshot.key)
        application_state = self._state.applications.get(snapshot.key)
        for condition in new_conditions(snapshot.previous, desired) if result.written else ():
            if condition["type"] == VALID:
                is_awaited = condition["status"] == "False" and _is_awaited(snapshot)
                is_unreported = application_state.event_due is not None and condition["status"] == "True"
                application_state.event_due = self._clock.monotonic() + GRACE if is_awaited else None
                if is_awaited or is_unreported:
                    continue
            self._record(snapshot, condition)
        return result

    def _record(self, snapshot: Snapshot, condition: Mapping[str, Any]) -> None:
        note = condition.get("message") or f"{condition['type']} is {condition['status']}"
        warning = condition["status"] == "False"
        self._recorder.record(snapshot.application, condition["reason"], note, action="Reconcile", warning=warning)

    def _end_grace(self, snapshot: Snapshot, desired: Mapping[str, Any]) -> Result:
        """Record the event of a problem that another document did not end in time."""
        application_state = self._state.applications.get(snapshot.key)
        if application_state.event_due is None:
            return Result()
        valid = next(condition for condition in desired["conditions"] if condition["type"] == VALID)
        if valid["status"] != "False":
            return Result()  # forgotten when the status is written
        left = application_state.event_due - self._clock.monotonic()
        if _is_awaited(snapshot) and left > 0:
            return Result(requeue_after=left)
        application_state.event_due = None
        self._record(snapshot, valid)
        return Result()

    def _log(self, snapshot: Snapshot, desired: dict[str, Any]) -> None:
        """Log each change of a condition once, whether or not the status can be written now."""
        application_state = self._state.applications.get(snapshot.key)
        old = application_state.conditions
        if old is None:
            old = {condition.type: (condition.status, condition.reason) for condition in snapshot.previous.conditions}
        for condition in changed_conditions(old, desired):
            change_log.condition(snapshot.key.name, condition)
        application_state.conditions = {
            condition["type"]: (condition["status"], condition["reason"]) for condition in desired["conditions"]
        }

    async def _write_instances(self, application: LiveObject, desired: Mapping[str, Any]) -> Result:
        """Write Rudr's status, one word, of each ComponentInstance that has one or that a client reads.

        Rudr's health scopes read that of members. An instance whose state is unknown keeps its status. One that is
        being started has none yet.
        """
        entries = {entry["name"]: entry for entry in desired.get("instances", ())}
        words = {name: word for name, entry in entries.items() if (word := instance_word(entry))}
        results: list[Result] = []
        breath = Breath()
        for child in self._state.component_instances(application):
            await breath.spend()
            name = child.labels.get(labels.INSTANCE)
            if name not in words or child.deleting:
                continue
            if child.part("status") is None and not self._needs_word(entries[name], words[name]):
                continue
            results.append(await self._writer.write(child, words[name]))
        return merge(*results)

    def _needs_word(self, entry: Mapping[str, Any], word: str) -> bool:
        """Whether a ComponentInstance without a status gets this one."""
        is_starting = word == "unhealthy" and entry["state"] == "progressing"
        return not is_starting and (self.instance_statuses or "scopes" in entry)

    async def _write_scopes(self, snapshot: Snapshot) -> Result:
        """Write the status of the object of each scope."""
        namespace, uid = snapshot.key.namespace, snapshot.application.uid
        results = []
        for ref, desired in status.scope_status(snapshot.assessment.scopes).items():
            live = self._state.get(ref.kind, namespace, ref.name)
            if live is not None and live.owner_uid == uid and not live.deleting:
                results.append(await self._writer.write(live, desired))
        return merge(*results)

    def _note_missing_right(self, application_state: ApplicationState, error: errors.MissingRightError) -> Result:
        """Report a missing right in the application's status at the next reconcile, which is soon.

        A missing right does not fail the objects. No watch reports when it is granted, hence the slow retry.
        """
        note = self._describe(error.right)
        soon = None if note in application_state.missing_rights else SOON
        application_state.missing_rights = (note,)
        return Result(error=note, retry="slow", requeue_after=soon, cause=note)


async def _status(snapshot: Snapshot, sync: SyncState) -> dict[str, Any]:
    """The status of an application. Other tasks may run before, meanwhile and after, if it is large."""
    stages = Stages(len(snapshot.plan.manifests))
    await stages.end()
    full_status = snapshot.full_status(sync)
    await stages.end()
    desired = snapshot.publishable(full_status)
    await stages.end()
    return desired


def _is_awaited(snapshot: Snapshot) -> bool:
    """Whether the application is invalid only because of documents that may be applied after it."""
    plan = snapshot.plan
    if plan.reason == render.COMPONENT_NOT_FOUND:
        return True
    return plan.reason == render.INVALID and all(
        problem.rule in AWAITED_RULES or (not problem.rule and problem.path.endswith(".componentName"))
        for problem in plan.problems
    )


def new_conditions(previous: PreviousStatus, desired: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The conditions that deserve an event, because a user may have to act: each problem, and the end of each problem.

    Routine reasons of a start are left out, those that follow from another condition, and those that have an event.
    """
    old = {condition.type: (condition.status, condition.reason) for condition in previous.conditions}
    for condition in desired["conditions"]:
        if condition["type"] == TRAITS_READY or (condition["type"], condition["reason"]) == ("Ready", FAILED):
            continue  # the event of Ready names the trait, and that of Replaced the failed replacement
        status_before, reason_before = old.get(condition["type"], ("", ""))
        bad = condition["status"] == "False"
        if condition["status"] == "Unknown" or (bad and condition["reason"] in ROUTINE_REASONS | REPORTED_REASONS):
            continue
        if condition["type"] in EXPECTED and not bad and (status_before != "False" or reason_before in ROUTINE_REASONS):
            continue
        if condition["status"] != status_before or (bad and condition["reason"] != reason_before):
            yield condition


def changed_conditions(old: Mapping[str, tuple[str, str]], desired: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The conditions to log: each new status, and each new problem of a condition that remains False.

    `old` is status and reason by type. The first status of a condition counts unless it is that of every start.
    """
    for condition in desired["conditions"]:
        status_before, reason_before = old.get(condition["type"], ("", ""))
        routine = condition["status"] == "False" and condition["reason"] in ROUTINE_REASONS
        if not status_before:
            is_changed = condition["status"] != "Unknown" and not routine
        elif condition["status"] != status_before:
            is_changed = True
        else:
            is_changed = condition["status"] == "False" and condition["reason"] != reason_before and not routine
        if is_changed:
            yield condition


def instance_word(entry: Mapping[str, Any]) -> str:
    """Rudr's status of an instance: a running Job is healthy, everything else that is not ready is not.

    Empty when the state is unknown.
    """
    state = entry.get("state")
    if state == "unknown":
        return ""
    healthy = state == "ready" or (state == "progressing" and entry.get("reason") == "Running")
    return HEALTHY if healthy else "unhealthy"
