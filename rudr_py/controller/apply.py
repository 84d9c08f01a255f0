"""Makes one object as planned: nothing if it is in sync, else one server-side apply under a precondition.

Known objects are applied with their uid, unknown ones so that nothing can be overwritten. Changes no status.
"""

from __future__ import annotations

import logging

import msgspec

from rudr_py import errors
from rudr_py.controller import body, fields, strangers
from rudr_py.controller.body import Body
from rudr_py.controller.handover import Handover
from rudr_py.controller.ledger import Record
from rudr_py.controller.world import World
from rudr_py.kube.client import Client
from rudr_py.kube.discovery import Discovery
from rudr_py.kube.events import Recorder
from rudr_py.kube.objects import Live
from rudr_py.kube.requests import Target
from rudr_py.render.plan import Planned
from rudr_py.settings import FIELD_MANAGER, HANDOVER_MANAGER

CREATE_ONLY = "1"
"""A resourceVersion that no object has: an apply that carries it creates or is refused, and never overwrites."""

log = logging.getLogger(__name__)


class NotOursError(errors.RudrError):
    """An object of the planned name belongs to somebody else."""


class WaitingError(errors.RudrError):
    """The object cannot be written yet; an event will tell when it can."""


class Task(msgspec.Struct, frozen=True):
    """An object to make: what is planned, who owns it, for which application, and what we know of the last time."""

    planned: Planned
    owner: Live | None
    application: Live
    record: Record | None


class Applier:
    """Makes objects as planned."""

    def __init__(self, client: Client, discovery: Discovery, known: World, recorder: Recorder) -> None:
        self._client = client
        self._discovery = discovery
        self._world = known
        self._recorder = recorder
        self._handover = Handover(client)

    async def ensure(self, task: Task) -> Live:
        """The object as it is after it was made as planned.

        Raises NotOursError, WaitingError, and any KubeError.
        """
        planned, namespace = task.planned, task.application.namespace
        wanted = body.complete(planned, task.owner)
        live = self._world.get(planned.ref.kind, namespace, planned.ref.name)
        if live is not None and live.deleting:
            raise WaitingError(f"{planned.ref} is being deleted; it is created again when that is done")
        if live is not None and in_sync(live, wanted, task.record):
            return live
        target = await self._target(planned, namespace)
        known = live is not None and _is_ours(live, task.owner)
        written = await (
            self._change(target, task, wanted, live) if live and known else self._create(target, task, wanted)
        )
        self._remember(planned, namespace, written)
        return written

    async def _target(self, planned: Planned, namespace: str) -> Target:
        kind = planned.ref.kind
        resource = await self._discovery.resolve(kind.api_version, kind.kind)
        if not resource.namespaced:
            message = f"{planned.ref} is not in a namespace; an application may make only objects of its own namespace"
            raise errors.InvalidError(message, status=422, reason="Invalid")
        return Target(resource, namespace, planned.ref.name)

    async def _create(self, target: Target, task: Task, wanted: Body) -> Live:
        try:
            return await self._apply(target, wanted.encoded(resource_version=CREATE_ONLY))
        except errors.ConflictError:
            return await self._adopt(target, task, wanted)

    async def _change(self, target: Target, task: Task, wanted: Body, live: Live) -> Live:
        await self._tell_drift(target, task, wanted, live)
        released = False
        if task.planned.handover and live.applied != wanted.hash:
            released = await self._handover.release(target, task.planned, live.uid)
        try:
            written = await self._apply(target, wanted.encoded(uid=live.uid))
        except (errors.ConflictError, errors.InvalidError) as error:
            if not _another_object(error):
                raise
            return await self._adopt(target, task, wanted)
        if not released and not task.planned.handover and live.held:
            await self._handover.settle(target, task.planned, live.uid)
        return written

    async def _adopt(self, target: Target, task: Task, wanted: Body) -> Live:
        """There is an object that we did not know of: one live GET decides."""
        try:
            document = await self._client.get(target)
        except errors.NotFoundError:
            return await self._apply(target, wanted.encoded(resource_version=CREATE_ONLY))
        verdict = strangers.judge(document, task.planned, task.owner)
        if verdict == "stranger":
            raise NotOursError(f"{task.planned.ref} is there already and not ours: {strangers.describe(document)}")
        if document["metadata"].get("deletionTimestamp"):
            raise WaitingError(f"{task.planned.ref} is being deleted; it is created again when that is done")
        log.info("object adopted", extra={"object": str(task.planned.ref), "verdict": verdict})
        if task.planned.handover:
            await self._handover.release(target, task.planned, document["metadata"]["uid"])
        return await self._apply(target, wanted.encoded(uid=document["metadata"]["uid"]))

    async def _apply(self, target: Target, content: bytes) -> Live:
        return await self._client.apply(target, content, FIELD_MANAGER)

    async def _tell_drift(self, target: Target, task: Task, wanted: Body, live: Live) -> None:
        """Somebody changed a field of ours: name them before it is taken back."""
        if live.applied != wanted.hash or task.record is None or not task.record.digest:
            return
        document = await self._client.get(target)
        for manager, owned in fields.others(document, FIELD_MANAGER, HANDOVER_MANAGER):
            mine = fields.entry(document, FIELD_MANAGER)
            changed = [path for path in fields.shared(owned, wanted.document) if path not in _owned(mine, wanted)]
            if changed:
                note = f"{manager} had changed {', '.join(changed)} of {task.planned.ref}; it is set back"
                self._recorder.record(task.application, "DriftReverted", note, action="Apply", warning=True)

    def _remember(self, planned: Planned, namespace: str, written: Live) -> None:
        cache = self._world.cache(planned.ref.kind, namespace)
        if cache is not None:
            cache.wrote(written)


def in_sync(live: Live, wanted: Body, record: Record | None) -> bool:
    """Whether the object is as planned, without asking: our annotation says so, and all we own is still ours."""
    return (
        live.applied == wanted.hash
        and record is not None
        and record.uid == live.uid
        and record.digest != ""
        and record.digest == live.digest
    )


def _is_ours(live: Live, owner: Live | None) -> bool:
    return owner is not None and live.owner_uid == owner.uid


def _owned(entry: fields.Fields, wanted: Body) -> frozenset[str]:
    return frozenset(fields.shared(entry, wanted.document))


def _another_object(error: errors.ApiError) -> bool:
    """Whether the uid in our apply was not that of the object: 409 when it is gone, 422 when it is another."""
    if isinstance(error, errors.ConflictError):
        return True
    return any(cause.field == "metadata.uid" for cause in error.causes) or "metadata.uid" in error.message
