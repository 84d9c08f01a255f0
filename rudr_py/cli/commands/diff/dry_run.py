"""Each object of a preview against what the server has: a dry run of what the controller would send.

Sends reads and dry runs only. What the controller would refuse, or not do, is said in place of a difference.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from rudr_py import errors
from rudr_py.api import Ref
from rudr_py.cli.cluster import preview as livestate
from rudr_py.cli.cluster.client import ClusterClient
from rudr_py.cli.cluster.preview import LiveState, Preview
from rudr_py.cli.commands.diff import document_diff
from rudr_py.cli.commands.diff.document_diff import DocumentDiff
from rudr_py.controller.apply import desired, finalizer, ownership, prune, runs, sync
from rudr_py.controller.apply.desired import DesiredBody
from rudr_py.controller.apply.prune import Pruner
from rudr_py.controller.state import cluster_state, inventory
from rudr_py.errors import RudrError
from rudr_py.kube import requests
from rudr_py.kube.clock import SystemClock
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Target
from rudr_py.model import kinds
from rudr_py.render.values import labels
from rudr_py.render.values.inputs import Run
from rudr_py.render.values.plan import PlannedObject
from rudr_py.settings import FIELD_MANAGER, HANDOVER_MANAGER

Document = dict[str, Any]

AT_ONCE = 8
"""Objects that are compared at the same time."""


class RefusedError(RudrError):
    """The server, or the controller, would refuse an object."""


class DryRun:
    """All objects of one application, one after the other."""

    def __init__(self, cluster: ClusterClient, state: LiveState, preview: Preview) -> None:
        self._cluster = cluster
        self._state = state
        self._preview = preview
        self._application = preview.application

    async def differences(self) -> AsyncIterator[DocumentDiff | RefusedError]:
        """Every object that would be created, changed or pruned. Raises KubeError when the server cannot be asked.

        Where an instance itself is refused, nothing is said of its objects: the controller gets to none of them.
        """
        free = asyncio.Semaphore(AT_ONCE)

        async def compare(planned: PlannedObject) -> DocumentDiff | RefusedError | None:
            async with free:
                try:
                    return await self._compare(planned)
                except (errors.ApiError, errors.KindAbsentError, RefusedError) as error:
                    return RefusedError(f"{planned.ref}: {error}")

        manifests = self._preview.plan.manifests
        compared = list(zip(manifests, await asyncio.gather(*map(compare, manifests)), strict=True))
        stuck = {one.instance for one, found in compared if _is_instance(one) and isinstance(found, RefusedError)}
        for planned, found in compared:
            if planned.instance in stuck and not _is_instance(planned):
                continue
            if isinstance(found, RefusedError) or (found is not None and document_diff.lines(found)):
                yield found
        async for surplus in self._pruned():
            yield surplus

    async def _compare(self, planned: PlannedObject) -> DocumentDiff | None:
        owner = self._owner(planned)
        wanted = desired.complete(planned, owner)
        target = await self._target(planned.ref)
        live = await self._get(target)
        if live is None:
            return await self._created(target, planned, wanted)
        known = livestate.decoded(live, planned.ref.kind)
        if known.deleting:
            return self._told(
                planned, live, wanted, "it is being deleted, and would be created again when that is done"
            )
        if not _is_known(known, owner) and ownership.judge(live, planned, owner) == "stranger":
            raise RefusedError(f"it is there already and not ours: {ownership.describe(live)}")
        if planned.once:
            return await self._run(target, planned, wanted, live)
        merged = await self._dry(target, wanted.encoded(uid=known.uid), FIELD_MANAGER)
        merged = document_diff.held(merged, live, planned.handover)
        notes = () if known.applied else ("it would be taken over",)
        return self._difference(planned.ref, live, merged, notes)

    async def _created(self, target: Target, planned: PlannedObject, wanted: DesiredBody) -> DocumentDiff | None:
        if planned.once and runs.decide(planned, None, self._last(planned)) == "rest":
            return None
        try:
            merged = await self._dry(target, wanted.encoded(resource_version="1"), FIELD_MANAGER)
        except errors.NotFoundError:  # so is the namespace
            merged = wanted.document
        return self._difference(planned.ref, None, merged, ())

    async def _run(
        self, target: Target, planned: PlannedObject, wanted: DesiredBody, live: Document
    ) -> DocumentDiff | None:
        known = livestate.decoded(live, planned.ref.kind)
        step = runs.decide(planned, known, self._last(planned))
        if step == "rest":
            return None
        if step == "replace":
            return self._told(planned, live, wanted, "it would be deleted and created again: its inputs have changed")
        merged = await self._dry(target, runs.touched(wanted, known.uid), HANDOVER_MANAGER)
        return self._difference(planned.ref, live, merged, ())

    async def _pruned(self) -> AsyncIterator[DocumentDiff]:
        """What the plan lacks, if it is ours to delete."""
        application, plan = self._application, self._preview.plan
        pruner = Pruner(self._cluster.client, self._cluster.discovery, self._state.world, SystemClock())
        planned = frozenset(one.ref for one in plan.manifests)
        records = inventory.read(self._preview.before.resources).values()
        for one in pruner.surplus(application, planned, records):
            live = await self._surplus(one.ref)
            if live is not None:
                waits = prune.in_use(one, plan, application.namespace, self._state.world)
                notes = ("it would go once the rollout is done",) if waits else ()
                yield self._difference(one.ref, live, None, notes)

    async def _surplus(self, ref: Ref) -> Document | None:
        try:
            found = await self._get(await self._target(ref))
        except errors.KindAbsentError:
            return None
        if found is None or found["metadata"].get("deletionTimestamp"):
            return None
        live = livestate.decoded(found, ref.kind)
        name = labels.labels(self._application.name, "")[labels.APPLICATION]
        claimed = finalizer.belongs(live) and live.labels.get(labels.APPLICATION) == name
        return found if live.owner_uid in self._owners() or claimed else None

    def _owners(self) -> set[str]:
        application = self._application
        if not application.uid:
            return set()
        owned = self._state.world.owned_by(application.uid, application.namespace)
        return {application.uid, *(live.uid for kind, live in owned if kind == cluster_state.COMPONENT_INSTANCE)}

    def _owner(self, planned: PlannedObject) -> LiveObject | None:
        """Who would own it; None also when that one is not there yet and so has no uid."""
        application = self._application
        if planned.owner == "application":
            return application if application.uid else None
        if planned.owner == "none":
            return None
        ref = next(one.owner for one in self._preview.plan.instances if one.name == planned.instance)
        return self._state.world.get(ref.kind, application.namespace, ref.name)

    def _last(self, planned: PlannedObject) -> Run | None:
        return self._preview.before.runs.get(planned.instance, {}).get(planned.ref.name)

    def _told(self, planned: PlannedObject, live: Document, wanted: DesiredBody, note: str) -> DocumentDiff:
        """The body as rendered, where no dry run can say what would come of it."""
        return self._difference(planned.ref, live, wanted.document, (note,))

    def _difference(
        self, ref: Ref, live: Document | None, merged: Document | None, notes: tuple[str, ...]
    ) -> DocumentDiff:
        if self._application.annotations.get(sync.PAUSED) == "true":
            notes = (*notes, "the application is paused: nothing is done until it is not")
        return DocumentDiff(ref=ref, namespace=self._application.namespace, live=live, merged=merged, notes=notes)

    async def _dry(self, target: Target, content: bytes, manager: str) -> Document:
        return await self._cluster.client.json(requests.apply(target, content, manager, dry_run=True))

    async def _get(self, target: Target) -> Document | None:
        try:
            return await self._cluster.client.get(target)
        except errors.NotFoundError:
            return None

    async def _target(self, ref: Ref) -> Target:
        resource = await self._cluster.resource(ref.kind)
        return Target(resource, self._application.namespace, ref.name)


def _is_instance(planned: PlannedObject) -> bool:
    return planned.ref.kind == kinds.COMPONENT_INSTANCE


def _is_known(live: LiveObject, owner: LiveObject | None) -> bool:
    """Whether the object is surely ours, by its owner."""
    return owner is not None and live.owner_uid == owner.uid
