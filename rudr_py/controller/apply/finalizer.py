"""Deletes, with its application, what has no owner and was asked to go with it: a volume claim with `reclaim: delete`.

A finalizer stands on the application as long as there is such an object, put there before the first is made. Whatever
cannot be deleted stays and is told: data left over can be removed by hand, an application that never ends is a trap.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.api import Ref
from rudr_py.controller.apply.desired import RECLAIM_ANNOTATION
from rudr_py.controller.results import failures
from rudr_py.controller.results.failures import WaitingError
from rudr_py.controller.results.result import Result
from rudr_py.controller.state import cluster_state
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.client import Client
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.events import Recorder
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.requests import Target
from rudr_py.model import metadata_keys
from rudr_py.render.values import labels
from rudr_py.render.values.plan import Plan
from rudr_py.settings import FIELD_MANAGER

FINALIZER = metadata_keys.RECLAIM

ORPHAN = "orphan"
"""The finalizer by which Kubernetes remembers that dependents are to be left: so are the claims then."""

TRIES = 3

FINISHING = "for taking our finalizer off an application that is being deleted"
RECLAIMING = "for deleting with an application what was asked to go with it"

log = logging.getLogger(__name__)


class Finalizer:
    """Guards applications that have objects to delete, and deletes those at their end."""

    def __init__(self, client: Client, discovery: Discovery, known: ClusterState, recorder: Recorder) -> None:
        self._client = client
        self._discovery = discovery
        self._world = known
        self._recorder = recorder

    async def guard(self, application: LiveObject, plan: Plan) -> None:
        """Put the finalizer on an application that is about to get something to reclaim. Raises RudrError."""
        if any(planned.reclaim for planned in plan.manifests) and not guarded(application):
            await self._edit(application, present=True)

    async def release(self, application: LiveObject, plan: Plan) -> None:
        """Take the finalizer from an application that has nothing to reclaim any more. Raises RudrError."""
        if not guarded(application) or any(planned.reclaim for planned in plan.manifests):
            return
        if all(live.deleting for _, live in self._objects(application)):
            await self._edit(application, present=False)

    async def end(self, application: LiveObject, *, keep: bool = False) -> Result:
        """Delete what goes with an application that is being deleted, then let that go. `keep` deletes nothing."""
        if not guarded(application):
            return Result()
        objects = () if keep or self._orphaning(application) else tuple(self._objects(application))
        for ref, live in objects:
            try:
                await self._delete(ref, live)
            except errors.RudrError as error:
                failure = failures.of(ref, error, otherwise="ReclaimFailed", needed=RECLAIMING)
                if failure.kind == "error":
                    return failures.result([failure])
                note = f"{failure.message}; it stays, delete it by hand"
                self._recorder.record(application, "ReclaimFailed", note, action="Reclaim", warning=True)
        try:
            await self._edit(application, present=False)
        except errors.NotFoundError:
            pass
        except errors.RudrError as error:
            failure = failures.of(Ref(cluster_state.APPLICATION, application.name), error, needed=FINISHING)
            if failure.kind == "refused":  # an application that is being deleted has no condition for that
                self._recorder.record(application, "ReclaimFailed", failure.message, action="Reclaim", warning=True)
            return failures.result([failure])
        return Result()

    def _objects(self, application: LiveObject) -> Iterator[tuple[Ref, LiveObject]]:
        """What goes with the application, as the watches show it."""
        wanted = labels.labels(application.name, "")[labels.APPLICATION]
        for kind in self._world.kinds():
            cache = self._world.cache(kind, application.namespace)
            for live in cache.by_namespace(application.namespace) if cache is not None else ():
                if live.labels.get(labels.APPLICATION) == wanted and belongs(live):
                    yield Ref(kind, live.name), live

    def _orphaning(self, application: LiveObject) -> bool:
        """Whether the user asked to leave dependents alone; the garbage collector may have done so already."""
        if ORPHAN in _finalizers(application.document()):
            return True
        wanted = labels.labels(application.name, "")[labels.APPLICATION]
        cache = self._world.cache(cluster_state.COMPONENT_INSTANCE, application.namespace)
        instances = cache.by_namespace(application.namespace) if cache is not None else ()
        left = [one for one in instances if one.labels.get(labels.APPLICATION) == wanted]
        return any(not one.owner_uid and not one.deleting for one in left)

    async def _delete(self, ref: Ref, live: LiveObject) -> None:
        """Ask for it; a claim that pods still use goes with the last of them, and those go with the application."""
        if live.deleting:
            return
        resource = await self._discovery.resolve(ref.kind.api_version, ref.kind.kind)
        try:
            await self._client.delete(Target(resource, live.namespace, live.name), uid=live.uid)
        except (errors.NotFoundError, errors.ConflictError):
            return  # gone, or another object by now
        log.info("object reclaimed", extra={"object": f"{ref.kind.kind} {live.namespace}/{live.name}"})

    async def _edit(self, application: LiveObject, *, present: bool) -> None:
        kind = cluster_state.APPLICATION
        resource = await self._discovery.resolve(kind.api_version, kind.kind)
        target = Target(resource, application.namespace, application.name)
        for _ in range(TRIES):
            document = await self._client.get(target)
            if document["metadata"]["uid"] != application.uid:
                return
            if present and document["metadata"].get("deletionTimestamp"):
                raise WaitingError("the application is being deleted; nothing is made for it any more")
            operations = patch(document, present=present)
            if not operations:
                return
            try:
                written = await self._client.json_patch(target, msgspec.json.encode(operations), FIELD_MANAGER)
            except (errors.ConflictError, errors.InvalidError):
                continue  # it has changed meanwhile
            cache = self._world.cache(kind, application.namespace)
            if cache is not None:
                cache.wrote(written)
            return
        message = f"the finalizer {FINALIZER} cannot be written, because the application changes all the time"
        raise errors.ConflictError(message, status=409, reason="Conflict")


def guarded(application: LiveObject) -> bool:
    """Whether our finalizer is on the application."""
    return FINALIZER.encode() in application.body and FINALIZER in _finalizers(application.document())


def belongs(live: LiveObject) -> bool:
    """Whether an object without owner was asked to go with its application."""
    return not live.owner_uid and live.annotations.get(RECLAIM_ANNOTATION) == "delete"


def patch(document: dict[str, Any], *, present: bool) -> list[dict[str, Any]]:
    """The JSON patch that puts the finalizer on a document or takes it off; empty when there is nothing to do."""
    found = _finalizers(document)
    if (FINALIZER in found) == present:
        return []
    left = [*found, FINALIZER] if present else [one for one in found if one != FINALIZER]
    return [
        {"op": "test", "path": "/metadata/resourceVersion", "value": document["metadata"]["resourceVersion"]},
        {"op": "add", "path": "/metadata/finalizers", "value": left},
    ]


def _finalizers(document: dict[str, Any]) -> list[str]:
    return list(document["metadata"].get("finalizers") or ())
