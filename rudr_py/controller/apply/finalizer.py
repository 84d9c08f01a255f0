"""Delete, with an application, the objects without owner that are to be deleted with it: `reclaim: delete` claims.

While such an object is planned the application has a finalizer; it is added before the first of them is created. An
object that cannot be deleted is reported and kept: data can be deleted by hand, and the application must come to an
end.
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
from rudr_py.controller.state.cluster_state import ClusterState
from rudr_py.kube.cached_client import CachedClient
from rudr_py.kube.events import Recorder
from rudr_py.kube.live_object import LiveObject
from rudr_py.model import metadata_keys
from rudr_py.model.kinds import APPLICATION, COMPONENT_INSTANCE
from rudr_py.render.values import labels
from rudr_py.render.values.plan import Plan
from rudr_py.settings import FIELD_MANAGER

FINALIZER = metadata_keys.RECLAIM

ORPHAN = "orphan"
"""The finalizer of Kubernetes for `--cascade=orphan`: dependents are kept, and so are the claims."""

ATTEMPTS = 3

FINALIZER_PURPOSE = "for removing the finalizer of an application that is being deleted"
RECLAIM_PURPOSE = "for deleting the volume claims of a deleted application"

log = logging.getLogger(__name__)


class Finalizer:
    """Adds the finalizer to applications, deletes their objects at their end, and removes the finalizer."""

    def __init__(self, client: CachedClient, state: ClusterState, recorder: Recorder) -> None:
        self._client = client
        self._state = state
        self._recorder = recorder

    async def guard(self, application: LiveObject, plan: Plan) -> None:
        """Add the finalizer to an application whose plan has an object to reclaim. Raises RudrError."""
        if any(planned.reclaim for planned in plan.manifests) and not guarded(application):
            await self._edit(application, present=True)

    async def release(self, application: LiveObject, plan: Plan) -> None:
        """Remove the finalizer from an application that has no object to reclaim any more. Raises RudrError."""
        if not guarded(application) or any(planned.reclaim for planned in plan.manifests):
            return
        if all(live.deleting for _, live in self._objects(application)):
            await self._edit(application, present=False)

    async def end(self, application: LiveObject, *, keep: bool = False) -> Result:
        """Delete the objects of an application that is being deleted, then remove the finalizer. `keep` keeps them."""
        if not guarded(application):
            return Result()
        objects = () if keep or self._orphaning(application) else tuple(self._objects(application))
        for ref, live in objects:
            try:
                await self._delete(ref, live)
            except errors.RudrError as error:
                failure = failures.of(ref, error, otherwise="ReclaimFailed", needed=RECLAIM_PURPOSE)
                if failure.kind == "error":
                    return failures.result([failure])
                note = f"{failure.message}; it is kept, delete it by hand"
                self._recorder.record(application, "ReclaimFailed", note, action="Reclaim", warning=True)
        try:
            await self._edit(application, present=False)
        except errors.NotFoundError:
            pass
        except errors.RudrError as error:
            failure = failures.of(Ref(APPLICATION, application.name), error, needed=FINALIZER_PURPOSE)
            if failure.kind == "refused":  # an application that is being deleted has no condition for that
                self._recorder.record(application, "ReclaimFailed", failure.message, action="Reclaim", warning=True)
            return failures.result([failure])
        return Result()

    def _objects(self, application: LiveObject) -> Iterator[tuple[Ref, LiveObject]]:
        """The cached objects that are deleted with the application."""
        name = labels.labels(application.name, "")[labels.APPLICATION]
        for kind in self._state.kinds():
            cache = self._state.cache(kind, application.namespace)
            for live in cache.by_namespace(application.namespace) if cache is not None else ():
                if live.labels.get(labels.APPLICATION) == name and belongs(live):
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

    async def _delete(self, ref: Ref, live: LiveObject) -> None:
        """Delete an object. A claim in use ends with the last of its pods, and those with the application."""
        if live.deleting:
            return
        target = await self._client.target(ref.kind, live.namespace, live.name)
        try:
            await self._client.delete(target, uid=live.uid)
        except (errors.NotFoundError, errors.ConflictError):
            return  # deleted, or replaced by another object
        log.info("object reclaimed", extra={"object": f"{ref.kind.kind} {live.namespace}/{live.name}"})

    async def _edit(self, application: LiveObject, *, present: bool) -> None:
        target = await self._client.target(APPLICATION, application.namespace, application.name)
        for _ in range(ATTEMPTS):
            document = await self._client.get(target)
            if document["metadata"]["uid"] != application.uid:
                return
            if present and document["metadata"].get("deletionTimestamp"):
                raise WaitingError("the application is being deleted; nothing is created for it any more")
            operations = patch(document, present=present)
            if not operations:
                return
            try:
                await self._client.json_patch(target, msgspec.json.encode(operations), FIELD_MANAGER)
            except (errors.ConflictError, errors.InvalidError):
                continue  # it has changed meanwhile
            return
        message = f"the finalizer {FINALIZER} cannot be written, because the application keeps changing"
        raise errors.ConflictError(message, status=409, reason="Conflict")


def guarded(application: LiveObject) -> bool:
    """Whether the application has the finalizer of rudr."""
    return FINALIZER.encode() in application.body and FINALIZER in _finalizers(application.document())


def belongs(live: LiveObject) -> bool:
    """Whether an object without owner is deleted with its application."""
    return not live.owner_uid and live.annotations.get(RECLAIM_ANNOTATION) == "delete"


def patch(document: dict[str, Any], *, present: bool) -> list[dict[str, Any]]:
    """The JSON patch that adds the finalizer to a document or removes it; empty where no change is needed."""
    finalizers = _finalizers(document)
    if (FINALIZER in finalizers) == present:
        return []
    value = [*finalizers, FINALIZER] if present else [name for name in finalizers if name != FINALIZER]
    return [
        {"op": "test", "path": "/metadata/resourceVersion", "value": document["metadata"]["resourceVersion"]},
        {"op": "add", "path": "/metadata/finalizers", "value": value},
    ]


def _finalizers(document: dict[str, Any]) -> list[str]:
    return list(document["metadata"].get("finalizers") or ())
