"""Execute the controller's decisions as a dry run: read every object of a preview, decide, and compare.

`decide` and `prune.schedule` are those of the controller, so that an announced change is the one that the next
reconcile makes. Sends reads and dry runs only. A change that the user may not try is computed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.api import Ref
from rudr_py.cli.cluster.client import ClusterClient, unreadable_message
from rudr_py.cli.cluster.preview import ApplicationPreview, NamespacePreview
from rudr_py.cli.commands.diff import document_diff
from rudr_py.cli.commands.diff.document_diff import DocumentDiff
from rudr_py.cli.commands.diff.trial import Trial
from rudr_py.controller.apply import (
    decide,
    dependencies,
    managed_fields,
    predecessors,
    prune,
    rudr_adoption,
    rudr_leftovers,
    runs,
    successors,
    sync,
)
from rudr_py.controller.apply import desired as desired_objects
from rudr_py.controller.apply.applier import CREATE_ONLY
from rudr_py.controller.apply.claims import mounts
from rudr_py.controller.apply.decide import (
    Adopt,
    Apply,
    Clear,
    Create,
    Decision,
    History,
    Observation,
    Refuse,
    Replace,
    Supersede,
    Touch,
    Trim,
    Wait,
)
from rudr_py.controller.apply.desired import DesiredObject
from rudr_py.controller.apply.preserved import template_annotations
from rudr_py.controller.apply.prune import PruneCandidate
from rudr_py.controller.apply.removal.removals import Removals
from rudr_py.controller.apply.replacement import refused_apply
from rudr_py.controller.results import failures
from rudr_py.controller.results.failures import WaitingError
from rudr_py.controller.state import inventory
from rudr_py.errors import Right, RudrError
from rudr_py.kube import live_object
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Target
from rudr_py.model.kinds import CONFIG_MAP
from rudr_py.render.claims import CLAIM
from rudr_py.render.values import labels
from rudr_py.render.values.plan import PlannedObject
from rudr_py.settings import FIELD_MANAGER, HANDOVER_MANAGER

Document = dict[str, Any]

CONCURRENCY = 8
"""How many objects are compared at the same time."""

IN_USE = "pods may still read it until their rollout has ended"


class RefusedError(RudrError):
    """The controller or the server would refuse an object; `denial` is the message of the server where it would."""

    def __init__(self, message: str, *, denial: str = "") -> None:
        super().__init__(message)
        self.denial = denial


class DryRun:
    """The dry run of one application."""

    def __init__(self, cluster: ClusterClient, namespace: NamespacePreview, preview: ApplicationPreview) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._preview = preview
        self._application = preview.application
        self._records = inventory.read(preview.before.resources)
        self._superseded: set[Ref] = set()
        self.trial = Trial(cluster.client)
        self.unchanged = 0
        """The number of objects without a difference, of those that were compared."""

    async def differences(self) -> AsyncIterator[DocumentDiff | RefusedError]:
        """Yield every object that would be created, changed, replaced or pruned, in the controller's order.

        As in the controller, a refused or awaited object blocks the objects that need it, and the deletions of those
        that it replaces. Raises KubeError when the server cannot be read.
        """
        paused = self._application.annotations.get(sync.PAUSED) == "true"
        reason = "the application is paused" if paused else ""
        await self._add_leftovers()
        unapplied: dict[Ref, str] = {}
        refused: set[Ref] = set()
        async for planned, result in self._compared():
            needed = dependencies.missing(planned, self._preview.plan, unapplied, self._exists)
            if isinstance(result, RefusedError) or needed in refused:
                refused.add(planned.ref)
                unapplied[planned.ref] = result.denial if isinstance(result, RefusedError) and needed is None else ""
                if isinstance(result, RefusedError) and needed is None:
                    yield result
                continue
            self.unchanged += not result
            for difference in result:
                yield _blocked(difference, reason or (f"{needed} is not applied yet" if needed else ""))
                if needed is not None or (difference.blocked and difference.merged is not None):
                    unapplied[planned.ref] = ""
        async for difference in self._pruned(reason, unapplied):
            yield difference

    async def _add_leftovers(self) -> None:
        """Add the objects of Rudr that the controller labels, so that they are objects that the plan lacks.

        The config files are announced with the workload that mounts them.
        """
        state, plan = self._namespace.state, self._preview.plan
        for planned in plan.manifests:
            instance = rudr_leftovers.unadopted(state, self._application, planned)
            if instance is None:
                strays = rudr_leftovers.stray_workloads(state, self._application, plan, planned).values()
                owner = state.get(planned.ref.kind, self._application.namespace, planned.ref.name)
                client, resolve = self._cluster.client, self._cluster.resource
                if owner is None or not await rudr_leftovers.owns_any(client, resolve, owner, strays):
                    continue
                instance = owner
            left = rudr_leftovers.find(self._cluster.client, self._cluster.resource, plan, planned, instance)
            async for kind, live in left:
                if kind not in (CONFIG_MAP, CLAIM):
                    own = labels.labels(self._application.name, planned.instance)
                    pairs = live_object.flat({**live.labels, **own})
                    self._namespace.add(kind, msgspec.structs.replace(live, label_pairs=pairs))

    def _exists(self, ref: Ref) -> bool:
        return self._namespace.state.get(ref.kind, self._application.namespace, ref.name) is not None

    async def _compared(self) -> AsyncIterator[tuple[PlannedObject, tuple[DocumentDiff, ...] | RefusedError]]:
        free = asyncio.Semaphore(CONCURRENCY)

        async def compare(planned: PlannedObject) -> tuple[DocumentDiff, ...] | RefusedError:
            async with free:
                try:
                    return await self._compare(planned)
                except RefusedError as error:
                    return error
                except (errors.ApiError, errors.KindAbsentError) as error:
                    denial = failures.of(planned.ref, error).denial
                    return RefusedError(f"{planned.ref}: {unreadable_message(error)}", denial=denial)

        manifests = self._preview.plan.manifests
        for pair in zip(manifests, await asyncio.gather(*map(compare, manifests)), strict=True):
            yield pair

    async def _compare(self, planned: PlannedObject) -> tuple[DocumentDiff, ...]:
        state, plan = self._namespace.state, self._preview.plan
        try:
            sync.check_reads(state, self._application.namespace, plan, planned)
        except WaitingError as error:
            raise RefusedError(str(error)) from error
        desired = predecessors.complete(state, self._application, plan, planned, self._owner(planned))
        resource = await self._cluster.resource(planned.ref.kind)
        refusal = decide.placement(desired, resource, self._application.namespace)
        if refusal is not None:
            raise RefusedError(refusal.message)
        target = Target(resource, self._application.namespace, planned.ref.name)
        pods = runs.active_pods(self._namespace.state, target.namespace, planned)
        holder = mounts.holder(self._namespace.state, self._application, planned)
        try:
            live = await self._get(target)
        except errors.MissingRightError as error:
            return self._computed_unread(desired, target, error.right)
        observation = Observation.read(live, pods, holder)
        desired = desired_objects.in_place(desired, observation.live)
        run = self._preview.before.runs.get(planned.instance, {}).get(planned.ref.name)
        decision = decide.decide(desired, observation, History(self._records.get(planned.ref), run))
        difference = await self._execute(desired, target, observation.document, decision)
        if difference is None:
            return ()
        if (right := self.trial.missing(target)) is not None:
            note = f"computed, not tried: you may not {right}"
            difference = msgspec.structs.replace(difference, notes=(*difference.notes, note))
        if isinstance(decision, Adopt) and decision.mark:
            return (difference, *[leftover async for leftover in self._leftovers(desired, decision.document)])
        return (difference,)

    def _computed_unread(self, desired: DesiredObject, target: Target, right: Right) -> tuple[DocumentDiff, ...]:
        """The difference of an object that the user may not read, by its record in the status of the application."""
        self.trial.add_missing(target, right)
        record = self._records.get(desired.ref)
        if record is not None and record.digest.rpartition("-")[2] in {desired.hash, desired.former_hash} - {""}:
            return ()
        return (
            DocumentDiff(
                ref=desired.ref,
                namespace=target.namespace,
                live=None,
                merged=desired.document,
                unread=record is not None and record.uid != "",
                notes=(f"computed, not read: you may not {right}",),
            ),
        )

    async def _execute(
        self, desired: DesiredObject, target: Target, live: Document | None, decision: Decision
    ) -> DocumentDiff | None:
        """The difference that a decision makes; None where there is none."""
        base = DocumentDiff(ref=desired.ref, namespace=target.namespace, live=live, merged=desired.document)
        match decision:
            case Refuse():
                raise RefusedError(decision.message)
            case Wait() if decision.reason == decide.CONFLICT:
                raise RefusedError(decision.message)
            case Wait():
                return msgspec.structs.replace(base, blocked=decision.message, replaced=live is not None)
            case Replace():
                return msgspec.structs.replace(base, replaced=True, notes=("its inputs have changed",))
            case Create() | Supersede():
                return await self._added(base, desired, target, decision)
            case Trim(operations=operations):
                return msgspec.structs.replace(base, merged=await self.trial.trim(target, operations, live or {}))
            case Adopt() | Apply() | Touch():
                return await self._change(base, desired, target, decision)
        return None

    async def _added(
        self, diff: DocumentDiff, desired: DesiredObject, target: Target, decision: Create | Supersede
    ) -> DocumentDiff:
        try:
            merged = await self._create(desired, target)
        except errors.ApiError as error:
            if isinstance(decision, Create) or not predecessors.may_be_lifted(error):
                raise
            merged = desired.document
        if isinstance(decision, Create):
            return msgspec.structs.replace(diff, merged=merged)
        self._superseded.update(decision.predecessors)
        return msgspec.structs.replace(diff, merged=merged, blocked=decision.message)

    async def _change(
        self, diff: DocumentDiff, desired: DesiredObject, target: Target, decision: Adopt | Apply | Touch
    ) -> DocumentDiff | None:
        try:
            merged = await self._apply(desired, target, decision, diff.live)
        except (errors.InvalidError, errors.ForbiddenError) as error:
            return await self._after_refusal(diff, desired, target, error)
        note = _passing(desired, diff.live)
        if isinstance(decision, Adopt):
            return msgspec.structs.replace(diff, merged=merged, notes=(note or "it would be adopted",))
        merged = document_diff.held(merged, diff.live or {}, desired.planned.released)
        changed = msgspec.structs.replace(diff, merged=merged, notes=(note,) if note else ())
        return changed if note or document_diff.lines(changed) else None

    async def _after_refusal(
        self, diff: DocumentDiff, desired: DesiredObject, target: Target, error: errors.ApiError
    ) -> DocumentDiff:
        """The difference that the controller makes after the server has refused an apply."""
        desired = desired.over(diff.live)
        match await refused_apply.decide(self._cluster.client, target, desired, diff.live or {}, error):
            case Refuse(message=message):
                raise RefusedError(message, denial=error.message) from error
            case Replace(message=message):
                return msgspec.structs.replace(diff, replaced=True, notes=(message,))
            case Clear(uid=uid, path=path):
                kept = document_diff.with_value(desired.document, path, managed_fields.value(diff.live, path))
                body = msgspec.structs.replace(desired, document=kept).encoded(uid=uid)
                merged = await self.trial.apply(target, body, FIELD_MANAGER, diff.live)
                value = managed_fields.value(desired.document, path)
                return msgspec.structs.replace(diff, merged=document_diff.with_value(merged, path, value))
        raise error

    async def _create(self, desired: DesiredObject, target: Target) -> Document:
        try:
            content = desired.encoded(resource_version=CREATE_ONLY)
            return await self.trial.apply(target, content, FIELD_MANAGER, None)
        except errors.NotFoundError:  # the namespace does not exist
            return desired.document

    async def _apply(
        self, desired: DesiredObject, target: Target, decision: Adopt | Apply | Touch, live: Document | None
    ) -> Document:
        uid = decision.uid
        if isinstance(decision, Touch):
            return await self.trial.apply(target, runs.partial_body(desired, uid), HANDOVER_MANAGER, live)
        if isinstance(decision, Adopt) and decision.touch:
            # the reference to a former owner is replaced before, which a dry run cannot do
            body = runs.partial_body(desired_objects.without_owner(desired), uid)
            return await self.trial.apply(target, body, HANDOVER_MANAGER, live)

        desired = desired.over(live)

        async def dry_run(annotations: Mapping[str, str]) -> Document:
            content = desired.keeping(annotations).encoded(uid=uid)
            return await self.trial.apply(target, content, FIELD_MANAGER, live)

        return await dry_run(await template_annotations.kept(live or {}, desired.document, dry_run))

    async def _leftovers(self, desired: DesiredObject, live: Document) -> AsyncIterator[DocumentDiff]:
        """Rudr's config files that an adoption marks for pruning."""
        for name in rudr_adoption.leftovers(live, desired.planned):
            target = Target(rudr_adoption.CONFIG_MAPS, self._application.namespace, name)
            document = await self._get(target)
            if document is not None and rudr_adoption.is_controlled(document, desired.owner):
                ref = Ref(CONFIG_MAP, name)
                yield DocumentDiff(ref=ref, namespace=target.namespace, live=document, merged=None, blocked=IN_USE)

    async def _pruned(self, reason: str, unapplied: Mapping[Ref, str]) -> AsyncIterator[DocumentDiff]:
        """The objects that the plan lacks. `reason` is why nothing is pruned, empty where something may be."""
        state, plan = self._namespace.state, self._preview.plan
        schedule = prune.schedule(state, self._application, plan, self._records.values())
        owners = schedule.terminating_owners()
        last = [one for one in schedule.last if one.ref not in self._superseded and not prune.is_deleted(one)]
        deferred = successors.deferred(state, self._application.namespace, plan, last, unapplied)
        removals = Removals(state, self._namespace.settings)
        removal = removals.begin(self._application, plan, self._preview.removal_request())
        deferred = removal.deferred(successors.bound(plan, last, unapplied)) | deferred
        for candidates, in_use in ((schedule.first, ""), (schedule.last, ""), (schedule.in_use, IN_USE)):
            for candidate in candidates:
                document = await self._surplus(candidate)
                if document is None:
                    continue
                waits = candidate.live is not None and candidate.live.owner_uid in owners
                blocked = reason or in_use or deferred.get(candidate.ref, "")
                yield DocumentDiff(
                    ref=candidate.ref,
                    namespace=self._application.namespace,
                    live=document,
                    merged=None,
                    blocked=blocked or ("its owner is being deleted" if waits else ""),
                )

    async def _surplus(self, candidate: PruneCandidate) -> Document | None:
        """The live object; None where it does not exist, is being deleted, or belongs to another owner."""
        live = candidate.live
        if live is None:
            try:
                resource = await self._cluster.resource(candidate.ref.kind)
            except errors.KindAbsentError:
                return None
            document = await self._get(Target(resource, self._application.namespace, candidate.ref.name))
            if document is None:
                return None
            live = live_object.decode(msgspec.json.encode(document))
        deletable = not live.deleting and prune.belongs(self._namespace.state, self._application, live)
        return (await self._with_managed_fields(candidate.ref) or live.document()) if deletable else None

    async def _with_managed_fields(self, ref: Ref) -> Document | None:
        """The live object with its managedFields, which caches do not have; None if it cannot be read."""
        try:
            resource = await self._cluster.resource(ref.kind)
            return await self._get(Target(resource, self._application.namespace, ref.name))
        except (errors.ForbiddenError, errors.KindAbsentError):
            return None

    def _owner(self, planned: PlannedObject) -> LiveObject | None:
        """The owner of an object, without uid if it is created first; None for an object without owner."""
        if planned.owner == "none":
            return None
        if planned.owner == "application":
            return self._application
        plan, namespace = self._preview.plan, self._application.namespace
        ref = plan.owner_of(planned)
        live = self._namespace.state.get(ref.kind, namespace, ref.name)
        if live is not None and not live.deleting:
            return live
        instance = next(manifest for manifest in plan.manifests if manifest.ref == ref)
        return live_object.decode(msgspec.json.encode(instance.body))

    async def _get(self, target: Target) -> Document | None:
        try:
            return await self._cluster.client.get(target)
        except errors.NotFoundError:
            return None


def _passing(desired: DesiredObject, live: Document | None) -> str:
    """The change of the owner of an object whose instance moves to another component; empty where there is none."""
    references = (live or {}).get("metadata", {}).get("ownerReferences", ())
    former = [one["name"] for one in references if one.get("uid") in desired.former_owners]
    if not former or desired.owner is None:
        return ""
    return f"its owner would change from ComponentInstance {former[0]} to {desired.owner.name}"


def _blocked(diff: DocumentDiff, reason: str) -> DocumentDiff:
    return msgspec.structs.replace(diff, blocked=diff.blocked or reason)
