"""Delete, with an application, the objects without owner that are to be deleted with it: `reclaim: delete` claims.

While such an object is planned the application has a finalizer; it is added before the first of them is created. The
documents at the time of the deletion decide what is deleted, see `render.reclaim`. An object that a workload of another
application mounts is kept. An object that cannot be deleted is reported and kept: the application must come to an end.

An application whose instances depend on each other has another finalizer: they are deleted in order, see
`order.teardown`, before the garbage collector deletes the rest.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.api import Ref
from rudr_py.controller.apply import ownership
from rudr_py.controller.apply.claims import mounts
from rudr_py.controller.apply.desired import RECLAIM_ANNOTATION
from rudr_py.controller.apply.order.teardown import Teardown
from rudr_py.controller.results import change_log, failures
from rudr_py.controller.results.failures import WaitingError
from rudr_py.controller.results.result import Result
from rudr_py.controller.state import cluster_state
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube import requests
from rudr_py.kube.cached_client import CachedClient
from rudr_py.kube.events import Recorder
from rudr_py.kube.live_object import LiveObject
from rudr_py.model import metadata_keys
from rudr_py.model.kinds import APPLICATION, COMPONENT_INSTANCE
from rudr_py.render.claims import CLAIM
from rudr_py.render.reclaim import IsReclaimed
from rudr_py.render.values import labels
from rudr_py.render.values.plan import Plan
from rudr_py.settings import FIELD_MANAGER

FINALIZER = metadata_keys.RECLAIM

FINALIZERS = frozenset({FINALIZER, metadata_keys.ORDER})
"""All finalizers of rudr."""

ORPHAN = "orphan"
"""The finalizer of Kubernetes for `--cascade=orphan`: dependents are kept, and so are the claims."""

ATTEMPTS = 3

FINALIZER_PURPOSE = "for removing the finalizer of an application that is being deleted"
ORDER_PURPOSE = "for deleting the instances of an application in order"
RECLAIM_PURPOSE = "for deleting the volume claims of a deleted application"


class Finalizer:
    """Adds the finalizers to applications, deletes their objects at their end, and removes the finalizers."""

    def __init__(self, client: CachedClient, state: ClusterState, recorder: Recorder) -> None:
        self._client = client
        self._state = state
        self._recorder = recorder

    async def guard(self, application: LiveObject, plan: Plan) -> None:
        """Add the finalizers that an application needs for its plan. Raises RudrError."""
        if missing := needed(plan) - _own_finalizers(application):
            await self._edit(application, add=missing)

    async def release(self, application: LiveObject, plan: Plan) -> None:
        """Remove the finalizers that an application does not need for its plan. Raises RudrError.

        An instance that is held may need one.
        """
        if plan.is_held:
            return
        if surplus := _own_finalizers(application) - needed(plan):
            await self._edit(application, remove=surplus)

    async def end(
        self,
        application: LiveObject,
        is_reclaimed: IsReclaimed,
        *,
        keep: bool = False,
        error: errors.RudrError | None = None,
    ) -> Result:
        """Delete the objects of an application that is being deleted, then remove the finalizers.

        They are kept with `keep`, and with an `error` about the account that would delete them, unless that will end.
        """
        if not guarded(application):
            return Result()
        if error is not None and not keep:
            failure = failures.of(Ref(APPLICATION, application.name), error)
            if failure.kind != "refused":
                return failures.result([failure])
            note = f"no object was deleted with the application: {failure.message}"
            self._recorder.record(application, "ReclaimFailed", note, action="Reclaim", warning=True)
            keep = True
        if not keep and not self._orphaning(application):
            unfinished = await self._tear_down(application) or await self._reclaim(application, is_reclaimed)
            if unfinished is not None:
                return unfinished
        try:
            await self._edit(application, remove=FINALIZERS)
        except errors.NotFoundError:
            pass
        except errors.RudrError as refusal:
            failure = failures.of(Ref(APPLICATION, application.name), refusal, needed=FINALIZER_PURPOSE)
            if failure.kind == "refused":  # an application that is being deleted has no condition for that
                self._recorder.record(application, "ReclaimFailed", failure.message, action="Reclaim", warning=True)
            return failures.result([failure])
        return Result()

    async def _tear_down(self, application: LiveObject) -> Result | None:
        """Delete the instances on which no other one depends. Returns a result while others have to wait for them.

        An instance that cannot be deleted in order is reported, and deleted with the application.
        """
        first = Teardown(application.name, self._state.component_instances(application)).first
        for live in first:
            ref = Ref(COMPONENT_INSTANCE, live.name)
            try:
                await self._delete(application, ref, live, "Foreground")
            except errors.RudrError as error:
                failure = failures.of(ref, error, otherwise="PruneFailed", needed=ORDER_PURPOSE)
                if failure.kind == "error":
                    return failures.result([failure])
                note = f"the instances are deleted without an order: {failure.message}"
                self._recorder.record(application, "PruneFailed", note, action="Delete", warning=True)
                return None
        return Result() if first else None

    async def _reclaim(self, application: LiveObject, is_reclaimed: IsReclaimed) -> Result | None:
        """Delete the objects. Returns a result where that is to be repeated."""
        try:
            await self._refresh(application)
            due = self._due(application, is_reclaimed)
            if due and not await self._is_current(application):
                return Result(error="the application has changed; nothing is deleted with it yet", retry="backoff")
        except errors.NotFoundError:
            return None
        except errors.RudrError as error:
            return failures.result([failures.of(Ref(APPLICATION, application.name), error, needed=RECLAIM_PURPOSE)])
        for ref, live in due:
            try:
                await self._delete(application, ref, live)
            except errors.RudrError as error:
                failure = failures.of(ref, error, otherwise="ReclaimFailed", needed=RECLAIM_PURPOSE)
                if failure.kind == "error":
                    return failures.result([failure])
                note = f"{failure.message}; it is kept"
                self._recorder.record(application, "ReclaimFailed", note, action="Reclaim", warning=True)
        return None

    async def _refresh(self, application: LiveObject) -> None:
        """Read the objects of the inventory that the cache lacks: the answer to their creation may have been lost."""
        stored = cluster_state.previous(application).resources
        for ref in tuple(self._state.applications.records(application, stored)):
            if self._state.get(ref.kind, application.namespace, ref.name) is None:
                with contextlib.suppress(errors.NotFoundError, errors.KindAbsentError):
                    await self._read(application, ref)

    async def _read(self, application: LiveObject, ref: Ref) -> None:
        """Read an object into the cache; one that the application's account may not read is reported and kept."""
        target = await self._client.target(ref.kind, application.namespace, ref.name)
        try:
            live = await self._client.client.live(requests.get(target))
        except errors.MissingRightError as error:
            if not self._client.user:
                raise
            note = f"{ref}: {error}; if it exists, it is kept"
            self._recorder.record(application, "ReclaimFailed", note, action="Reclaim", warning=True)
            return
        if live.labels.get(labels.MANAGED_BY) == labels.MANAGER:
            self._client.remember(live)

    def _due(self, application: LiveObject, is_reclaimed: IsReclaimed) -> tuple[tuple[Ref, LiveObject], ...]:
        """The objects to delete. Those that might be expected to be deleted, but are kept, are reported."""
        due = []
        for ref, live in self._objects(application):
            reason = ""
            if not is_reclaimed(ref, live.labels.get(labels.INSTANCE, "")):
                reason = "the application's documents do not delete it"
                if live.annotations.get(RECLAIM_ANNOTATION) != "delete":
                    continue
            elif ref.kind == CLAIM and (mount := mounts.other_application(self._state, application, ref.name)):
                reason = f"{mount} mounts it"
            if reason:
                note = f"{ref} is kept: {reason}"
                self._recorder.record(application, "ObjectKept", note, action="Reclaim", warning=False)
            else:
                due.append((ref, live))
        return tuple(due)

    async def _is_current(self, application: LiveObject) -> bool:
        """Whether the server has the application as the cache has it: its document may have changed."""
        target = await self._client.target(APPLICATION, application.namespace, application.name)
        metadata = (await self._client.get(target))["metadata"]
        return bool(metadata.get("uid") == application.uid and metadata.get("generation", 0) == application.generation)

    def _objects(self, application: LiveObject) -> Iterator[tuple[Ref, LiveObject]]:
        """The cached objects of the application that have no owner."""
        name = labels.labels(application.name, "")[labels.APPLICATION]
        for kind in self._state.kinds():
            cache = self._state.cache(kind, application.namespace)
            for live in cache.by_namespace(application.namespace) if cache is not None else ():
                handed_over = ownership.claimant(live.labels) not in (None, application.name)
                own = labels.is_managed(live.labels) and live.labels.get(labels.APPLICATION) == name
                if own and not live.owner_uid and not handed_over:
                    yield Ref(kind, live.name), live

    def _orphaning(self, application: LiveObject) -> bool:
        """Whether the user keeps the dependents; the garbage collector may have orphaned them already."""
        if ORPHAN in _finalizers(application.document()):
            return True
        name = labels.labels(application.name, "")[labels.APPLICATION]
        cache = self._state.cache(COMPONENT_INSTANCE, application.namespace)
        instances = cache.by_namespace(application.namespace) if cache is not None else ()
        return any(
            not (live.owner_uid or live.deleting) for live in instances if live.labels.get(labels.APPLICATION) == name
        )

    async def _delete(
        self, application: LiveObject, ref: Ref, live: LiveObject, propagation: str = "Background"
    ) -> None:
        """Delete an object. A claim in use ends with the last of its pods, and those with the application."""
        if live.deleting:
            return
        target = await self._client.target(ref.kind, live.namespace, live.name)
        try:
            await self._client.delete(target, uid=live.uid, propagation=propagation)
        except (errors.NotFoundError, errors.ConflictError):
            return  # deleted, or replaced by another object
        instance = live.labels.get(labels.INSTANCE, "")
        reason = "ApplicationDeleted" if ref.kind == COMPONENT_INSTANCE else "Reclaimed"
        change_log.changed("deleted", ref, application=application.name, instance=instance, reason=reason)

    async def _edit(
        self, application: LiveObject, *, add: frozenset[str] = frozenset(), remove: frozenset[str] = frozenset()
    ) -> None:
        target = await self._client.target(APPLICATION, application.namespace, application.name)
        for _ in range(ATTEMPTS):
            document = await self._client.get(target)
            if document["metadata"].get("uid") != application.uid:
                return
            if add and document["metadata"].get("deletionTimestamp"):
                raise WaitingError("the application is being deleted; nothing is created for it any more")
            operations = patch(document, add=add, remove=remove)
            if not operations:
                return
            try:
                await self._client.json_patch(target, msgspec.json.encode(operations), FIELD_MANAGER)
            except (errors.ConflictError, errors.InvalidError):
                continue  # it has changed meanwhile
            reason = "FinalizerAdded" if add else "FinalizerRemoved"
            ref = Ref(APPLICATION, application.name)
            change_log.changed("changed", ref, application=application.name, reason=reason)
            return
        message = f"{', '.join(sorted(add | remove))} cannot be written, because the application keeps changing"
        raise errors.ConflictError(message, status=409, reason="Conflict")


def needed(plan: Plan) -> frozenset[str]:
    """The finalizers that an application needs."""
    reclaim = {FINALIZER} if any(planned.reclaim for planned in plan.manifests) else set()
    order = {metadata_keys.ORDER} if any(instance.waits for instance in plan.instances) else set()
    return frozenset(reclaim | order)


def guarded(application: LiveObject) -> bool:
    """Whether the application has a finalizer of rudr."""
    return bool(_own_finalizers(application))


def _own_finalizers(application: LiveObject) -> frozenset[str]:
    body = application.body
    if not any(finalizer.encode() in body for finalizer in FINALIZERS):
        return frozenset()
    return FINALIZERS.intersection(_finalizers(application.document()))


def patch(
    document: dict[str, Any], *, add: frozenset[str] = frozenset(), remove: frozenset[str] = frozenset()
) -> list[dict[str, Any]]:
    """The JSON patch that adds finalizers to a document or removes them; empty where no change is needed."""
    finalizers = _finalizers(document)
    value = [*(name for name in finalizers if name not in remove), *sorted(add - set(finalizers))]
    if value == finalizers:
        return []
    return [
        {"op": "test", "path": "/metadata/resourceVersion", "value": document["metadata"].get("resourceVersion", "")},
        {"op": "add", "path": "/metadata/finalizers", "value": value},
    ]


def _finalizers(document: dict[str, Any]) -> list[str]:
    return list(document["metadata"].get("finalizers") or ())
