"""One application as one reconcile reads it: its object, its previous status, its plan, and the health of its objects.

Each part is read or computed once. Sends nothing.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rudr_py.api import Kind, Ref
from rudr_py.catalog import Catalog
from rudr_py.controller.apply import runs
from rudr_py.controller.apply.order import up_to_date
from rudr_py.controller.inputs import status_texts
from rudr_py.controller.inputs.checkpoint import Checkpoints, StoredCheckpoint, is_at_rest
from rudr_py.controller.inputs.component_selection import ComponentSelector, Selection
from rudr_py.controller.inputs.document_values import DocumentValues
from rudr_py.controller.inputs.plan_cache import PlanCache
from rudr_py.controller.inputs.reader import InputReader
from rudr_py.controller.load.crash_record import DEATHS, CrashRecord
from rudr_py.controller.load.heavy_gate import HEAVY
from rudr_py.controller.pacing import Pace
from rudr_py.controller.results import log_context
from rudr_py.controller.state import claim_users, cluster_state
from rudr_py.controller.state.applications import SettledState
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.errors import Problem
from rudr_py.kube.live_object import LiveObject
from rudr_py.model.identity import ObjectKey
from rudr_py.model.kinds import APPLICATION, COMPONENT_INSTANCE, POD
from rudr_py.model.stepwise import Stepwise, run
from rudr_py.render import reclaim
from rudr_py.render.claims import CLAIM
from rudr_py.render.order import waiting
from rudr_py.render.order.waiting import Circumstances
from rudr_py.render.reclaim import IsReclaimed
from rudr_py.render.scopes import membership
from rudr_py.render.scopes.membership import Members
from rudr_py.render.status import health, status
from rudr_py.render.status.conditions import SyncState
from rudr_py.render.status.health import Assessment
from rudr_py.render.status.status import PreviousStatus
from rudr_py.render.status.workloads import Workloads
from rudr_py.render.values.inputs import Inputs
from rudr_py.render.values.plan import Plan

QUARANTINED = "Quarantined"
"""The reason of an application that is not reconciled, because processes ended while it was."""

_QUARANTINED = Problem(
    f"{DEATHS} processes of the controller ended while this version of the application was reconciled, most likely for "
    "lack of memory; nothing of it is written or deleted until the application or one of its components is changed"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapshot:
    """One application at one revision of the caches. In `plan`, instances of the `rendered_plan` that wait are held."""

    key: ObjectKey
    application: LiveObject
    previous: PreviousStatus
    inputs: Inputs
    rendered_plan: Plan
    plan: Plan
    revision: int
    selection: Selection | None = None
    computed_assessment: Assessment | None = None
    read: tuple[LiveObject, ...] | None = None
    """The objects for which the reconcile has left nothing to do so far; None if that is unknown."""

    @cached_property
    def kinds(self) -> frozenset[Kind]:
        """The kinds whose caches this application needs; see `kinds`."""
        return kinds(self.rendered_plan, self.previous)

    @cached_property
    def cluster_kinds(self) -> frozenset[Kind]:
        """The cluster-scoped kinds that the health of this application depends on."""
        traits = (trait.offer for instance in self.plan.instances for trait in instance.traits)
        workloads = (instance.workload.offer for instance in self.plan.instances)
        return frozenset(kind for offer in (*traits, *workloads) for kind in offer.type.observes_cluster)

    @cached_property
    def assessment(self) -> Assessment:
        """The health of the application's objects."""
        return self.computed_assessment if self.computed_assessment is not None else run(self.assessment_steps())

    def assessment_steps(self) -> Stepwise[Assessment]:
        """The health of the application's objects, in steps."""
        previous = self.previous
        observed, now = self.inputs.observed, self.inputs.now
        return health.steps(self.plan, observed, now, previous.runs, previous.ready_states, previous.kinds)

    @property
    def has_members(self) -> bool:
        """Whether instances of the application may be members of scopes."""
        return any(instance.member for instance in self.plan.instances)

    def members(self) -> Members:
        """The instances of the application as members of scopes."""
        if not self.has_members:
            return {}
        return membership.members(self.plan, self.assessment.instances)

    def status(self, sync: SyncState) -> dict[str, Any]:
        """The status of the application, not larger than the server accepts, without values of its documents."""
        return self.publishable(self.full_status(sync))

    def full_status(self, sync: SyncState) -> dict[str, Any]:
        """The status of the application, of any size and with values in its messages: the first half of `status`."""
        previous, inputs = self.previous, self.inputs
        return status.status(self.plan, inputs, inputs.observed, sync, previous, self.assessment)

    def publishable(self, full_status: dict[str, Any]) -> dict[str, Any]:
        """The second half of `status`."""
        return status.bounded(status_texts.without_values(full_status), self.previous)


_OWNERS = (APPLICATION.kind, COMPONENT_INSTANCE.kind)
"""The kinds of the owners of an application's own objects; these are its children."""


class SnapshotReader:
    """Reads snapshots from the caches, at the pace of `pace`."""

    def __init__(
        self,
        state: ClusterState,
        catalog: Catalog,
        reader: InputReader,
        pace: Pace,
        crashes: CrashRecord | None = None,
        selector: ComponentSelector | None = None,
    ) -> None:
        """`crashes` records the application that is rendered; one that ended two processes is not rendered.

        `selector` selects the components of applications with manual updates; the default one reads no revisions.
        """
        self._selector = selector or ComponentSelector(state)
        self._crashes = crashes or CrashRecord()
        self._state = state
        self._catalog = catalog
        self._reader = reader
        self._pace = pace
        self._plans = PlanCache(catalog, state.applications)
        self.checkpoints = Checkpoints(state, catalog, reader.settings)

    def hide_values(self, live: LiveObject, plan: Plan | None = None) -> DocumentValues:
        """Remove the values of an application and its components from the texts of the running reconcile.

        They are read when there is a text, which stops the loop if there are many: see `read_values`.
        """
        values = DocumentValues(self._state, live, plan, self._reader.settings.sensitive_words)
        log_context.hide_values(values.without_values, values.without_sensitive)
        return values

    async def read_values(self, snapshot: Snapshot) -> None:
        """Read the values of large documents, because there will be texts. Other tasks may run meanwhile."""
        values = self.hide_values(snapshot.application, snapshot.plan)
        await self._pace.run(values.steps(), namespace=snapshot.key.namespace)

    async def read(self, key: ObjectKey, live: LiveObject) -> Snapshot:
        """The snapshot of an application. Other tasks may run meanwhile; its revision is that before.

        Raises KubeError if the revision that an application with manual updates runs is needed and cannot be read.
        """
        revision, previous = self._state.revision, self._previous(live)
        selection = await self._selector.select(live, previous)
        version = self._version(key, live)
        if self._crashes.deaths(key, version) >= DEATHS:
            inputs = self._reader.unread(live, previous, selection)
            plan = Plan(problems=(_QUARANTINED,), reason=QUARANTINED, packages=previous.packages)
        else:
            rendering = functools.partial(self._crashes.rendering, key, version)
            steps = self._steps(key, live, previous, selection)
            inputs, plan = await self._pace.run(steps, rendering, namespace=key.namespace)
        snapshot = Snapshot(
            key=key,
            application=live,
            previous=previous,
            inputs=inputs,
            rendered_plan=plan,
            plan=plan,
            revision=revision,
            selection=selection,
        )
        plan = await self._pace.run(self._ordered(snapshot), namespace=key.namespace)
        return snapshot if plan is snapshot.plan else dataclasses.replace(snapshot, plan=plan)

    def _version(self, key: ObjectKey, live: LiveObject) -> str:
        return self._reader.version(key, live, self._selector.contents(live))

    def _steps(
        self, key: ObjectKey, live: LiveObject, previous: PreviousStatus, selection: Selection | None
    ) -> Stepwise[tuple[Inputs, Plan]]:
        inputs = yield from self._reader.steps(live, previous, selection)
        if selection is not None and selection.problems:
            return inputs, Plan(problems=selection.problems, reason=selection.reason, packages=previous.packages)
        plan = yield from self._plans.steps(key, inputs)
        return inputs, plan

    def _ordered(self, snapshot: Snapshot) -> Stepwise[Plan]:
        """The rendered plan, in which the instances that wait for others now are held."""
        live, inputs, previous, plan = snapshot.application, snapshot.inputs, snapshot.previous, snapshot.rendered_plan
        if not any(instance.waits for instance in plan.instances):
            return plan
        circumstances = Circumstances(
            workloads=Workloads(plan, inputs.observed, inputs.now, previous.runs, previous.ready_states),
            is_current=functools.partial(up_to_date.is_up_to_date, self._state, live, plan, previous.runs),
            now=inputs.now,
            unapplied=self._state.applications.get(snapshot.key).unapplied,
            before=previous.waiting,
        )
        return (yield from waiting.steps(plan, circumstances))

    async def may_proceed(self, snapshot: Snapshot) -> bool:
        """Whether an instance that waits in the plan of the snapshot does not wait any more."""
        waits = {instance.name for instance in snapshot.plan.instances if instance.waiting is not None}
        if not waits:
            return False
        plan = await self._pace.run(self._ordered(snapshot), namespace=snapshot.key.namespace)
        return any(instance.name in waits and instance.waiting is None for instance in plan.instances)

    async def assess(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot with the health of its objects. Other tasks may run meanwhile."""
        if snapshot.computed_assessment is not None:
            return snapshot
        assessment = await self._pace.run(snapshot.assessment_steps(), namespace=snapshot.key.namespace)
        return dataclasses.replace(snapshot, computed_assessment=assessment)

    def is_heavy(self, key: ObjectKey) -> bool:
        """Whether the objects of an application were large when it was rendered last."""
        return self._state.applications.get(key).size > HEAVY

    def stored_checkpoint(self, key: ObjectKey, live: LiveObject) -> StoredCheckpoint | None:
        """The checkpoint of an application, see `Checkpoints.read`; None for documents that have ended a process."""
        stored = self.checkpoints.read(key, live)
        return None if stored is None or self._crashes.deaths(key, self._version(key, live)) else stored

    def is_suspected(self, key: ObjectKey, live: LiveObject) -> bool:
        """Whether one process has ended while these documents were reconciled."""
        return key in self._crashes and 0 < self._crashes.deaths(key, self._version(key, live)) < DEATHS

    def version(self, snapshot: Snapshot) -> str:
        """A text that changes with each edit of the documents of a snapshot."""
        return self._reader.version(snapshot.key, snapshot.application)

    def applying(self, key: ObjectKey, live: LiveObject) -> AbstractContextManager[None]:
        """A context for the reconcile of an application that may end the process; the crash record contains it."""
        return self._crashes.reconciling(key, self._version(key, live))

    def is_reclaimed(self, snapshot: Snapshot) -> IsReclaimed:
        """Whether the documents of a snapshot delete an object with the application."""
        return functools.partial(reclaim.is_reclaimed, snapshot.inputs, self._catalog, snapshot.rendered_plan)

    def refresh(self, snapshot: Snapshot) -> Snapshot | None:
        """The snapshot with the current status and health but the same inputs and plan.

        The same value when no cache has changed; None when the application was deleted.
        """
        if self._state.revision == snapshot.revision:
            return snapshot
        live = self._state.get(APPLICATION, snapshot.key.namespace, snapshot.key.name)
        if live is None or live.uid != snapshot.application.uid:
            return None
        is_read = live is snapshot.application and not self._state.deleted_runs(live)
        read = self.objects(snapshot) if snapshot.read is not None else ()
        is_same = snapshot.read is not None and self.checkpoints.leaves_nothing(snapshot.key, snapshot.read, read)
        return Snapshot(
            key=snapshot.key,
            application=live,
            previous=snapshot.previous if is_read else self._previous(live),
            inputs=snapshot.inputs,
            rendered_plan=snapshot.rendered_plan,
            plan=snapshot.plan,
            revision=self._state.revision,
            selection=snapshot.selection,
            read=read if is_same else None,
        )

    def begin(self, snapshot: Snapshot, objects: tuple[LiveObject, ...]) -> Snapshot:
        """The snapshot with the objects that a reconcile begins with, unless a cache has changed since it was read."""
        is_current = self._state.revision == snapshot.revision
        return dataclasses.replace(snapshot, read=objects) if is_current else snapshot

    def checkpoint(self, snapshot: Snapshot, status: Mapping[str, Any]) -> str:
        """The checkpoint for the status of a snapshot; empty where a start may have to do more than to compare objects.

        Empty, too, if an object that the reconcile reads has changed, except by its own writes.
        """
        plan, applications = snapshot.plan, self._state.applications
        is_plain = (
            is_at_rest(status)
            and snapshot.selection is None
            and plan.wake_at is None
            and not snapshot.has_members
            and not plan.mounts_claims
            and not applications.reads.values(snapshot.key)
            and not applications.scopes.root
        )
        if not is_plain or snapshot.read is None or not self.checkpoints.has_read(snapshot.inputs, snapshot.key):
            return ""
        is_current = self._state.revision == snapshot.revision or (
            SettledState(plan, snapshot.read).is_same(plan, self.objects(snapshot))
        )
        return self.checkpoints.of(snapshot.application, status) if is_current else ""

    def is_settled(self, snapshot: Snapshot, objects: tuple[LiveObject, ...]) -> bool:
        """Whether a reconcile of the same plan over the same objects has left nothing to do."""
        settled = self._state.applications.get(snapshot.key).settled
        return settled is not None and settled.is_same(snapshot.plan, objects)

    def unsettle(self, snapshot: Snapshot) -> None:
        """Keep that the reconcile of this snapshot may change anything."""
        self._state.applications.get(snapshot.key).settled = None

    def settle(self, snapshot: Snapshot, objects: tuple[LiveObject, ...]) -> None:
        """Keep that the reconcile of this snapshot over these objects has left nothing to do.

        They are those of its begin: one that has changed since is compared with them by the next reconcile.
        Not for a plan with a kind that is not watched, since no event reports a change of its objects.
        """
        manifests, namespace = snapshot.plan.manifests, snapshot.key.namespace
        is_current = bool(objects) and objects[0] is snapshot.application
        if is_current and all(self._state.cache(planned.ref.kind, namespace) is not None for planned in manifests):
            self._state.applications.get(snapshot.key).settled = SettledState(snapshot.plan, objects)

    def objects(self, snapshot: Snapshot) -> tuple[LiveObject, ...]:
        """Every watched object that a reconcile of the application reads, as it is now; absent ones are left out."""
        namespace, plan, state = snapshot.key.namespace, snapshot.plan, self._state
        refs = (Ref(APPLICATION, snapshot.key.name), *(planned.ref for planned in plan.manifests))
        scalers = (scaler for ref in refs for scaler in state.scalers.scalers(namespace, ref))
        named = (state.get(ref.kind, namespace, ref.name) for ref in (*refs, *scalers))
        children = [live for _, live in state.children(snapshot.application)]
        claims = sorted(claim_users.own(state, snapshot.application))
        sharing = (live for _, _, live in claim_users.others(state, snapshot.key, claims))
        labelled = (
            live
            for kind in _in_order(snapshot.kinds)
            for instance in plan.instances
            for live in state.labelled(kind, namespace, instance.name)
            if kind == POD or live.owner_kind not in _OWNERS
        )
        caches = (state.cache(kind, "") for kind in _in_order(snapshot.cluster_kinds))
        of_cluster = (live for cache in caches if cache is not None for live in cache.all())
        one = (live for live in (*named, state.namespace(namespace)) if live is not None)
        return (*one, *children, *sharing, *labelled, *of_cluster)

    def _previous(self, live: LiveObject) -> PreviousStatus:
        return runs.recall(cluster_state.previous(live), self._state.deleted_runs(live))


@functools.lru_cache(maxsize=256)
def _in_order(kinds: frozenset[Kind]) -> tuple[Kind, ...]:
    return tuple(sorted(kinds, key=str))


def kinds(plan: Plan, previous: PreviousStatus) -> frozenset[Kind]:
    """The kinds whose caches an application needs: those of its objects, before and now, and of those types read."""
    planned = {planned.ref.kind for planned in plan.manifests}
    offers = [part.offer for instance in plan.instances for part in (instance.workload, *instance.traits)]
    offers += [scope.bound_type.offer for scope in plan.scopes]
    observed = {kind for offer in offers for kind in offer.type.observes} - {CLAIM}
    # claims only where they are read: most components have no volume
    read = {kind for instance in plan.instances for kind in instance.reads}
    # an object of any type may mount a claim of another application
    mounted = {CLAIM} if plan.mounts_claims else set()
    return frozenset(previous.kinds | planned | observed | read | {POD} | mounted)
